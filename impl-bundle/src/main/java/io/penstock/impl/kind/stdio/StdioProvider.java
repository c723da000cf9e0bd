// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Standard input and output. Nothing is read before the channel's source is asked to; closing the
 * source leaves descriptor 0 to others, and ending the sink closes descriptor 1 for good.
 *
 * <p>The thread {@code penstock-stdin} may outlive the bundle where standard input is a socket: it
 * then ends with the next bytes or the end. {@code penstock-stdout} may outlive it where standard
 * output is a regular file or a socket whose write hangs.
 */
public final class StdioProvider implements ChannelProvider {
  private static final String SCHEME = "stdio";

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    if (!endpoint.address().isEmpty()) {
      throw new AddressException(
          Kind.INVALID, endpoint.toString(), "expected stdio: (or -) and nothing after it", null);
    }
    return CompletableFuture.completedFuture(new StdioDriver(context.name()));
  }
}
