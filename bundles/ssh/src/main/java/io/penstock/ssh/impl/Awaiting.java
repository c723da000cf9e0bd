// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waits for what comes once. */
public final class Awaiting {
  private Awaiting() {}

  /**
   * Waits.
   *
   * @param future completes with it
   * @param wait the limit
   * @param name of the channel, for errors
   * @param what for, such as {@code the exit status}
   * @return what came
   * @throws IOException what the future failed with, the would-block type or the time-out type;
   *     after a close of ours the closed type, or that of a wait which the close has ended
   */
  public static <T> T await(CompletableFuture<T> future, Wait wait, String name, String what)
      throws IOException {
    boolean waits = !future.isDone();
    try {
      if (future.isDone() || wait.kind() == Wait.Kind.FOREVER) {
        return future.get();
      }
      return switch (wait.kind()) {
        case NONE -> throw new WouldBlockException(name, what + " has not come yet", 0);
        case UNTIL -> future.get(wait.nanos() - System.nanoTime(), TimeUnit.NANOSECONDS);
        default -> future.get(wait.nanos(), TimeUnit.NANOSECONDS);
      };
    } catch (TimeoutException e) {
      throw new StreamTimeoutException(
          name, what + " has not come, the limit of this wait was " + wait, 0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupt =
          new InterruptedIOException(name + ": interrupted while waiting for " + what);
      interrupt.initCause(e);
      throw interrupt;
    } catch (ExecutionException e) {
      throw again(name, what, e.getCause(), waits);
    }
  }

  private static IOException again(
      String name, String what, @Nullable Throwable cause, boolean waited) {
    if (cause instanceof StreamClosedException) {
      return waited ? new StreamClosedWhileWaitingException(name) : new StreamClosedException(name);
    }
    if (cause instanceof ConnectionResetException lost) {
      String text = String.valueOf(lost.getMessage());
      ConnectionResetException fresh =
          new ConnectionResetException(
              name, text.startsWith(name) ? text.substring(name.length() + 2) : text, lost.count());
      fresh.initCause(lost.getCause());
      return fresh;
    }
    return new IOException(
        cause == null ? name + ": " + what + " was lost" : String.valueOf(cause.getMessage()),
        cause);
  }
}
