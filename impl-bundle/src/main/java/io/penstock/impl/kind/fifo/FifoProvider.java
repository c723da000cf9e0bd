// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.WindowsPipes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * One end of a FIFO: its reading end when opened for input, its writing end for output. The option
 * {@code mode}, {@code read} or {@code write}, goes before how it was opened; {@code create} makes
 * a FIFO with these permissions where there is none.
 *
 * <p>A channel that writes is connecting until somebody has opened the other end; a thread of the
 * product's waits for that, which may outlive the bundle if we may not open the other end ourselves
 * to end the wait. One that reads is open at once, and its reads wait for a writer; without native
 * calls it waits like one that writes, and a thread reads or writes the FIFO.
 */
public final class FifoProvider implements ChannelProvider {
  private static final String SCHEME = "fifo";
  private static final String MODE = "mode";
  private static final String CREATE = "create";

  private final PosixAccess posix;

  /**
   * A provider.
   *
   * @param posix makes native calls
   */
  public FifoProvider(PosixAccess posix) {
    this.posix = posix;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Set.of(MODE, CREATE);
  }

  /** What an endpoint and its options say. */
  private record Asked(Path path, FifoOpening.Plan plan) {
    static Asked of(Endpoint endpoint, ChannelOptions options) throws IOException {
      String shown = endpoint.anonymous().toString();
      if (endpoint.address().isEmpty()) {
        throw new AddressException(
            Kind.INVALID, shown, "expected a path, such as fifo:/run/x", null);
      }
      WindowsPipes.refuse(shown, endpoint.address());
      Path path;
      try {
        path = Path.of(endpoint.address());
      } catch (InvalidPathException e) {
        throw new AddressException(Kind.INVALID, shown, e.getReason(), e);
      }
      return new Asked(
          path,
          new FifoOpening.Plan(
              direction(shown, options),
              options,
              Options.text(options, CREATE).isPresent()
                  ? Options.permissions(options, CREATE, "")
                  : null));
    }
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    Asked unused = Asked.of(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    Asked asked = Asked.of(endpoint, options);
    String shown = endpoint.anonymous().toString();
    FifoOpening opening = new FifoOpening(posix, context, shown, asked.path(), asked.plan());
    context.executor().execute(opening);
    return opening.result();
  }

  private static Direction direction(String shown, ChannelOptions options) {
    String mode = Options.text(options, MODE).orElse("");
    return switch (mode) {
      case "read" -> Direction.INPUT;
      case "write" -> Direction.OUTPUT;
      case "" ->
          options
              .direction()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          shown
                              + " has one direction and it was not said which; open it for input or"
                              + " output only, or give it ?mode=read or ?mode=write"));
      default -> throw Options.refused(MODE, mode, "read or write");
    };
  }
}
