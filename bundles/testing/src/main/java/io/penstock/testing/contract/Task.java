// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A call that another thread makes, so that a case can watch it wait.
 *
 * @param <T> what the call returns
 */
final class Task<T> {
  static final Duration LIMIT = Duration.ofSeconds(15);

  private final Thread thread;
  private final CompletableFuture<T> result;

  private Task(Thread thread, CompletableFuture<T> result) {
    this.thread = thread;
    this.result = result;
  }

  static <T> Task<T> start(boolean virtual, String name, Callable<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        Threads.unstarted(
            virtual,
            name,
            () -> {
              try {
                result.complete(call.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    thread.start();
    return new Task<>(thread, result);
  }

  Thread thread() {
    return thread;
  }

  boolean done() {
    return result.isDone();
  }

  /** Returns once the call really waits. */
  Task<T> waiting() {
    Threads.awaitWaiting(thread, LIMIT);
    return this;
  }

  /** What the call returned, or what it threw, thrown here. */
  T get() throws Exception {
    try {
      return finish(LIMIT);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new ExecutionException(e);
    }
  }

  /** What the call threw. */
  Throwable failure() throws InterruptedException {
    try {
      T value = result.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      throw new AssertionError(thread.getName() + " returned " + value + " instead of failing");
    } catch (ExecutionException e) {
      return e.getCause() == null ? e : e.getCause();
    } catch (TimeoutException e) {
      throw hung(LIMIT);
    }
  }

  T finish(Duration limit) throws Throwable {
    try {
      return result.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw cause instanceof ExecutionException && cause.getCause() != null
          ? cause.getCause()
          : cause;
    } catch (TimeoutException e) {
      throw hung(limit);
    }
  }

  private AssertionError hung(Duration limit) {
    StringBuilder text =
        new StringBuilder(thread.getName()).append(" did not finish within ").append(limit);
    stack(text, thread, thread.getStackTrace());
    for (Map.Entry<Thread, StackTraceElement[]> other : Thread.getAllStackTraces().entrySet()) {
      String name = other.getKey().getName();
      if (other.getKey() != thread && (name.startsWith("penstock") || name.startsWith("case"))) {
        stack(text, other.getKey(), other.getValue());
      }
    }
    AssertionError error = new AssertionError(text.toString());
    thread.interrupt();
    return error;
  }

  private static void stack(StringBuilder text, Thread thread, StackTraceElement[] stack) {
    text.append("\n  ").append(thread.getName()).append(" (").append(thread.getState()).append(')');
    for (StackTraceElement frame : stack) {
      text.append("\n    at ").append(frame);
    }
  }
}
