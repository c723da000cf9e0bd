// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for completions under a {@link Wait}. */
public final class Stages {
  private Stages() {}

  /**
   * Waits for a stage.
   *
   * @param what what is waited for, for the message
   */
  public static <T> T await(CompletionStage<T> stage, Wait wait, String name, String what)
      throws IOException {
    try {
      return switch (wait.kind()) {
        case FOREVER -> stage.toCompletableFuture().get();
        case NONE -> stage.toCompletableFuture().get(0, TimeUnit.NANOSECONDS);
        case UP_TO -> stage.toCompletableFuture().get(wait.nanos(), TimeUnit.NANOSECONDS);
        case UNTIL ->
            stage
                .toCompletableFuture()
                .get(Math.max(0, wait.nanos() - System.nanoTime()), TimeUnit.NANOSECONDS);
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (InterruptedIOException)
          new InterruptedIOException(name + ": interrupted while waiting for " + what).initCause(e);
    } catch (TimeoutException e) {
      if (wait.kind() == Wait.Kind.NONE) {
        throw new WouldBlockException(name, what + " is not there yet", 0);
      }
      throw new StreamTimeoutException(name, what + " was not there within the limit, " + wait, 0);
    } catch (ExecutionException | CancellationException e) {
      throw Faults.again(name, e);
    }
  }
}
