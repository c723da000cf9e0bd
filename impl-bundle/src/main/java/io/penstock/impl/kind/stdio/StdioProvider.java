// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.AbortableSource;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Standard input and output. Nothing is read before the channel's source is asked to; closing the
 * source leaves descriptor 0 to others, and ending the sink closes descriptor 1 for good. Neither
 * is ever put into non-blocking mode, which would reach every other program that has it.
 *
 * <p>Where a thread is needed ({@link StandardStreams}) it may outlive the bundle: {@code
 * penstock-stdin} where standard input is a socket, until the next bytes or the end; {@code
 * penstock-stdout} where standard output is a regular file or a socket whose write hangs.
 */
public final class StdioProvider implements ChannelProvider {
  private static final String SCHEME = "stdio";

  private final PosixAccess posix;

  /**
   * A provider.
   *
   * @param posix makes native calls
   */
  public StdioProvider(PosixAccess posix) {
    this.posix = posix;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    if (!endpoint.address().isEmpty()) {
      throw new AddressException(
          Kind.INVALID, endpoint.name(), "expected stdio: (or -) and nothing after it", null);
    }
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    check(endpoint, options);
    CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
    // The first native call of all takes a while.
    context.executor().execute(() -> open(options, context, result));
    return result;
  }

  private void open(
      ChannelOptions options, ProviderContext context, CompletableFuture<ChannelDriver> result) {
    try {
      Posix calls = posix.calls();
      StandardStreams streams = new StandardStreams(context);
      StandardStreams.Standard<AbortableSource> in = streams.input(calls);
      StandardStreams.Standard<AbortableSink> out;
      try {
        out = streams.output(calls);
      } catch (IOException | RuntimeException | Error e) {
        in.driver().close();
        throw e;
      }
      StdioDriver driver = new StdioDriver(context.name(), in, out);
      try {
        driver.resize(options);
      } catch (IOException | RuntimeException | Error e) {
        driver.close();
        throw e;
      }
      if (!result.complete(driver)) {
        driver.close();
      }
    } catch (IOException e) {
      result.completeExceptionally(new IOException(context.name() + ": " + Failures.reason(e), e));
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }
}
