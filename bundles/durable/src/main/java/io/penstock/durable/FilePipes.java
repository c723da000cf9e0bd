// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.durable.impl.Settings;
import io.penstock.durable.impl.Spools;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import io.penstock.spi.PipeProvider;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * Keeps pipes in files, {@code file:PATH}, by H2's MVStore. One process at a time has a file: the
 * system's lock says so. Within the process a file has one writer and one reader.
 *
 * <p>In a container its service is registered by itself, and {@code
 * io.penstock.standalone.Penstock} finds it where this jar is on the class path or the module path.
 *
 * <p>Safe for use by any thread. It has no thread of its own.
 */
@ProviderType
@Component(
    name = "io.penstock.durable.file",
    service = PipeProvider.class,
    property = PipeProvider.SCHEME + "=file")
public final class FilePipes implements PipeProvider, AutoCloseable {
  private static final String FILE = "file";

  private final Spools spools = new Spools();

  /** Nothing is open. */
  @Activate
  public FilePipes() {}

  @Override
  public Set<String> schemes() {
    return Set.of(FILE);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Settings.KEYS;
  }

  @Override
  public void check(Endpoint location, ChannelOptions options) throws IOException {
    Settings unused = Settings.of(location, options);
  }

  @Override
  public CompletionStage<? extends PipeContent> open(
      Endpoint location, ChannelOptions options, PipeContext context) throws IOException {
    return spools.open(Settings.of(location, options), context);
  }

  /**
   * Ends all that is open with the closed type, makes durable what was written, and gives the files
   * back. Waits for that, at most 5 s. Idempotent.
   */
  @Deactivate
  @Override
  public void close() {
    spools.close();
  }
}
