// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.error.EndOfStreamException;
import io.penstock.simulation.machine.Machine;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

/** One direction of a conversation: a writer, a reader, and what they owe each other. */
final class Talk {
  private static final Wait LONG = Wait.upTo(Duration.ofMinutes(10));

  private final World world;
  private final long stream;
  private final int size;
  private final int piece;
  private final String style;

  /** Whether a fault was planned: then an error may take the place of the end. */
  boolean faulty;

  /** Set when the reader has had all of it. */
  boolean whole;

  long written;

  private boolean finished;

  Talk(World world, String name, long stream) {
    this.world = world;
    this.style = name;
    this.stream = stream;
    this.size = world.plan.number(name + " bytes", 0, 4000);
    this.piece = world.plan.number(name + " piece", 1, 700);
  }

  private Wait wait1() {
    return world.dice.once(2) ? Wait.forever() : LONG;
  }

  // ---- writing

  /** Writes everything and ends; returns whether that went well. */
  boolean write(ByteSink sink) throws Exception {
    int way = world.plan.number(style + " writes", 0, 6);
    try {
      CompletionStage<Void> last = CompletableFuture.completedFuture(null);
      while (written < size) {
        int n = (int) Math.min(piece, size - written);
        ByteBuffer bytes = World.bytes(stream, written, n);
        int how = way == 6 ? world.dice.below(5) : way;
        switch (how) {
          case 0 -> written += sink.write(bytes, wait1());
          case 1 -> {
            sink.writeFully(bytes, wait1());
            written += n;
          }
          case 2 -> written += sink.give(bytes, wait1());
          case 3 -> {
            last = sink.writeAsync(bytes);
            written += n;
            if (world.dice.once(3)) {
              world.engine.execute(() -> {});
            }
          }
          case 4 -> {
            sink.awaitWritable(wait1());
            written += sink.write(bytes, Wait.none());
          }
          default -> written += signalled(sink, bytes);
        }
        world.pause(2_000_000);
      }
      if (world.dice.once(2)) {
        last.toCompletableFuture().get();
      }
      if (world.dice.once(2)) {
        sink.endAsync().toCompletableFuture().get();
      } else {
        sink.end();
      }
      if (world.dice.once(3)) {
        // Not before the end, for which a peer in readAll waits.
        sink.flush(LONG);
      }
      world.sim.note(style + ": " + written + " bytes written and ended");
      return true;
    } catch (IOException e) {
      world.typed(style + " writer", e);
      world.check(faulty, style + " writer met an error that nobody has planned: " + e);
      return false;
    } catch (java.util.concurrent.ExecutionException e) {
      world.check(
          faulty && e.getCause() instanceof IOException cause && World.typed(cause),
          style + " writer met an error that nobody has planned: " + e);
      return false;
    }
  }

  private int signalled(ByteSink sink, ByteBuffer bytes) throws Exception {
    CountDownLatch set = new CountDownLatch(1);
    Watch watch = sink.writable().onSet(world.engine, set::countDown);
    try {
      set.await();
      return sink.write(bytes, Wait.none());
    } finally {
      watch.close();
    }
  }

  // ---- reading

  /** Reads to the end; returns whether everything came. */
  boolean read(ByteSource source) throws Exception {
    try {
      return readToEnd(source);
    } finally {
      finished = true;
    }
  }

  private boolean readToEnd(ByteSource source) throws Exception {
    int way = world.plan.number(style + " reads", 0, 8);
    long[] at = {0};
    int empty = 0;
    boolean greedy = true;
    try {
      while (true) {
        int how = way == 8 ? world.dice.below(7) : way;
        int n = 1 + world.dice.below(2 * piece);
        boolean over;
        long before = at[0];
        switch (how) {
          case 0 -> over = some(source, n, wait1(), at);
          case 1 -> {
            ByteBuffer taken = source.take(n, wait1());
            over = taken == null;
            if (taken != null) {
              at[0] = world.verify(style, stream, at[0], taken);
            }
          }
          case 2 -> {
            int got =
                source.consume(
                    n,
                    bytes -> {
                      at[0] = world.verify(style, stream, at[0], bytes);
                      return;
                    },
                    wait1());
            over = got < 0;
          }
          case 3 -> {
            source.awaitReadable(wait1());
            over = some(source, n, Wait.none(), at);
          }
          case 4 -> {
            int exact = (int) Math.min(n, size - at[0]);
            ByteBuffer dst = ByteBuffer.allocate(exact);
            if (exact == 0) {
              over = some(source, n, wait1(), at);
            } else {
              source.readFully(dst, wait1());
              at[0] = world.verify(style, stream, at[0], dst.flip());
              over = false;
            }
          }
          case 5 -> {
            CountDownLatch set = new CountDownLatch(1);
            Watch watch = source.readable().onSet(world.engine, set::countDown);
            try {
              set.await();
              over = some(source, n, Wait.none(), at);
            } finally {
              watch.close();
            }
          }
          case 6 -> {
            if (greedy) {
              // More than there is: the end is met, and all is there for the next read.
              greedy = false;
              tooMuch(source, (int) (size - at[0]));
              over = false;
            } else {
              over = some(source, n, wait1(), at);
            }
          }
          default -> {
            at[0] = world.verify(style, stream, at[0], source.readAll(100_000, LONG));
            over = true;
          }
        }
        if (over) {
          world.sim.note(style + ": the end after " + at[0]);
          world.check(
              at[0] == size, style + " has ended after " + at[0] + " of " + size + " bytes");
          whole = true;
          return true;
        }
        empty = at[0] == before ? empty + 1 : 0;
        if (empty > 0) {
          // Ready, and nothing there: allowed, for a while.
          world.check(empty < 2000, style + " is told again and again of nothing");
        }
        world.pause(1_000_000);
      }
    } catch (IOException e) {
      world.typed(style + " reader", e);
      world.check(faulty, style + " reader met an error that nobody has planned: " + e);
      return false;
    }
  }

  private void tooMuch(ByteSource source, int left) throws IOException {
    try {
      source.readFully(ByteBuffer.allocate(left + 1), LONG);
      world.sim.fail(style + ": there are more bytes than were written");
    } catch (EndOfStreamException e) {
      world.check(
          e.count() == left,
          style + " was told of " + e.count() + " of " + left + " bytes at the end");
    }
  }

  /** Looks for the end while another reads: what comes by looking ahead stays in its place. */
  void look(ByteSource source) {
    for (int looks = 0; !finished && !source.ended(); looks++) {
      // A network that is down for long is no reason to look a million times.
      Machine.sleepNanos(1 + world.dice.below(looks < 200 ? 300_000 : 50_000_000));
    }
  }

  private boolean some(ByteSource source, int n, Wait wait, long[] at) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(n);
    int got = source.read(dst, wait);
    if (got > 0) {
      at[0] = world.verify(style, stream, at[0], dst.flip());
    }
    return got < 0;
  }

  /** How many bytes there are. */
  int size() {
    return size;
  }
}
