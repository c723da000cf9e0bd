// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Threads of an engine that cannot be started for a while, or die as soon as they are. */
public final class ScarceThreads implements Upkeep.Threads {
  private final Queue<Thread> made = new ConcurrentLinkedQueue<>();
  private final AtomicReference<@Nullable String> doomed = new AtomicReference<>();
  private volatile @Nullable CountDownLatch refused;

  /** No thread can be started from now on; returns what tells that so many were asked for. */
  public CountDownLatch runOut(int times) {
    CountDownLatch latch = new CountDownLatch(times);
    refused = latch;
    return latch;
  }

  /** There are threads again. */
  public void recover() {
    refused = null;
  }

  /** The next thread of that name dies before it does anything. */
  public void doom(String name) {
    doomed.set(name);
  }

  /** Waits until the threads of a name have ended of themselves. */
  public void awaitEnd(String prefix) throws InterruptedException {
    for (Thread thread : made) {
      if (thread.getName().startsWith(prefix)) {
        thread.join(TimeUnit.SECONDS.toMillis(20));
      }
    }
  }

  @Override
  public Thread make(String name, Runnable task) {
    if (name.startsWith("penstock-worker")) {
      // From Java 21 on a pool of the JDK's starts its threads past start().
      refuse();
    }
    Thread real =
        Engine.daemon(
            name,
            () -> {
              if (name.equals(doomed.get())) {
                doomed.set(null);
                throw new StackOverflowError("planted in " + name);
              }
              task.run();
            });
    Thread scarce =
        new Thread(real::run, name) {
          @Override
          public void start() {
            refuse();
            super.start();
          }
        };
    scarce.setDaemon(true);
    made.add(scarce);
    return scarce;
  }

  private void refuse() {
    CountDownLatch latch = refused;
    if (latch != null) {
      latch.countDown();
      throw new OutOfMemoryError("unable to create native thread, planted");
    }
  }
}
