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
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Named pipes that are there already. {@code pipe:NAME} has one end: the pipe's source when opened
 * for input, its sink for output. {@code pipe:?read=A&write=B} has one or both.
 */
public final class PipeProvider implements ChannelProvider {
  private static final String SCHEME = "pipe";
  private static final String READ = "read";
  private static final String WRITE = "write";

  /** Finds a pipe by its name. */
  @FunctionalInterface
  public interface Finder {
    /**
     * Finds one.
     *
     * @param direction where bytes go, seen from the channel
     * @return the pipe, when it is of use; nothing if there is none
     */
    CompletionStage<Optional<Pipe>> open(String name, Direction direction);
  }

  private final Finder pipes;

  /**
   * Makes a provider.
   *
   * @param pipes asked each time a channel is opened
   */
  public PipeProvider(Finder pipes) {
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

  /** The names of the pipes; empty for none. */
  private record Asked(String read, String write) {
    static Asked of(Endpoint endpoint, ChannelOptions options) throws AddressException {
      String shown = endpoint.name();
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
      return new Asked(read, write);
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
    String shown = endpoint.name();
    CompletableFuture<@Nullable Pipe> in = find(asked.read(), Direction.INPUT, shown);
    CompletableFuture<@Nullable Pipe> out = find(asked.write(), Direction.OUTPUT, shown);
    CompletableFuture<PipeDriver> both =
        in.thenCombine(out, (source, sink) -> new PipeDriver(source, sink, context.executor()));
    passCancel(both, in);
    passCancel(both, out);
    return both;
  }

  /** What is waited for no longer must not be kept until the next pipe comes. */
  private static void passCancel(CompletableFuture<?> from, CompletableFuture<?> to) {
    CompletableFuture<?> unused =
        from.whenComplete(
            (any, failure) -> {
              if (from.isCancelled()) {
                to.cancel(false);
              }
            });
  }

  private CompletableFuture<@Nullable Pipe> find(String name, Direction direction, String shown)
      throws AddressException {
    if (name.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Optional<Pipe>> found = pipes.open(name, direction).toCompletableFuture();
    if (found.isDone()) {
      return CompletableFuture.completedFuture(
          found.join().orElseThrow(() -> missing(name, shown)));
    }
    CompletableFuture<@Nullable Pipe> pipe =
        found.thenApply(
            one -> one.orElseThrow(() -> new CompletionException(missing(name, shown))));
    passCancel(pipe, found);
    return pipe;
  }

  private static AddressException missing(String name, String shown) {
    return new AddressException(
        Kind.NOT_FOUND, shown, "there is no pipe named '" + name + "' here", null);
  }
}
