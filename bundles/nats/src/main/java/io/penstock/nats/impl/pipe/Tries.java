// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.error.StorageException.Kind;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/** What is tried again while the servers choose a leader, or the connection is away. */
final class Tries {
  /** How long to wait before the next try. */
  static final Duration PAUSE = Duration.ofMillis(100);

  /** The server's numbers of errors that pass by themselves. */
  private static final int UNAVAILABLE = 10008;

  private static final int NO_CLUSTER = 10041;

  private static final int INCOMPLETE = 10004;

  private static final int NO_LEADER = 10009;

  /** The server's numbers of errors for a store without room. */
  private static final List<Integer> STORES_ARE_FULL = List.of(10023, 10047, 10028);

  private Tries() {}

  /** What a refusal means for the pipe. */
  static Kind kind(Throwable failure) {
    return STORES_ARE_FULL.contains(Api.code(failure)) ? Kind.FULL : Kind.FAILED;
  }

  /** Whether a failure passes by itself. */
  static boolean passes(Throwable failure) {
    if (!(Api.cause(failure) instanceof LinkException known)) {
      return false;
    }
    return (known.kind() != LinkException.Kind.REFUSED && known.kind() != LinkException.Kind.DENIED)
        || known.code() == UNAVAILABLE
        || known.code() == NO_CLUSTER
        || known.code() == INCOMPLETE
        || known.code() == NO_LEADER
        // When all servers have started anew, they do not know their streams at once.
        || known.code() == Api.NO_STREAM;
  }

  /** Tries until it succeeds, fails for good, or the time is over. */
  static <T> CompletableFuture<T> until(
      Link link, long deadline, Supplier<CompletableFuture<T>> step) {
    return step.get()
        .exceptionallyCompose(
            failure -> {
              if (!passes(failure) || System.nanoTime() - deadline > 0) {
                return CompletableFuture.failedFuture(Api.cause(failure));
              }
              return pause(link, PAUSE).thenCompose(on -> until(link, deadline, step));
            });
  }

  /** Completes after a while, on the link's thread. */
  static CompletableFuture<Void> pause(Link link, Duration time) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Future<?> unused = link.after(time, () -> done.complete(null));
    return done;
  }
}
