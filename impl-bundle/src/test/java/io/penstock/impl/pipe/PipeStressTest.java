// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.impl.engine.SystemParker;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Writers and readers at once, while somebody interrupts them, changes their limits, looks at the
 * pipe, and wakes them for nothing: every byte arrives once and in its place.
 */
class PipeStressTest {
  private static final int RECORD = 12;
  private static final int HANG_SECONDS = 60;

  /** Returns for no reason now and then, as a parker may. */
  private static final Parker RESTLESS =
      new SystemParker() {
        @Override
        public void park(Object blocker) {
          if (ThreadLocalRandom.current().nextInt(4) > 0) {
            SYSTEM.park(blocker);
          }
        }

        @Override
        public void parkNanos(Object blocker, long nanos) {
          if (ThreadLocalRandom.current().nextInt(4) > 0) {
            SYSTEM.parkNanos(blocker, nanos);
          }
        }

        @Override
        public void unpark(Thread thread) {
          if (ThreadLocalRandom.current().nextInt(16) == 0) {
            Thread.yield();
          }
          SYSTEM.unpark(thread);
        }
      };

  private final Engine calm = new Engine();
  private final Engine restless = new Engine(RESTLESS);
  private final Map<Thread, Boolean> workers = new ConcurrentHashMap<>();
  private volatile boolean over;

  @AfterEach
  void stop() {
    over = true;
    calm.close();
    restless.close();
  }

  /** Platform threads, and virtual ones where there are any. */
  private static ExecutorService threads(boolean virtual) {
    if (!virtual) {
      return Executors.newCachedThreadPool();
    }
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static final boolean HAS_VIRTUAL =
      Arrays.stream(Executors.class.getMethods())
          .anyMatch(method -> method.getName().equals("newVirtualThreadPerTaskExecutor"));

  private static Stream<Boolean> kindsOfThreads() {
    return HAS_VIRTUAL && Runtime.version().feature() >= 21
        ? Stream.of(false, true)
        : Stream.of(false);
  }

  // ---- many writers, many readers, records

  static Stream<Arguments> crowds() {
    return kindsOfThreads()
        .flatMap(
            virtual ->
                Stream.of(
                    Arguments.of(1, 1, 64, virtual),
                    Arguments.of(3, 1, 7, virtual),
                    Arguments.of(1, 3, 64, virtual),
                    Arguments.of(4, 4, 1, virtual),
                    Arguments.of(4, 4, 100, virtual),
                    Arguments.of(4, 4, 65536, virtual)));
  }

  @ParameterizedTest(name = "{0} writers, {1} readers, {2} bytes, virtual {3}")
  @MethodSource("crowds")
  @Timeout(Proof.TIMEOUT_SECONDS)
  void everyRecordArrivesOnceAndWhole(int writers, int readers, int capacity, boolean virtual)
      throws Exception {
    Proof.Budget budget = Proof.budget(250);
    long seed = Proof.seed();
    DrivenPipe pipe =
        new DrivenPipe(
            Proof.declared(
                PipeOptions.defaults().withCapacity(capacity), writers == 1, readers == 1),
            seed % 2 == 0 ? restless : calm);
    try (Meddler meddler = new Meddler(pipe, seed)) {
      ExecutorService threads = threads(virtual);
      List<Future<Integer>> writing = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        int writer = w;
        writing.add(
            threads.submit(
                guard(
                    pipe,
                    mayBeInterrupted(w),
                    () -> write(pipe, writer, new Random(seed + writer), budget))));
      }
      List<Future<List<long[]>>> reading = new ArrayList<>();
      for (int r = 0; r < readers; r++) {
        Random random = new Random(seed + 100 + r);
        reading.add(threads.submit(guard(pipe, true, () -> read(pipe, random))));
      }
      int[] counts = new int[writers];
      boolean[][] seen = new boolean[writers][];
      for (int w = 0; w < writers; w++) {
        counts[w] = get(writing.get(w), budget, pipe);
        seen[w] = new boolean[counts[w]];
      }
      pipe.sink().end();
      for (Future<List<long[]>> reader : reading) {
        long[] last = new long[writers];
        Arrays.fill(last, -1);
        for (long[] record : get(reader, budget, pipe)) {
          int writer = (int) record[0];
          int number = (int) record[1];
          assertTrue(!seen[writer][number], "seen twice");
          seen[writer][number] = true;
          assertTrue(number > last[writer], "out of order");
          last[writer] = number;
        }
      }
      for (boolean[] all : seen) {
        for (boolean one : all) {
          assertTrue(one, "a record is missing");
        }
      }
      threads.shutdown();
      meddler.check();
    }
  }

  /** No thread is left that could read or write what the others wait for. */
  private <T> Callable<T> guard(DrivenPipe pipe, boolean interruptible, Callable<T> task) {
    return () -> {
      workers.put(Thread.currentThread(), interruptible);
      try {
        return task.call();
      } catch (Exception | AssertionError e) {
        pipe.abort(e);
        throw e;
      } finally {
        workers.remove(Thread.currentThread());
        Thread.interrupted();
      }
    };
  }

  private static <T> T get(Future<T> future, Proof.Budget budget, DrivenPipe pipe)
      throws Exception {
    while (true) {
      try {
        return future.get(HANG_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        if (!budget.left()) {
          StringBuilder text = new StringBuilder("somebody waits for ever; ");
          text.append("available ").append(pipe.source().available());
          text.append(", room ").append(pipe.sink().room());
          text.append(", queued ").append(pipe.sink().queued());
          for (Map.Entry<Thread, StackTraceElement[]> one : Thread.getAllStackTraces().entrySet()) {
            text.append("\n").append(one.getKey());
            for (StackTraceElement line : one.getValue()) {
              text.append("\n    ").append(line);
            }
          }
          throw new AssertionError(text.toString());
        }
      } catch (ExecutionException e) {
        throw new AssertionError("of a thread: " + e.getCause(), e.getCause());
      }
    }
  }

  private static boolean mayBeInterrupted(int writer) {
    return writer % 2 == 1;
  }

  private static int write(DrivenPipe pipe, int writer, Random random, Proof.Budget budget)
      throws Exception {
    int i = 0;
    for (; budget.left(); i++) {
      ByteBuffer record = ByteBuffer.allocate(RECORD);
      record.putInt(writer).putInt(i).putInt(0x0a0a0a0a ^ writer ^ i).flip();
      if (mayBeInterrupted(writer)) {
        // What an interrupt cuts is cut for good when others write, too: all or nothing.
        persist(() -> pipe.sink().give(record, Wait.forever()));
      } else if (random.nextInt(4) == 0) {
        join(pipe.sink().writeAsync(record));
      } else {
        whole(pipe, record, random);
      }
    }
    return i;
  }

  /** Writes a record as one call, which nobody may come between. */
  private static void whole(DrivenPipe pipe, ByteBuffer record, Random random) throws IOException {
    int cut = random.nextInt(RECORD + 1);
    if (random.nextBoolean()) {
      pipe.sink().writeFully(record, Wait.forever());
    } else {
      ByteBuffer[] parts = {record.slice(0, cut), record.slice(cut, RECORD - cut)};
      pipe.sink().writeFully(parts, Wait.forever());
    }
  }

  private interface Trying {
    void go() throws IOException;
  }

  /** Tries again after an interrupt. */
  private static void persist(Trying task) throws IOException {
    while (true) {
      try {
        task.go();
        return;
      } catch (InterruptedIOException e) {
        Thread.interrupted();
      }
    }
  }

  private static void join(CompletionStage<Void> stage) throws ExecutionException {
    while (true) {
      try {
        stage.toCompletableFuture().get();
        return;
      } catch (InterruptedException e) {
        Thread.interrupted();
      }
    }
  }

  private static List<long[]> read(DrivenPipe pipe, Random random) throws IOException {
    List<long[]> records = new ArrayList<>();
    while (true) {
      ByteBuffer record = ByteBuffer.allocate(RECORD);
      if (random.nextInt(4) == 0) {
        try {
          // Finds nothing and must lose nothing.
          pipe.source().readUntil(ByteSequence.utf8("never there"), 11, Wait.none());
        } catch (WouldBlockException e) {
          assertEquals(pipe.name(), e.stream());
        } catch (BufferFullException e) {
          assertTrue(e.count() <= RECORD, "looked at more than the limit");
        }
      }
      try {
        Wait wait =
            random.nextBoolean()
                ? Wait.forever()
                : Wait.upTo(Duration.ofNanos(random.nextInt(90_000)));
        pipe.source().readFully(record, wait);
      } catch (EndOfStreamException e) {
        assertEquals(0, e.count(), "a cut record");
        return records;
      } catch (StreamTimeoutException e) {
        continue;
      } catch (InterruptedIOException e) {
        Thread.interrupted();
        continue;
      }
      record.flip();
      int writer = record.getInt();
      int number = record.getInt();
      assertEquals(0x0a0a0a0a ^ writer ^ number, record.getInt(), "a mixed record");
      records.add(new long[] {writer, number});
    }
  }

  // ---- one writer, one reader, a stream

  static Stream<Arguments> streams() {
    return kindsOfThreads()
        .flatMap(
            virtual ->
                Stream.of(1L, 7L, 100L, 5000L, 64L * 1024, Long.MAX_VALUE)
                    .flatMap(
                        capacity ->
                            Stream.of(
                                Arguments.of(capacity, false, virtual),
                                Arguments.of(capacity, true, virtual))));
  }

  @ParameterizedTest(name = "{0} bytes, direct and declared {1}, virtual {2}")
  @MethodSource("streams")
  @Timeout(Proof.TIMEOUT_SECONDS)
  void everyByteArrivesInItsPlace(long capacity, boolean declared, boolean virtual)
      throws Exception {
    Proof.Budget budget = Proof.budget(200);
    long seed = Proof.seed();
    DrivenPipe pipe =
        new DrivenPipe(
            Proof.declared(
                PipeOptions.defaults().withCapacity(capacity).withDirect(declared),
                declared,
                declared),
            declared ? restless : calm);
    int most = (int) Math.min(capacity * 3, 100_000);
    try (Meddler meddler = new Meddler(pipe, seed)) {
      ExecutorService threads = threads(virtual);
      AtomicLong released = new AtomicLong();
      Future<long[]> writer =
          threads.submit(
              guard(pipe, true, () -> stream(pipe, most, new Random(seed), budget, released)));
      Future<Long> reader =
          threads.submit(guard(pipe, true, () -> follow(pipe, most, new Random(seed + 1))));
      long[] written = get(writer, budget, pipe);
      assertEquals(written[0], get(reader, budget, pipe), "bytes");
      threads.shutdown();
      meddler.check();
      // Callbacks come on other threads: closing waits for them.
      (declared ? restless : calm).close();
      assertEquals(written[1], released.get(), "buffers that were released");
    }
  }

  /** The byte at a place of the stream: no two neighbourhoods are alike. */
  private static byte at(long place) {
    long x = (place + 1) * 0x9e37_79b9_7f4a_7c15L;
    return (byte) (x >>> 56);
  }

  private static ByteBuffer piece(long place, int size, Random random) {
    ByteBuffer piece =
        random.nextBoolean() ? ByteBuffer.allocate(size) : ByteBuffer.allocateDirect(size);
    for (int i = 0; i < size; i++) {
      piece.put(i, at(place + i));
    }
    return piece;
  }

  private static int size(Random random, int most) {
    return random.nextInt(3) == 0
        ? 1 + random.nextInt(most)
        : 1 + random.nextInt(Math.min(most, 200));
  }

  private static Wait some(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Wait.none();
      case 1 -> Wait.upTo(Duration.ofNanos(random.nextInt(200_000)));
      case 2 -> Wait.until(System.nanoTime() + random.nextInt(200_000));
      default -> Wait.forever();
    };
  }

  /** Writes for a while. Returns how many bytes, and how many buffers want to be released. */
  private static long[] stream(
      DrivenPipe pipe, int most, Random random, Proof.Budget budget, AtomicLong released)
      throws Exception {
    long place = 0;
    long told = 0;
    while (budget.left()) {
      int size = size(random, most);
      ByteBuffer src = piece(place, size, random);
      ByteBuffer[] parts = {src};
      try {
        switch (random.nextInt(7)) {
          case 0 -> pipe.sink().write(src);
          case 1 -> pipe.sink().write(src, some(random));
          case 2 -> {
            parts = new ByteBuffer[] {src.slice(0, size / 3), src.slice(size / 3, size - size / 3)};
            pipe.sink().write(parts);
          }
          case 3 -> pipe.sink().writeFully(src, some(random));
          case 4 -> {
            // The reader may get the very object.
            ByteBuffer given = src.duplicate();
            src.position(pipe.sink().give(given, some(random)));
          }
          case 5 -> {
            src.position(
                pipe.sink().give(src.duplicate(), released::incrementAndGet, some(random)));
            told += src.hasRemaining() ? 0 : 1;
          }
          default -> {
            join(pipe.sink().writeAsync(src.duplicate()));
            src.position(size);
          }
        }
      } catch (InterruptedIOException e) {
        Thread.interrupted();
      } catch (StreamTimeoutException | WouldBlockException e) {
        assertEquals(pipe.name(), ((StreamFault) e).stream());
      }
      int left = 0;
      for (ByteBuffer part : parts) {
        left += part.remaining();
      }
      place += size - left;
    }
    pipe.sink().end();
    return new long[] {place, told};
  }

  private static long check(long place, ByteBuffer got) {
    for (int i = got.position(); i < got.limit(); i++) {
      assertEquals(at(place + i - got.position()), got.get(i), "a byte");
    }
    return place + got.remaining();
  }

  private static long follow(DrivenPipe pipe, int most, Random random) throws IOException {
    long[] place = {0};
    while (true) {
      int size = size(random, most);
      try {
        if (readSome(pipe, size, random, place)) {
          return place[0];
        }
      } catch (InterruptedIOException e) {
        Thread.interrupted();
      } catch (StreamTimeoutException | WouldBlockException | BufferFullException e) {
        assertEquals(pipe.name(), ((StreamFault) e).stream());
      }
    }
  }

  /** Reads somehow; true at the end. */
  private static boolean readSome(DrivenPipe pipe, int size, Random random, long[] place)
      throws IOException {
    ByteBuffer dst =
        random.nextBoolean() ? ByteBuffer.allocate(size) : ByteBuffer.allocateDirect(size);
    switch (random.nextInt(9)) {
      case 0 -> {
        int n = pipe.source().read(dst);
        place[0] = check(place[0], dst.flip());
        return n < 0;
      }
      case 1 -> {
        int n = pipe.source().read(dst, some(random));
        place[0] = check(place[0], dst.flip());
        return n < 0;
      }
      case 2 -> {
        ByteBuffer[] parts = {dst.slice(0, size / 2), dst.slice(size / 2, size - size / 2)};
        long n = pipe.source().read(parts);
        for (ByteBuffer part : parts) {
          place[0] = check(place[0], part.flip());
        }
        return n < 0;
      }
      case 3 -> {
        ByteBuffer run = pipe.source().take(size, some(random));
        if (run == null) {
          return true;
        }
        place[0] = check(place[0], run);
      }
      case 4 -> {
        int use = random.nextInt(size + 1);
        int n =
            pipe.source()
                .consume(
                    size,
                    run -> {
                      run.limit(run.position() + Math.min(run.remaining(), use));
                      place[0] = check(place[0], run);
                      run.position(run.limit());
                    },
                    some(random));
        return n < 0;
      }
      case 5 -> {
        ByteBuffer run =
            pipe.source()
                .readUntil(
                    ByteSequence.of(new byte[] {(byte) random.nextInt(256)}), size, some(random));
        if (run != null) {
          place[0] = check(place[0], run);
        }
      }
      case 6 -> {
        String line =
            pipe.source()
                .readLine(StandardCharsets.ISO_8859_1, size, Terminator.KEEP, some(random));
        if (line == null) {
          return true;
        }
        place[0] = check(place[0], ByteBuffer.wrap(line.getBytes(StandardCharsets.ISO_8859_1)));
      }
      case 7 -> {
        try {
          pipe.source().readFully(dst, some(random));
          place[0] = check(place[0], dst.flip());
        } catch (EndOfStreamException e) {
          assertEquals(e.count(), pipe.source().available(), "left at the end");
        }
      }
      default -> place[0] = check(place[0], pipe.source().drain());
    }
    return false;
  }

  // ---- callers that do what others do not expect

  /** Interrupts, wakes for nothing, changes limits and looks, until it is closed. */
  private final class Meddler implements AutoCloseable {
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Future<?> work;

    Meddler(DrivenPipe pipe, long seed) {
      over = false;
      Random random = new Random(seed + 7);
      this.work =
          thread.submit(
              () -> {
                while (!over) {
                  meddle(pipe, random);
                  LockSupport.parkNanos(random.nextInt(300_000));
                }
              });
    }

    private void meddle(DrivenPipe pipe, Random random) {
      for (Map.Entry<Thread, Boolean> worker : workers.entrySet()) {
        int what = random.nextInt(24);
        if (what == 0 && worker.getValue()) {
          worker.getKey().interrupt();
        } else if (what < 5) {
          LockSupport.unpark(worker.getKey());
        }
      }
      switch (random.nextInt(10)) {
        case 0 -> pipe.source().readWait(some(random));
        case 1 -> pipe.sink().writeWait(some(random));
        case 2 -> pipe.sink().reader().clear();
        case 3 -> assertTrue(pipe.source().available() >= 0);
        case 4 -> assertTrue(pipe.sink().room() >= 0);
        case 5 -> pipe.source().ended();
        case 6 -> pipe.source().readable().or(pipe.sink().writable()).isSet();
        case 7 -> assertTrue(pipe.stats().bytesRead() >= 0);
        case 8 -> pipe.trim();
        default -> assertTrue(pipe.sink().queued() >= 0);
      }
    }

    void check() throws Exception {
      over = true;
      work.get(HANG_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      over = true;
      thread.shutdown();
    }
  }
}
