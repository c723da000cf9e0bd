// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The flushes that wait for the disk, in order. Guarded by the lock of the state. */
final class Flushes {
  /** A user's flush, and the last change that it waits for. */
  private record Waiting(FileContent user, long version, CompletableFuture<Void> done) {}

  private final Deque<Waiting> all = new ArrayDeque<>();

  boolean isEmpty() {
    return all.isEmpty();
  }

  CompletableFuture<Void> add(FileContent user, long version) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    all.add(new Waiting(user, version, done));
    return done;
  }

  /** Takes out those that wait for no later change. */
  List<CompletableFuture<Void>> takeUpTo(long version) {
    List<CompletableFuture<Void>> taken = new ArrayList<>();
    while (!all.isEmpty() && all.element().version() <= version) {
      taken.add(all.remove().done());
    }
    return taken;
  }

  /** Takes out those of a user. */
  List<CompletableFuture<Void>> takeOf(FileContent user) {
    List<Waiting> mine = all.stream().filter(each -> each.user() == user).toList();
    all.removeAll(mine);
    return mine.stream().map(Waiting::done).toList();
  }
}
