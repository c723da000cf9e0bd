// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.service.component.annotations.Component;

/**
 * Serves {@code faulty:}, the kind that goes above any channel for {@link FaultyChannel}. In a
 * container its service is found by itself, and {@code io.penstock.standalone.Penstock} finds it
 * where this jar is on the class path or the module path.
 *
 * <p>Safe for use by any thread.
 */
@ProviderType
@Component(
    name = "io.penstock.kind.faulty",
    service = ChannelProvider.class,
    property = ChannelProvider.SCHEME + "=faulty")
public final class FaultyProvider implements ChannelProvider {
  static final String SCHEME_NAME = "faulty";
  static final String READ = "read";
  static final String WRITE = "write";

  /** Needs nothing. */
  public FaultyProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME_NAME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Set.of(READ, WRITE);
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws AddressException {
    if (!endpoint.address().isEmpty()) {
      throw new AddressException(
          AddressException.Kind.INVALID,
          endpoint.name(),
          "expected faulty: without an address",
          null);
    }
    FaultScript unused = script(options, READ);
    unused = script(options, WRITE);
  }

  private static FaultScript script(ChannelOptions options, String key) {
    Map<String, String> given = options.extra();
    return FaultScript.parse(given.getOrDefault(key, ""));
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    check(endpoint, options);
    throw new NotSupportedException(
        endpoint.name(), "connecting", "go above a channel with FaultyChannel.over");
  }

  @Override
  public CompletionStage<? extends ChannelDriver> over(
      ChannelDriver below, Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    check(endpoint, options);
    return CompletableFuture.completedFuture(
        new FaultyDriver(below, script(options, READ), script(options, WRITE), context));
  }
}
