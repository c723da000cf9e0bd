// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor of any kind in the hands of channels of the JDK's, which read, write and select it.
 * Calls that need its number are made here, and never after the close: the number may be somebody
 * else's then. Safe for use by any thread.
 */
public final class Adopted implements Closeable {
  /** Makes a call. */
  @FunctionalInterface
  public interface Call {
    /** Returns what the call does, with the descriptor's present number. */
    int make(int fd);
  }

  private final Posix calls;
  private final Pipe.@Nullable SourceChannel input;
  private final Pipe.@Nullable SinkChannel output;

  /** The numbers under which they have it, of use while they are open. */
  private final int inputNumber;

  private final int outputNumber;

  /** A copy, to make it blocking again; -1 where it was not blocking. */
  private final int shared;

  private final int flags;

  /** Held for a call that does not wait. */
  private final ReentrantLock lock = new ReentrantLock();

  private boolean closed;
  private boolean inputClosed;
  private boolean outputClosed;
  private boolean detached;

  Adopted(
      Posix calls,
      Pipe.@Nullable SourceChannel input,
      Pipe.@Nullable SinkChannel output,
      int inputNumber,
      int outputNumber,
      int shared,
      int flags) {
    this.calls = calls;
    this.input = input;
    this.output = output;
    this.inputNumber = inputNumber;
    this.outputNumber = outputNumber;
    this.inputClosed = input == null;
    this.outputClosed = output == null;
    this.shared = shared;
    this.flags = flags;
  }

  /** Makes native calls. */
  public Posix calls() {
    return calls;
  }

  /** Reads and selects it; null where it is for writing only. */
  public Pipe.@Nullable SourceChannel input() {
    return input;
  }

  /** Writes and selects it; null where it is for reading only. */
  public Pipe.@Nullable SinkChannel output() {
    return output;
  }

  /** Whether the close has not begun. */
  public boolean isOpen() {
    lock.lock();
    try {
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes a call that does not wait.
   *
   * @param call gets the number
   * @return what the call answered, -errno included
   * @throws ClosedChannelException after the close
   */
  public int call(Call call) throws ClosedChannelException {
    lock.lock();
    try {
      // Both are before all is: the close of the second is under way.
      if (closed || (inputClosed && outputClosed)) {
        throw new ClosedChannelException();
      }
      return call.make(inputClosed ? outputNumber : inputNumber);
    } finally {
      lock.unlock();
    }
  }

  /**
   * An option of a socket that is a number.
   *
   * @return its value, or -errno
   */
  public int option(int level, int option) throws ClosedChannelException {
    ByteBuffer memory = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).putInt(4, 4);
    int result =
        calls.with(memory, at -> call(fd -> calls.getsockopt(fd, level, option, at, at + 4)));
    return result < 0 ? result : memory.getInt(0);
  }

  /**
   * A copy of the descriptor.
   *
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws ClosedChannelException after the close
   */
  public Descriptor duplicate() throws IOException {
    int copy = call(fd -> calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, 0));
    return new Descriptor(calls, Descriptor.checkCopy(copy));
  }

  /** Leaves it non-blocking after the close, for the owner of a copy. */
  public void detach() {
    lock.lock();
    try {
      detached = true;
    } finally {
      lock.unlock();
    }
  }

  private boolean isDetached() {
    lock.lock();
    try {
      return detached;
    } finally {
      lock.unlock();
    }
  }

  /** Closes what reads it, and everything if nothing writes it any more. */
  public void closeInput() throws IOException {
    boolean last;
    lock.lock();
    try {
      inputClosed = true;
      last = outputClosed;
    } finally {
      lock.unlock();
    }
    if (last) {
      close();
    } else if (input != null) {
      input.close();
    }
  }

  /** Closes what writes it, and everything if nothing reads it any more. */
  public void closeOutput() throws IOException {
    boolean last;
    lock.lock();
    try {
      outputClosed = true;
      last = inputClosed;
    } finally {
      lock.unlock();
    }
    if (last) {
      close();
    } else if (output != null) {
      output.close();
    }
  }

  /** Gives everything back; another owner of the descriptor finds it blocking, if it was. */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    try {
      if (output != null) {
        output.close();
      }
    } finally {
      try {
        if (input != null) {
          input.close();
        }
      } finally {
        // Not before the channels are closed: a call of theirs would wait then.
        if (shared >= 0) {
          if (!isDetached()) {
            calls.fcntl(shared, Linux.F_SETFL, flags);
          }
          calls.close(shared);
        }
      }
    }
  }
}
