// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.pipe;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Options;
import io.penstock.pipe.Pipe;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Named pipes that are there already. {@code pipe:NAME} has one end: the pipe's source when opened
 * for input, its sink for output. {@code pipe:?read=A&write=B} has one or both.
 */
public final class PipeProvider implements ChannelProvider {
  private static final String SCHEME = "pipe";
  private static final String READ = "read";
  private static final String WRITE = "write";

  private final Function<String, Optional<Pipe>> pipes;

  /**
   * Makes a provider.
   *
   * @param pipes finds a pipe by its name; asked each time a channel is opened
   */
  public PipeProvider(Function<String, Optional<Pipe>> pipes) {
    this.pipes = pipes;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Set.of(READ, WRITE);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    String shown = endpoint.toString();
    String name = endpoint.address();
    String read = Options.text(options, READ).orElse("");
    String write = Options.text(options, WRITE).orElse("");
    boolean explicit = !read.isEmpty() || !write.isEmpty();
    if (name.isEmpty() != explicit) {
      throw new AddressException(
          Kind.INVALID, shown, "expected pipe:NAME, or pipe:?read=NAME&write=NAME", null);
    }
    if (!explicit) {
      Direction direction =
          options
              .direction()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          shown
                              + " has one direction and it was not said which; open it for input or"
                              + " output only, or use pipe:?read="
                              + name
                              + " or pipe:?write="
                              + name));
      if (direction == Direction.INPUT) {
        read = name;
      } else {
        write = name;
      }
    }
    Pipe in = find(read, shown);
    Pipe out = find(write, shown);
    return CompletableFuture.completedFuture(new PipeDriver(in, out, context.executor()));
  }

  private @Nullable Pipe find(String name, String shown) throws AddressException {
    if (name.isEmpty()) {
      return null;
    }
    return pipes
        .apply(name)
        .orElseThrow(
            () ->
                new AddressException(
                    Kind.NOT_FOUND, shown, "there is no pipe named '" + name + "' here", null));
  }
}
