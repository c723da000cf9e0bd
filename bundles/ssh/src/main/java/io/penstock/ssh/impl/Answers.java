// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.error.StreamClosedException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Waits for what a peer answers on behalf of a channel. A close of ours ends each wait at once,
 * however long the channel's unsent bytes keep it.
 */
public final class Answers {
  /** Each under a key of its own call. */
  private final Map<Object, CompletableFuture<?>> awaited = new ConcurrentHashMap<>();

  private volatile boolean closed;

  /** No caller waits yet. */
  public Answers() {}

  /**
   * Waits, as {@link Awaiting#await} does.
   *
   * @param answer completes with it
   * @param wait the limit
   * @param name of the channel, for errors
   * @param what for, such as {@code the exit status}
   * @return what came
   * @throws IOException as there
   */
  public <T> T await(CompletableFuture<T> answer, Wait wait, String name, String what)
      throws IOException {
    CompletableFuture<T> mine = answer.copy();
    Object key = new Object();
    awaited.put(key, mine);
    try {
      if (closed) {
        wake(mine, name);
      }
      return Awaiting.await(mine, wait, name, what);
    } finally {
      awaited.remove(key);
    }
  }

  /** Whether the channel was closed by us. */
  public boolean isClosed() {
    return closed;
  }

  /**
   * The channel was closed by us.
   *
   * @param name of the channel, for errors
   */
  public void close(String name) {
    closed = true;
    awaited.values().forEach(each -> wake(each, name));
  }

  private static void wake(CompletableFuture<?> waiting, String name) {
    boolean unused = waiting.completeExceptionally(new StreamClosedException(name));
  }
}
