// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * A pipe of the system's through which bytes go from one descriptor to another without a copy. The
 * calls come one at a time; {@link #close()} at any time.
 */
public final class SplicePipe implements Closeable {
  /** As much as a user without privileges may have, in bytes. */
  public static final int MOST = 1 << 20;

  private static final int FLAGS = Linux.SPLICE_F_MOVE | Linux.SPLICE_F_NONBLOCK;

  private final Posix calls;
  private final Descriptor read;
  private final Descriptor write;
  private final int size;
  private volatile int content;
  private volatile boolean refused;
  private volatile boolean closed;

  private SplicePipe(Posix calls, Descriptor read, Descriptor write, int size) {
    this.calls = calls;
    this.read = read;
    this.write = write;
    this.size = size;
  }

  /**
   * Makes one.
   *
   * @param size how many bytes it is to have room for, at most {@link #MOST}; rounded down to a
   *     power of two. The system's own size if it is 0.
   * @throws IOException if the system refuses
   */
  public static SplicePipe open(Posix calls, int size) throws IOException {
    ByteBuffer numbers = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    int flags = Linux.O_CLOEXEC | Linux.O_NONBLOCK;
    Linux.check("pipe2", calls.with(numbers, at -> calls.pipe2(at, flags)));
    Descriptor read;
    try {
      read = new Descriptor(calls, numbers.getInt(0));
    } catch (IOException | RuntimeException | Error e) {
      calls.close(numbers.getInt(4));
      throw e;
    }
    @Nullable Descriptor write = null;
    try {
      write = new Descriptor(calls, numbers.getInt(4));
      if (size > 0) {
        // Refused to a user that has too many large pipes already: then it stays as it is.
        int wanted = Integer.highestOneBit(Math.min(size, MOST));
        int unused = write.call(fd -> calls.fcntl(fd, Linux.F_SETPIPE_SZ, wanted));
      }
      int got = Linux.check("fcntl", write.call(fd -> calls.fcntl(fd, Linux.F_GETPIPE_SZ, 0)));
      return new SplicePipe(calls, read, write, got);
    } catch (IOException | RuntimeException | Error e) {
      read.close();
      if (write != null) {
        write.close();
      }
      throw e;
    }
  }

  /** How many bytes the system gave it room for. */
  public int size() {
    return size;
  }

  /** How many bytes are in it. */
  public int content() {
    return content;
  }

  /**
   * Moves what is there into it.
   *
   * @param from non-blocking
   * @param most bytes, 1 or more
   * @return how many bytes; 0 for nothing now, or if this system cannot, -1 if nothing more comes
   *     this way: at the end, and at urgent data of TCP that stands before the end
   * @throws java.nio.channels.ClosedChannelException after the close of either
   * @throws IOException if reading has failed; it names the reason
   */
  public int fill(Descriptor from, int most) throws IOException {
    int inside = content;
    int n = between(from, write, most);
    if (n == -Linux.EINVAL || n == -Linux.ENOSYS) {
      refused = true;
      return 0;
    }
    if (n == 0) {
      return -1;
    }
    int got = moved(n);
    content = inside + got;
    return got;
  }

  /** Whether this system cannot move bytes from such a descriptor. */
  public boolean isRefused() {
    return refused;
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return closed;
  }

  /**
   * Moves out of it what there is room for.
   *
   * @param to non-blocking
   * @return how many bytes; 0 for no room now
   * @throws java.nio.channels.ClosedChannelException after the close of either
   * @throws IOException if writing has failed; it names the reason
   */
  public int empty(Descriptor to) throws IOException {
    int most = content;
    int n = moved(between(read, to, most));
    content = most - n;
    return n;
  }

  private int between(Descriptor from, Descriptor to, int most) throws ClosedChannelException {
    return Descriptor.call(
        from, to, (source, sink) -> calls.splice(source, 0, sink, 0, most, FLAGS));
  }

  private static int moved(int result) throws IOException {
    return result == -Linux.EAGAIN || result == -Linux.EINTR ? 0 : Linux.check("splice", result);
  }

  /** Drops what is in it. Idempotent. */
  @Override
  public void close() {
    // First, because a call that is on its way fails from then on.
    closed = true;
    read.close();
    write.close();
  }
}
