// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.SoftReference;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Ends the process when the heap is full. A process without memory answers nobody, and does not
 * even hear a signal, because the virtual machine makes a thread for each.
 *
 * <p>An error that reaches the top of a thread says so. Others are caught on the way; but before
 * the virtual machine throws the first, it clears soft references. So one of these is watched: when
 * it is cleared, a small array that does not fit says that the heap is full.
 */
final class LastResort {
  /** The exit status, the same as that of -XX:+ExitOnOutOfMemoryError. */
  static final int STATUS = 3;

  private static final int PROBE = 128 * 1024;
  private static final String LIMIT = "jdk.nio.maxCachedBufferSize";
  private static final byte[] MESSAGE =
      ("penstock: out of memory, ending: give Java a larger heap (PENSTOCK_OPTS=-Xmx...) or set"
              + " lower limits (--max-connections, --memory-limit, --buffer)"
              + System.lineSeparator())
          .getBytes(StandardCharsets.UTF_8);

  // Freed when there is nothing else, for what is left to do.
  private static final AtomicReference<byte @Nullable []> RESERVE =
      new AtomicReference<>(new byte[PROBE]);

  private static volatile Runnable cleanup = () -> {};

  /** How long a stop may take; more than the container's own limit. */
  private static final long STOP_SECONDS = 7;

  /** The exit status after SIGTERM. */
  private static final int TERMINATED = 143;

  private static final CountDownLatch STOPPING = new CountDownLatch(1);

  private final ReferenceQueue<byte[]> cleared = new ReferenceQueue<>();

  private LastResort() {}

  /** Begins to watch. */
  static void install() {
    if (System.getProperty(LIMIT) == null) {
      // Each thread keeps such buffers outside the heap for ever; a relay's own are no larger.
      System.setProperty(LIMIT, String.valueOf(2 * PROBE));
    }
    Thread.setDefaultUncaughtExceptionHandler(LastResort::died);
    daemon(new LastResort()::watch, "penstock-memory");
    // There from the beginning: at the end there may be no memory for a thread.
    daemon(LastResort::awaitStop, "penstock-stop");
  }

  private static void daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Says that the virtual machine is ending: from now on that may take a while, and no longer. */
  static void stopping() {
    STOPPING.countDown();
  }

  private static void awaitStop() {
    try {
      STOPPING.await();
      // Nobody counts it down: the virtual machine ends first, or not at all.
      boolean unused = new CountDownLatch(1).await(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    Runtime.getRuntime().halt(TERMINATED);
  }

  /** Names what to try before the end. */
  static void cleanup(Runnable task) {
    cleanup = task;
  }

  private static void died(Thread thread, Throwable failure) {
    if (isHeap(failure)) {
      end();
    }
    StandardErrorLogging.print(
        System.Logger.Level.ERROR, "io.penstock", thread.getName() + " died of a fault", failure);
  }

  /** Whether the heap is full, and not what Java may have outside it, or the number of threads. */
  static boolean isHeap(@Nullable Throwable failure) {
    if (!(failure instanceof OutOfMemoryError)) {
      return false;
    }
    String message = failure.getMessage();
    return message == null || (!message.contains("direct buffer") && !message.contains("thread"));
  }

  private void watch() {
    try {
      while (true) {
        SoftReference<byte[]> canary = new SoftReference<>(new byte[16], cleared);
        try {
          cleared.remove();
          probe();
        } finally {
          // Reachable until here, or it would not be queued.
          Reference.reachabilityFence(canary);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (OutOfMemoryError e) {
      end();
    }
  }

  private static void probe() {
    byte[] probe = new byte[PROBE];
    try {
      probe[PROBE - 1] = 1;
    } finally {
      Reference.reachabilityFence(probe);
    }
  }

  /** Says so, tidies up as far as that is possible, and ends the process. */
  static void end() {
    RESERVE.set(null);
    try (FileOutputStream err = new FileOutputStream(FileDescriptor.err)) {
      err.write(MESSAGE);
      cleanup.run();
    } catch (IOException | RuntimeException | Error e) {
      // There is no memory to say more.
      Runtime.getRuntime().halt(STATUS);
    }
    Runtime.getRuntime().halt(STATUS);
  }
}
