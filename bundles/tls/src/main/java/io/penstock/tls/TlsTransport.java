// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The channel below as the library sees it. Between the two lie many records each way, so that
 * there is one system call for all of them. Guarded by the lock of the connection.
 */
final class TlsTransport implements ByteChannel {
  /**
   * How much may wait to be sent before no more is taken. It bounds the answers that a peer can
   * provoke.
   */
  private static final int FULL = 2 * BufferStock.BATCH;

  private final SourceDriver source;
  private final SinkDriver sink;
  private final Borrowed buffers;
  private final Supplier<String> name;

  private @Nullable ByteBuffer in;
  private @Nullable ByteBuffer out;
  private boolean mayRead;
  private int readAhead = BufferStock.RECORD;
  private boolean dry;
  private boolean ended;
  private long heard;
  private @Nullable IOException readFailure;
  private @Nullable IOException writeFailure;
  private int waiting;
  // The value when the lock was last released: code that reads it in between is not notified
  // afterwards.
  private volatile int unsent;
  private volatile long dropped;

  TlsTransport(SourceDriver source, SinkDriver sink, Borrowed buffers, Supplier<String> name) {
    this.source = source;
    this.sink = sink;
    this.buffers = buffers;
    this.name = name;
  }

  // ---- reading

  /**
   * Says whether the next reads may ask the channel below, or use only what it gave already.
   *
   * @param size how many bytes to ask for at once
   */
  void mayRead(boolean value, int size) {
    mayRead = value;
    dry = false;
    readAhead =
        Math.max(BufferStock.RECORD, Math.min(size, buffers.scarce() ? 0 : BufferStock.BATCH));
  }

  /** Whether the channel below has ended. */
  boolean ended() {
    return ended;
  }

  /** How many bytes the channel below has given. */
  long heard() {
    return heard;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    ByteBuffer ahead = in;
    if (ahead == null) {
      if (readFailure != null) {
        throw readFailure;
      }
      if (ended) {
        return -1;
      }
      if (!mayRead || dry) {
        return 0;
      }
      ahead = fill();
      if (ahead == null) {
        return ended ? -1 : 0;
      }
    }
    int n = Math.min(ahead.remaining(), dst.remaining());
    dst.put(dst.position(), ahead, ahead.position(), n).position(dst.position() + n);
    ahead.position(ahead.position() + n);
    if (!ahead.hasRemaining()) {
      in = null;
      buffers.free(ahead);
    }
    return n;
  }

  private @Nullable ByteBuffer fill() throws IOException {
    ByteBuffer fresh = buffers.transport(readAhead);
    int n;
    try {
      n = source.read(fresh);
    } catch (IOException e) {
      buffers.free(fresh);
      readFailure = renamed(e);
      throw readFailure;
    }
    if (n > 0) {
      heard += n;
      in = fresh.flip();
      return fresh;
    }
    buffers.free(fresh);
    dry = true;
    ended = n < 0;
    return null;
  }

  // ---- writing

  /** Bytes that are encrypted and have not left yet. Any thread. */
  int unsent() {
    return unsent;
  }

  /**
   * Publishes how many bytes have not left.
   *
   * @return whether everything has, and had not before
   */
  boolean publish() {
    boolean emptied = waiting == 0 && unsent > 0;
    if (unsent != waiting) {
      unsent = waiting;
    }
    return emptied;
  }

  /** Whether something that is encrypted waits for room below. */
  boolean blocked() {
    return waiting > 0;
  }

  /** Bytes that were encrypted and will never leave. Any thread. */
  long dropped() {
    return dropped;
  }

  /** Makes room for so many bytes at once, if there is none yet. */
  void expect(int size) {
    if (out == null) {
      out = buffers.transport(size);
    }
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    if (writeFailure != null) {
      throw writeFailure;
    }
    return waiting > FULL ? 0 : append(src);
  }

  /** Takes bytes however many wait already. */
  int append(ByteBuffer src) {
    int n = src.remaining();
    ByteBuffer pending = out;
    if (pending == null) {
      pending = buffers.transport(n);
    } else if (pending.remaining() < n) {
      ByteBuffer wider =
          buffers.transport(Math.max(pending.position() + n, 2 * pending.capacity()));
      wider.put(pending.flip());
      buffers.free(pending);
      pending = wider;
    }
    pending.put(src);
    out = pending;
    waiting = pending.position();
    return n;
  }

  /**
   * Hands what is encrypted to the channel below.
   *
   * @return whether all of it went
   */
  boolean flush() throws IOException {
    if (writeFailure != null) {
      throw writeFailure;
    }
    ByteBuffer pending = out;
    if (pending == null) {
      return true;
    }
    pending.flip();
    // A callback that reports room below, while this runs, must see that bytes wait for it.
    unsent = pending.remaining();
    try {
      int n = 1;
      while (n > 0 && pending.hasRemaining()) {
        n = sink.write(pending);
      }
    } catch (IOException e) {
      writeFailure = renamed(e);
      drop(pending, pending.remaining());
      throw writeFailure;
    }
    if (pending.hasRemaining()) {
      pending.compact();
      waiting = pending.position();
      return false;
    }
    release(pending);
    return true;
  }

  private void drop(ByteBuffer pending, int count) {
    long before = dropped;
    dropped = before + count;
    release(pending);
  }

  private void release(ByteBuffer pending) {
    out = null;
    waiting = 0;
    buffers.free(pending);
  }

  /** Checks that the channel below still takes bytes; throws if not. */
  void ask() throws IOException {
    if (writeFailure != null) {
      throw writeFailure;
    }
    try {
      int unused = sink.write(ByteBuffer.allocate(0));
    } catch (IOException e) {
      throw renamed(e);
    }
  }

  // ---- the rest

  /** Lets go of everything. */
  void clear() {
    ByteBuffer ahead = in;
    in = null;
    if (ahead != null) {
      buffers.free(ahead);
    }
    ByteBuffer pending = out;
    if (pending != null) {
      drop(pending, pending.position());
    }
  }

  /** Bytes that were read ahead are no longer wanted. */
  void clearInput() {
    ByteBuffer ahead = in;
    in = null;
    ended = true;
    if (ahead != null) {
      buffers.free(ahead);
    }
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  /** The library never closes us: how a connection ends is not its decision. */
  @Override
  public void close() {
    throw new IllegalStateException(name.get() + ": the library must not close the transport");
  }

  /** The failure of the channel below, under the name of the one above. */
  private IOException renamed(IOException failure) {
    String mine = name.get();
    if (!(failure instanceof StreamFault fault) || fault.stream().equals(mine)) {
      return failure;
    }
    String message = String.valueOf(failure.getMessage());
    String prefix = fault.stream() + ": ";
    String what = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    IOException fresh;
    if (failure instanceof ConnectionResetException) {
      fresh = new ConnectionResetException(mine, what, fault.count());
    } else if (failure instanceof BrokenPipeException) {
      fresh = new BrokenPipeException(mine, what, fault.count());
    } else if (failure instanceof StreamClosedException) {
      fresh = new StreamClosedException(mine);
    } else {
      return failure;
    }
    fresh.initCause(failure.getCause());
    return fresh;
  }
}
