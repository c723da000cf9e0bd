// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Texts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Pieces of 8 KiB from threads to threads: from one writer to the readers of some pipes, from some
 * writers to one reader, and through some pipes at once that have nothing to do with each other.
 */
final class Fan {
  private static final int CHUNK = 8192;

  /** By then a thread is stuck. */
  private static final int LIMIT_SECONDS = 20;

  /** What one thread writes. */
  interface Writer {
    void write() throws Exception;

    /** Called by the same thread, once. */
    void end() throws Exception;
  }

  /** What one thread reads: how many bytes; -1 at the end. */
  interface Reader {
    int read() throws Exception;
  }

  private Fan() {}

  static void measure(String who, boolean brief) throws Exception {
    Peer peer = Peer.valueOf(who);
    long nanos = (brief ? 20 : 500) * 1_000_000L;
    long warm = (brief ? 20 : 200) * 1_000_000L;
    if (peer.isSlowToWarm() && !brief) {
      pipes(peer, 1, 3_000_000_000L, nanos);
    }
    for (int count : brief ? List.of(1, 4) : Texts.FANS) {
      Trial.tell(Kind.THROUGHPUT, Texts.FAN_OUT, count, out(peer, count, warm, nanos));
      Trial.tell(Kind.THROUGHPUT, Texts.FAN_IN, count, in(peer, count, warm, nanos));
      Trial.tell(Kind.THROUGHPUT, Texts.FAN_PIPES, count, pipes(peer, count, warm, nanos));
    }
  }

  /** Conduits that are closed together. */
  private static final class Conduits implements AutoCloseable {
    final List<Conduit> all = new ArrayList<>();

    Conduits(Peer peer, int count) throws Exception {
      for (int i = 0; i < count; i++) {
        all.add(peer.open(Shape.of(CHUNK)));
      }
    }

    List<Writer> writers() {
      List<Writer> writers = new ArrayList<>();
      for (Conduit conduit : all) {
        writers.add(
            new Writer() {
              @Override
              public void write() throws Exception {
                conduit.write();
              }

              @Override
              public void end() throws Exception {
                conduit.end();
              }
            });
      }
      return writers;
    }

    List<Reader> readers() {
      List<Reader> readers = new ArrayList<>();
      all.forEach(conduit -> readers.add(conduit::read));
      return readers;
    }

    @Override
    public void close() throws IOException {
      for (Conduit conduit : all) {
        conduit.close();
      }
    }
  }

  private static double out(Peer peer, int count, long warm, long nanos) throws Exception {
    try (Conduits conduits = new Conduits(peer, count)) {
      List<Writer> each = conduits.writers();
      Writer all =
          new Writer() {
            @Override
            public void write() throws Exception {
              for (Writer one : each) {
                one.write();
              }
            }

            @Override
            public void end() throws Exception {
              for (Writer one : each) {
                one.end();
              }
            }
          };
      return run(List.of(all), conduits.readers(), warm, nanos);
    }
  }

  private static double pipes(Peer peer, int count, long warm, long nanos) throws Exception {
    try (Conduits conduits = new Conduits(peer, count)) {
      return run(conduits.writers(), conduits.readers(), warm, nanos);
    }
  }

  /** By one pipe where a pipe may have several writers, else by as many, read in turn. */
  private static double in(Peer peer, int count, long warm, long nanos) throws Exception {
    if (Shared.has(peer)) {
      try (Shared shared = Shared.open(peer, CHUNK, count)) {
        return run(shared.writers(), List.of(shared::read), warm, nanos);
      }
    }
    try (Conduits conduits = new Conduits(peer, count)) {
      return run(conduits.writers(), List.of(inTurn(conduits.readers())), warm, nanos);
    }
  }

  private static Reader inTurn(List<Reader> readers) {
    List<Reader> left = new ArrayList<>(readers);
    int[] next = {0};
    return () -> {
      while (!left.isEmpty()) {
        int at = next[0]++ % left.size();
        int n = left.get(at).read();
        if (n >= 0) {
          return n;
        }
        left.remove(at);
      }
      return -1;
    };
  }

  /** Threads of one measurement. What fails in one ends it. */
  private static final class Threads {
    final AtomicReference<Throwable> failure = new AtomicReference<>();
    final CountDownLatch failed = new CountDownLatch(1);
    final List<Thread> all = new ArrayList<>();
    volatile boolean stop;

    interface Body {
      void run() throws Exception;
    }

    void start(Body body) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  body.run();
                } catch (Exception | Error e) {
                  failure.compareAndSet(null, e);
                  failed.countDown();
                }
              });
      thread.setDaemon(true);
      all.add(thread);
      thread.start();
    }

    void await(long nanos) throws Exception {
      if (failed.await(nanos, TimeUnit.NANOSECONDS)) {
        throw new IllegalStateException("a thread failed", failure.get());
      }
    }

    void join() throws Exception {
      for (Thread thread : all) {
        thread.join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
        if (thread.isAlive()) {
          throw new IllegalStateException("a thread is stuck: " + List.of(thread.getStackTrace()));
        }
      }
      await(0);
    }
  }

  /** GB/s of all readers together. */
  static double run(List<Writer> writers, List<? extends Reader> readers, long warm, long nanos)
      throws Exception {
    Threads threads = new Threads();
    List<AtomicLong> counts = new ArrayList<>();
    for (Reader reader : readers) {
      AtomicLong count = new AtomicLong();
      counts.add(count);
      threads.start(
          () -> {
            for (int n; (n = reader.read()) >= 0; ) {
              count.lazySet(count.getPlain() + n);
            }
          });
    }
    for (Writer writer : writers) {
      threads.start(
          () -> {
            while (!threads.stop) {
              writer.write();
            }
            writer.end();
          });
    }
    threads.await(warm);
    long before = sum(counts);
    long start = System.nanoTime();
    threads.await(nanos);
    double speed = (double) (sum(counts) - before) / (System.nanoTime() - start);
    threads.stop = true;
    threads.join();
    return speed;
  }

  private static long sum(List<AtomicLong> counts) {
    return counts.stream().mapToLong(AtomicLong::get).sum();
  }
}
