// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Counts changes, and tells when they are durable. Guarded by the lock of the content; what is to
 * be completed is completed with no lock held.
 */
final class Flushes {
  /** A flush, and the last change that it waits for. */
  private record Waiting(long version, CompletableFuture<Void> done) {}

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private long version;
  private long settled;
  private @Nullable IOException failure;

  /** There was a change; its number. */
  long changed() {
    return ++version;
  }

  long version() {
    return version;
  }

  boolean isSettled() {
    return settled >= version;
  }

  boolean isWaitedFor() {
    return !waiting.isEmpty();
  }

  /** Waits for all changes by now. */
  CompletableFuture<Void> flush() {
    IOException why = failure;
    if (why != null) {
      return CompletableFuture.failedFuture(why);
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (settled >= version) {
      done.complete(null);
    } else {
      waiting.add(new Waiting(version, done));
    }
    return done;
  }

  /** Changes up to this are durable; those that are to be completed. */
  List<CompletableFuture<Void>> settle(long upTo) {
    settled = Math.max(settled, upTo);
    List<CompletableFuture<Void>> over = new ArrayList<>();
    while (!waiting.isEmpty() && waiting.element().version() <= settled) {
      over.add(waiting.remove().done());
    }
    return over;
  }

  /** Nothing becomes durable any more; those that are to be told. */
  List<CompletableFuture<Void>> fail(IOException why) {
    failure = why;
    List<CompletableFuture<Void>> over = new ArrayList<>();
    waiting.forEach(each -> over.add(each.done()));
    waiting.clear();
    settled = version;
    return over;
  }
}
