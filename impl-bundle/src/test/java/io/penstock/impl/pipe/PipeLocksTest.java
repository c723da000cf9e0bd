// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.impl.engine.SystemParker;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whatever parks, wakes or calls somebody else's code holds no lock then. */
class PipeLocksTest {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  // Each look stops the machine to find which thread owns what.
  private static final int ROUNDS = Proof.isLong() ? 50 : 2;

  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private final Map<String, String> held = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  private final Parker parker =
      new SystemParker() {
        @Override
        public void park(Object blocker) {
          look("park");
          SYSTEM.park(blocker);
        }

        @Override
        public void parkNanos(Object blocker, long nanos) {
          look("park");
          SYSTEM.parkNanos(blocker, nanos);
        }

        @Override
        public void unpark(Thread thread) {
          look("unpark");
          SYSTEM.unpark(thread);
        }

        @Override
        public void giveWay() {
          look("giving way");
          SYSTEM.giveWay();
        }
      };

  private final Engine engine = new Engine(parker);
  private final Executor executor =
      task -> {
        look("executor");
        engine.execute(task);
      };

  @AfterEach
  void stop() throws InterruptedException {
    threads.shutdownNow();
    assertTrue(threads.awaitTermination(10, TimeUnit.SECONDS));
    engine.close();
  }

  /** Notes which locks the thread holds that calls. */
  private void look(String who) {
    calls.computeIfAbsent(who, w -> new AtomicInteger()).incrementAndGet();
    ThreadInfo[] self =
        THREADS.getThreadInfo(new long[] {Thread.currentThread().getId()}, true, true);
    for (LockInfo lock : self[0].getLockedSynchronizers()) {
      // A pool's worker counts as a lock of its own thread.
      if (!lock.getClassName().contains("ThreadPoolExecutor$Worker")) {
        held.put(who, lock + " at " + Arrays.toString(Thread.currentThread().getStackTrace()));
      }
    }
    if (self[0].getLockedMonitors().length > 0) {
      held.put(who, Arrays.toString(self[0].getLockedMonitors()));
    }
  }

  private DrivenPipe pipe(int capacity) {
    return new DrivenPipe(PipeOptions.defaults().withCapacity(capacity), engine);
  }

  private static ByteBuffer bytes(int n) {
    return ByteBuffer.allocate(n);
  }

  /** Does something once others wait on an end of the pipe. */
  private void whenWaiting(DrivenPipe pipe, int count, List<Future<?>> waiting, Runnable what)
      throws Exception {
    while (pipe.stats().waitingReaders().size() < count) {
      for (Future<?> one : waiting) {
        if (one.isDone()) {
          one.get();
        }
      }
      LockSupport.parkNanos(200_000);
    }
    what.run();
    for (Future<?> one : waiting) {
      one.get(20, TimeUnit.SECONDS);
    }
  }

  private interface Io {
    void go() throws IOException;
  }

  private static Runnable io(Io io) {
    return () -> {
      try {
        io.go();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    };
  }

  @Test
  void nobodyIsCalledUnderALock() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      watchAndGive();
      waitForEachOther();
      writeLater();
      cut();
    }
    assertEquals(new TreeMap<>(), new TreeMap<>(held));
    assertEquals(
        List.of(
            "callback",
            "completion",
            "executor",
            "giving way",
            "park",
            "released",
            "unpark",
            "use"),
        new ArrayList<>(new TreeMap<>(calls).keySet()),
        "who was called at all");
  }

  private Runnable looking(String who, CountDownLatch called) {
    return () -> {
      look(who);
      called.countDown();
    };
  }

  private void watchAndGive() throws Exception {
    DrivenPipe pipe = pipe(4);
    CountDownLatch filled = new CountDownLatch(1);
    CountDownLatch emptied = new CountDownLatch(2);
    try (Watch readable = pipe.source().readable().onSet(executor, looking("callback", filled));
        Watch reader = pipe.sink().reader().onSet(executor, looking("callback", emptied))) {
      pipe.sink().give(bytes(3), looking("released", emptied), Wait.none());
      // What is read before anybody has looked was never seen to be there.
      assertTrue(filled.await(20, TimeUnit.SECONDS), readable.toString());
      pipe.source()
          .consume(
              3,
              run -> {
                look("use");
                run.position(run.limit());
              },
              Wait.none());
      assertTrue(emptied.await(20, TimeUnit.SECONDS), reader.toString());
    }
    pipe.close();
  }

  private void waitForEachOther() throws Exception {
    DrivenPipe pipe = pipe(4);
    List<Future<?>> readers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      // One waits for bytes, the others for their turn.
      readers.add(threads.submit(io(() -> pipe.source().readFully(bytes(1), Wait.forever()))));
    }
    whenWaiting(pipe, 3, readers, io(() -> pipe.sink().write(bytes(3))));
    pipe.sink().write(bytes(4));
    List<Future<?>> writers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      writers.add(threads.submit(io(() -> pipe.sink().writeFully(bytes(1), Wait.forever()))));
    }
    writers.add(threads.submit(io(() -> pipe.source().readFully(bytes(7), Wait.forever()))));
    for (Future<?> one : writers) {
      one.get(20, TimeUnit.SECONDS);
    }
    pipe.close();
  }

  private void writeLater() throws Exception {
    DrivenPipe pipe = pipe(4);
    CountDownLatch done = new CountDownLatch(2);
    for (int i = 0; i < 2; i++) {
      pipe.sink()
          .writeAsync(bytes(6))
          .thenRun(
              () -> {
                look("completion");
                done.countDown();
              });
    }
    pipe.source().readFully(bytes(12), Wait.forever());
    assertTrue(done.await(20, TimeUnit.SECONDS));
    pipe.close();
  }

  private void cut() throws Exception {
    DrivenPipe pipe = pipe(4);
    Future<?> reader =
        threads.submit(() -> assertThrows(IOException.class, () -> pipe.source().read(bytes(1))));
    whenWaiting(pipe, 1, List.of(reader), () -> pipe.abort(new IOException("planned")));
    DrivenPipe ended = pipe(4);
    Future<?> last = threads.submit(io(() -> assertEquals(-1, ended.source().read(bytes(1)))));
    whenWaiting(ended, 1, List.of(last), io(() -> ended.sink().end()));
    DrivenPipe closed = pipe(4);
    Future<?> shut =
        threads.submit(() -> assertThrows(IOException.class, () -> closed.source().read(bytes(1))));
    whenWaiting(closed, 1, List.of(shut), io(closed::close));
  }

  @Test
  void aLockThatIsHeldIsSeen() {
    ReentrantLock lock = new ReentrantLock();
    lock.lock();
    try {
      look("somebody");
    } finally {
      lock.unlock();
    }
    assertTrue(held.containsKey("somebody"));
  }
}
