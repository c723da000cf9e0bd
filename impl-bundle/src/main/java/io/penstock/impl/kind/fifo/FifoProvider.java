// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Options;
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
 * {@code mode}, {@code read} or {@code write}, goes before how it was opened.
 *
 * <p>The channel is connecting until somebody has opened the other end. A thread of the product's
 * waits for that; it may outlive the bundle if we may not open the other end ourselves to end the
 * wait.
 */
public final class FifoProvider implements ChannelProvider {
  private static final String SCHEME = "fifo";
  private static final String MODE = "mode";

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Set.of(MODE);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    String shown = endpoint.anonymous().toString();
    if (endpoint.address().isEmpty()) {
      throw new AddressException(Kind.INVALID, shown, "expected a path, such as fifo:/run/x", null);
    }
    Path path;
    try {
      path = Path.of(endpoint.address());
    } catch (InvalidPathException e) {
      throw new AddressException(Kind.INVALID, shown, e.getReason(), e);
    }
    FifoOpening opening = new FifoOpening(context.name(), shown, path, direction(shown, options));
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
