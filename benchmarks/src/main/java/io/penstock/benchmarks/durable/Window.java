// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The bytes on their way, of a store whose library does not bound them. */
final class Window {
  private static final int LIMIT = 60;

  private final Semaphore room = new Semaphore(Store.WINDOW);
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /** Waits until so many bytes have room. */
  void enter(int bytes) throws IOException, InterruptedException {
    if (!room.tryAcquire(bytes, LIMIT, TimeUnit.SECONDS)) {
      throw new IOException("nothing was acknowledged for " + LIMIT + " s", failure.get());
    }
    check();
  }

  /** So many bytes were acknowledged, or have failed. */
  void leave(int bytes, @Nullable Throwable why) {
    if (why != null) {
      failure.compareAndSet(null, why);
    }
    room.release(bytes);
  }

  /** Waits until none is on its way. */
  void drain() throws IOException, InterruptedException {
    enter(Store.WINDOW);
    room.release(Store.WINDOW);
  }

  private void check() throws IOException {
    Throwable why = failure.get();
    if (why != null) {
      throw new IOException("an append has failed: " + why, why);
    }
  }
}
