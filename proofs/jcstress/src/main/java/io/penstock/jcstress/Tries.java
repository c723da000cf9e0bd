// SPDX-License-Identifier: Apache-2.0
package io.penstock.jcstress;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;

/** What the tests have in common: pipes that park at once, and exceptions as numbers. */
final class Tries {
  static final int BROKEN = -2;
  static final int CLOSED = -3;
  static final int CUT = -4;
  static final int BLOCKED = -5;

  /** The wrong bytes. */
  static final int WRONG = -8;

  /** Who waited was not woken. */
  static final int LOST = -9;

  private static final class Planned extends IOException {
    private static final long serialVersionUID = 1;
  }

  private static final Engine ENGINE = new Engine(new SpinningParker());

  // Kept, or its level would be forgotten with it.
  private static final Logger LOGGER = Logger.getLogger("io.penstock");

  static {
    // Dropped bytes are warned of, millions of times.
    LOGGER.setLevel(Level.OFF);
  }

  /** A driver that holds bytes numbered from 1. */
  static MemoryPipe driver(int capacity) {
    return driver(capacity, new AtomicLong());
  }

  /**
   * The same.
   *
   * @param kept counts its memory
   */
  static MemoryPipe driver(int capacity, AtomicLong kept) {
    MemoryPipe memory = new MemoryPipe(capacity, false);
    memory.countTo(kept::addAndGet);
    check(capacity, number(() -> memory.sink().write(bytes(1, capacity))));
    return memory;
  }

  /** A call. */
  interface Try {
    int make() throws IOException;
  }

  private Tries() {}

  /** Lets some nanoseconds pass, so that two threads meet now here and now there. */
  static void burn(int steps) {
    int x = 1;
    for (int i = 0; i < steps; i++) {
      x = x * 31 + i | 1;
    }
    if (x == 0) {
      throw new AssertionError("an odd number is 0");
    }
  }

  /** An empty pipe whose callers are parked without spinning before. */
  static DrivenPipe pipe(int capacity) {
    return new DrivenPipe(options(capacity), ENGINE);
  }

  private static PipeOptions options(int capacity) {
    return PipeOptions.defaults().withName("p").withCapacity(capacity).withSpin(Duration.ZERO);
  }

  /** The same, whose callers look again for a moment first. */
  static DrivenPipe looking(int capacity) {
    return new DrivenPipe(options(capacity).withSpin(Duration.ofNanos(100)), ENGINE);
  }

  /** An empty pipe without looks, declared to have one writer and one reader. */
  static DrivenPipe declared(int capacity) {
    return new DrivenPipe(
        options(capacity).withWriters(PipeOptions.Callers.ONE).withReaders(PipeOptions.Callers.ONE),
        ENGINE);
  }

  /** A pipe that holds bytes numbered from 1. */
  static DrivenPipe filled(int capacity, int size) {
    DrivenPipe pipe = pipe(capacity);
    check(size, number(() -> pipe.sink().write(bytes(1, size), Wait.none())));
    return pipe;
  }

  /** An empty pipe whose next bytes go to a later place of its buffer. */
  static DrivenPipe advanced(int capacity, int place) {
    DrivenPipe pipe = filled(capacity, place);
    check(place, number(() -> pipe.source().read(ByteBuffer.allocate(place), Wait.none())));
    return pipe;
  }

  private static void check(int expected, int actual) {
    if (expected != actual) {
      throw new AssertionError("expected " + expected + ", not " + actual);
    }
  }

  /** What a call returned, or the number of what it threw. */
  static int number(Try call) {
    try {
      return call.make();
    } catch (BrokenPipeException e) {
      return BROKEN;
    } catch (ClosedChannelException e) {
      return CLOSED;
    } catch (WouldBlockException | StreamTimeoutException e) {
      return BLOCKED;
    } catch (SpinningParker.LostWakeUp e) {
      return LOST;
    } catch (IOException e) {
      for (Throwable inner = e; inner != null; inner = inner.getCause()) {
        if (inner instanceof Planned) {
          return CUT;
        }
      }
      throw new AssertionError(e);
    }
  }

  /** Cuts a pipe, for which a call gets {@link #CUT}. */
  static void abort(DrivenPipe pipe) {
    pipe.abort(new Planned());
  }

  static void abort(MemoryPipe pipe) {
    pipe.abort(new Planned());
  }

  /** Bytes numbered from a first one on. */
  static ByteBuffer bytes(int first, int size) {
    ByteBuffer bytes = ByteBuffer.allocate(size);
    for (int i = 0; i < size; i++) {
      bytes.put(i, (byte) (first + i));
    }
    return bytes;
  }

  /** How many bytes a read got, if they are numbered from a first one on. */
  static int inOrder(ByteBuffer dst, int first, int n) {
    for (int i = 0; i < n; i++) {
      if (dst.get(i) != (byte) (first + i)) {
        return WRONG;
      }
    }
    return n;
  }

  /** Reads what is there, which must be numbered from a first byte on. */
  static int read(DrivenPipe pipe, int first, int size, Wait wait) {
    ByteBuffer dst = ByteBuffer.allocate(size);
    int n = number(() -> pipe.source().read(dst, wait));
    return n > 0 ? inOrder(dst, first, n) : n;
  }

  static int read(DrivenPipe pipe, int first, int size) {
    return read(pipe, first, size, Wait.none());
  }

  /** Writes what there is room for. */
  static int write(DrivenPipe pipe, int first, int size, Wait wait) {
    ByteBuffer src = bytes(first, size);
    return number(() -> pipe.sink().write(src, wait));
  }

  static int write(DrivenPipe pipe, int first, int size) {
    return write(pipe, first, size, Wait.none());
  }
}
