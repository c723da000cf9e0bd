// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.nats.impl.pipe.Links;
import io.penstock.nats.impl.pipe.PipeSettings;
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
 * Keeps pipes on NATS servers, {@code nats://HOST:PORT,HOST:PORT/NAME}, in replicated streams of
 * JetStream. A pipe has one writer and one reader, wherever they are; another one that takes over
 * fences the earlier one at the servers.
 *
 * <p>In a container its service is registered by itself, and {@code
 * io.penstock.standalone.Penstock} finds it where this jar is on the class path or the module path.
 *
 * <p>Safe for use by any thread. While a pipe is open, there is one connection for each set of
 * servers, with its threads. A writer that is given several servers has one to the server that
 * leads its stream when it opens, so that there is at most one more for each server.
 */
@ProviderType
@Component(
    name = "io.penstock.nats.pipes",
    service = PipeProvider.class,
    property = PipeProvider.SCHEME + "=nats")
public final class NatsPipes implements PipeProvider, AutoCloseable {
  private static final String NATS = "nats";

  private final Links links = new Links();

  /** Nothing is open. */
  @Activate
  public NatsPipes() {}

  @Override
  public Set<String> schemes() {
    return Set.of(NATS);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return PipeSettings.KEYS;
  }

  @Override
  public void check(Endpoint location, ChannelOptions options) throws IOException {
    PipeSettings unused = PipeSettings.of(location, options);
  }

  @Override
  public CompletionStage<? extends PipeContent> open(
      Endpoint location, ChannelOptions options, PipeContext context) throws IOException {
    return links.open(PipeSettings.of(location, options), context);
  }

  /**
   * Ends all that is open with the closed type, waits until the servers have what was written, at
   * most 5 s, and disconnects. Idempotent.
   */
  @Deactivate
  @Override
  public void close() {
    links.close();
  }
}
