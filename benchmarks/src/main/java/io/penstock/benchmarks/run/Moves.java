// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.HandOver;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.concurrent.Semaphore;

/**
 * A process in which two threads move bytes by one peer, for a moment each time that it is asked.
 * Between two moments both are parked, so that other processes can take turns with it. A line of
 * input is a number of milliseconds; the answer are the numbers that it has found, in a line.
 */
public final class Moves {
  /** What is moved. */
  enum What {
    /** Chunks: GB/s. */
    CHUNKS,
    /** A byte there and another one back: percentiles 50 and 99, in ns. */
    TRIPS,
    /** Arrays that nobody copies: ns for each. */
    ARRAYS
  }

  /** Of a first moment, to learn how many fit into one. */
  private static final int FIRST = 64;

  /** How many trips are kept of a moment. */
  private static final int MOST_TRIPS = 1 << 17;

  /** What the two threads do. */
  private interface Work {
    /** Begins each of so many moves. */
    void lead(int count) throws Exception;

    /** The other side of them. */
    void follow(int count) throws Exception;

    /** What came of them. */
    double[] answer(int count, long nanos);
  }

  private final Work work;
  private final Semaphore begins = new Semaphore(0);
  private final Semaphore ends = new Semaphore(0);
  private volatile int count;
  private double perNano;

  private Moves(Work work) {
    this.work = work;
  }

  /**
   * Answers until its input ends.
   *
   * @param arguments what, the peer, bytes of a chunk, what Penstock is told of its threads
   */
  public static void main(String[] arguments) throws Exception {
    Peer peer = Peer.valueOf(arguments[1]);
    int chunk = Integer.parseInt(arguments[2]);
    Shape shape = new Shape(chunk, Shape.BUFFER, Shape.Users.valueOf(arguments[3]), false);
    Moves moves =
        new Moves(
            switch (What.valueOf(arguments[0])) {
              case CHUNKS -> chunks(peer.open(shape), chunk);
              case TRIPS -> new Trips(peer.open(shape), peer.open(shape));
              case ARRAYS -> arrays(peer.openHandOver());
            });
    start(moves::follow);
    start(moves::answerAll).join();
    System.exit(0);
  }

  private interface Endless {
    void run() throws Exception;
  }

  /** A failure ends the process: the other side would wait for ever. */
  private static Thread start(Endless task) throws ReflectiveOperationException {
    return Partner.thread(
        () -> {
          try {
            task.run();
          } catch (Throwable e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
          }
        });
  }

  private void follow() throws Exception {
    while (true) {
      begins.acquire();
      work.follow(count);
      ends.release();
    }
  }

  private void answerAll() throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    int moves = FIRST;
    for (String line; (line = input.readLine()) != null; ) {
      long nanos = Integer.parseInt(line) * 1_000_000L;
      // Until one has taken so long: what was learned cold says little.
      long took = 0;
      double[] answer = {};
      do {
        moves = perNano == 0 ? FIRST : (int) Math.max(1, Math.min(1e9, perNano * (nanos - took)));
        answer = move(moves);
        took += (long) (moves / perNano);
      } while (took < nanos / 2);
      StringBuilder text = new StringBuilder();
      for (double number : answer) {
        text.append(text.length() == 0 ? "" : " ").append(number);
      }
      System.out.println(text);
    }
  }

  private double[] move(int moves) throws Exception {
    count = moves;
    long start = System.nanoTime();
    begins.release();
    work.lead(moves);
    ends.acquire();
    long took = Math.max(1, System.nanoTime() - start);
    perNano = (double) moves / took;
    return work.answer(moves, took);
  }

  private static Work chunks(Conduit conduit, int chunk) {
    return new Work() {
      @Override
      public void lead(int count) throws Exception {
        for (int i = 0; i < count; i++) {
          conduit.change();
          conduit.write();
        }
      }

      @Override
      public void follow(int count) throws Exception {
        long left = (long) count * chunk;
        while (left > 0) {
          left -= got(conduit.read());
        }
      }

      @Override
      public double[] answer(int count, long nanos) {
        return new double[] {(double) count * chunk / nanos};
      }
    };
  }

  private static Work arrays(HandOver handOver) {
    return new Work() {
      @Override
      public void lead(int count) throws Exception {
        for (int i = 0; i < count; i++) {
          handOver.give();
        }
      }

      @Override
      public void follow(int count) throws Exception {
        long left = (long) count * HandOver.SIZE;
        while (left > 0) {
          left -= got(handOver.take());
        }
      }

      @Override
      public double[] answer(int count, long nanos) {
        return new double[] {(double) nanos / count};
      }
    };
  }

  private static int got(int n) throws IOException {
    if (n <= 0) {
      throw new IOException("got " + n + ", expected bytes");
    }
    return n;
  }

  /** One byte there, and another one back. */
  private static final class Trips implements Work {
    private final Conduit there;
    private final Conduit back;
    private final long[] took = new long[MOST_TRIPS];

    Trips(Conduit there, Conduit back) {
      this.there = there;
      this.back = back;
    }

    @Override
    public void lead(int count) throws Exception {
      for (int i = 0; i < count; i++) {
        long start = System.nanoTime();
        there.out[0] = (byte) i;
        there.write();
        int n = back.read();
        took[i & (MOST_TRIPS - 1)] = System.nanoTime() - start;
        if (n != 1 || back.in[0] != (byte) i) {
          throw new IOException("got " + n + " bytes and " + back.in[0] + " back for " + (byte) i);
        }
      }
    }

    @Override
    public void follow(int count) throws Exception {
      for (int i = 0; i < count; i++) {
        int unused = got(there.read());
        back.out[0] = there.in[0];
        back.write();
      }
    }

    @Override
    public double[] answer(int count, long nanos) {
      int kept = Math.min(count, MOST_TRIPS);
      Arrays.sort(took, 0, kept);
      return new double[] {took[kept / 2], took[(int) (kept * .99)]};
    }
  }
}
