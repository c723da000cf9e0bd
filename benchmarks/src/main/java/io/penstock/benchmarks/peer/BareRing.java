// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What a side that may be parked cannot do without, and nothing else. It publishes by a locked
 * instruction, as one must that looks afterwards whether the other side is parked; and a call pays
 * for a turn, by one such instruction to take it and one to give it back. There is nobody to look
 * for, and nobody to wait for a turn: both threads spin, for ever.
 */
final class BareRing extends Conduit {
  /** What both sides publish, and whose turn it is, each amid lines of its own. */
  private static final class Words {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int APART = 32;
    private static final int WRITTEN = APART;
    private static final int CONSUMED = 2 * APART;
    private static final int WRITERS_TURN = 3 * APART;
    private static final int READERS_TURN = 4 * APART;

    private final long[] words = new long[5 * APART];

    long published(int word) {
      return (long) WORD.getAcquire(words, word);
    }

    void publish(int word, long before, long value) {
      if (!WORD.compareAndSet(words, word, before, value)) {
        throw new IllegalStateException("two threads on one side, expected one");
      }
    }

    /** Waits until a side has published something else. */
    long after(int word, long seen) {
      long now;
      while ((now = published(word)) == seen) {
        Thread.onSpinWait();
      }
      return now;
    }

    void enter(int turn) {
      publish(turn, 0, 1);
    }

    void exit(int turn) {
      publish(turn, 1, 0);
    }
  }

  /** In the writer's word. */
  private static final long END = 1L << 62;

  /** What one side knows of both. */
  private static final class Side {
    private long mine;
    private long seen;
  }

  private final Words words = new Words();
  private final byte[] ring;
  private final Side writer = Apart.of(Side::new);
  private final Side reader = Apart.of(Side::new);

  BareRing(Shape shape) {
    super(shape);
    ring = new byte[shape.buffer()];
  }

  @Override
  public void write() {
    words.enter(Words.WRITERS_TURN);
    for (int at = 0; at < out.length; ) {
      if (writer.mine - writer.seen == ring.length) {
        writer.seen = words.after(Words.CONSUMED, writer.seen);
      }
      int to = (int) writer.mine & (ring.length - 1);
      int n = (int) Math.min(ring.length - (writer.mine - writer.seen), out.length - at);
      n = Math.min(n, ring.length - to);
      System.arraycopy(out, at, ring, to, n);
      words.publish(Words.WRITTEN, writer.mine, writer.mine + n);
      writer.mine += n;
      at += n;
    }
    words.exit(Words.WRITERS_TURN);
  }

  @Override
  public int read() {
    words.enter(Words.READERS_TURN);
    try {
      if (reader.mine == reader.seen) {
        reader.seen = words.after(Words.WRITTEN, reader.seen);
        if (reader.seen == (reader.mine | END)) {
          reader.seen = reader.mine;
          return -1;
        }
        // The bytes before the end come first.
        reader.seen &= ~END;
      }
      int from = (int) reader.mine & (ring.length - 1);
      int n = (int) Math.min(reader.seen - reader.mine, in.length);
      n = Math.min(n, ring.length - from);
      System.arraycopy(ring, from, in, 0, n);
      words.publish(Words.CONSUMED, reader.mine, reader.mine + n);
      reader.mine += n;
      return n;
    } finally {
      words.exit(Words.READERS_TURN);
    }
  }

  @Override
  public void end() {
    words.publish(Words.WRITTEN, writer.mine, writer.mine | END);
  }

  /** Hands the array itself over. */
  static final class Giving implements HandOver {
    private static final byte[] END = {};

    private final Words words = new Words();
    private final byte[][] places = new byte[SLOTS][];
    private final byte[] gift = new byte[SIZE];
    private final Side giver = Apart.of(Side::new);
    private final Side taker = Apart.of(Side::new);

    private void put(byte[] array) {
      words.enter(Words.WRITERS_TURN);
      if (giver.mine - giver.seen == SLOTS) {
        giver.seen = words.after(Words.CONSUMED, giver.seen);
      }
      places[(int) giver.mine & (SLOTS - 1)] = array;
      words.publish(Words.WRITTEN, giver.mine, ++giver.mine);
      words.exit(Words.WRITERS_TURN);
    }

    @Override
    public void give() {
      put(gift);
    }

    @Override
    public int take() {
      words.enter(Words.READERS_TURN);
      if (taker.mine == taker.seen) {
        taker.seen = words.after(Words.WRITTEN, taker.seen);
      }
      byte[] got = places[(int) taker.mine & (SLOTS - 1)];
      words.publish(Words.CONSUMED, taker.mine, ++taker.mine);
      words.exit(Words.READERS_TURN);
      return got == END ? -1 : got.length;
    }

    @Override
    public void end() {
      put(END);
    }
  }
}
