// SPDX-License-Identifier: Apache-2.0
package io.penstock.lincheck;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Both ends of a pipe whose waiting the checker can see: a thread that is parked spins, and when
 * all spin the checker says so. Needs no thread of an engine. A call comes to a number: what it
 * returned, or one of those below.
 */
final class Pair {
  static final int BROKEN = -2;
  static final int CLOSED = -3;
  static final int CUT = -4;
  static final int BLOCKED = -5;
  static final int WRONG = -8;

  /** Parks by spinning on a flag. */
  private static final class Flags implements Parker {
    private static final class Flag {
      private volatile boolean set;
    }

    private final Map<Thread, Flag> flags = new ConcurrentHashMap<>();

    void forget() {
      flags.clear();
    }

    private Flag flag(Thread thread) {
      return flags.computeIfAbsent(thread, t -> new Flag());
    }

    @Override
    public void park(Object blocker) {
      Flag flag = flag(Thread.currentThread());
      while (!flag.set) {
        Thread.onSpinWait();
      }
      flag.set = false;
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      park(blocker);
    }

    @Override
    public void unpark(Thread thread) {
      flag(thread).set = true;
    }

    @Override
    public void giveWay() {
      // Which thread runs next is for the checker to say.
    }

    @Override
    public long nanoTime() {
      // Time stands still: the order of steps is all that is looked at.
      return 0;
    }
  }

  private static final Flags FLAGS = new Flags();

  // Closed, so that what it has to do is done at once, in the calling thread.
  private static final Engine ENGINE = new Engine(FLAGS);

  // Kept, or its level would be forgotten with it.
  private static final Logger LOGGER = Logger.getLogger("io.penstock");

  static {
    ENGINE.close();
    // Logging is not what is looked at; and its classes must be there before the checker watches.
    LOGGER.setLevel(Level.OFF);
    System.getLogger("io.penstock").log(System.Logger.Level.WARNING, "{0}: off", "p");
  }

  /** Does what is done once before the checker watches. */
  static void prepare() {
    Pair pair = filled(1, 1);
    pair.closeSource();
    pair.closeSink();
    pair.abort();
  }

  final MemoryPipe memory;
  final SourceEnd source;
  final SinkEnd sink;

  /** An empty pipe. */
  Pair(int capacity) {
    FLAGS.forget();
    this.memory = new MemoryPipe("p", capacity, false);
    this.source = new SourceEnd("p", ENGINE, Wait.forever(), memory.source());
    this.sink = new SinkEnd("p", ENGINE, Wait.forever(), memory.sink());
  }

  /** A pipe that holds bytes numbered from 1. */
  static Pair filled(int capacity, int size) {
    Pair pair = new Pair(capacity);
    if (pair.write(1, size, Wait.none()) != size) {
      throw new AssertionError("could not write " + size + " bytes");
    }
    return pair;
  }

  interface Call {
    int make() throws IOException;
  }

  static int number(Call call) {
    try {
      return call.make();
    } catch (BrokenPipeException e) {
      return BROKEN;
    } catch (ClosedChannelException e) {
      return CLOSED;
    } catch (WouldBlockException | StreamTimeoutException e) {
      return BLOCKED;
    } catch (IOException e) {
      return CUT;
    }
  }

  int write(int first, int size, Wait wait) {
    ByteBuffer src = ByteBuffer.allocate(size);
    for (int i = 0; i < size; i++) {
      src.put(i, (byte) (first + i));
    }
    return number(() -> sink.write(src, wait));
  }

  int give(int value, Wait wait) {
    ByteBuffer one = ByteBuffer.allocate(1).put(0, (byte) value);
    return number(() -> sink.give(one, wait));
  }

  /** Reads one byte and tells its value, and a hundred. */
  int readOne(Wait wait) {
    ByteBuffer dst = ByteBuffer.allocate(1);
    int n = number(() -> source.read(dst, wait));
    return n == 1 ? 100 + dst.get(0) : n;
  }

  int end() {
    return number(
        () -> {
          sink.end();
          return 0;
        });
  }

  int closeSource() {
    return number(
        () -> {
          source.close();
          return 0;
        });
  }

  int closeSink() {
    return number(
        () -> {
          sink.close();
          return 0;
        });
  }

  void abort() {
    memory.abort(new IOException("planned"));
  }
}
