// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Copies of descriptors on their way into a socket, until they are in it. Safe for use by any
 * thread.
 */
public final class Cargo implements Closeable {
  private final Posix calls;
  private final int[] copies;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean sent;
  private boolean closed;

  /**
   * Copies descriptors.
   *
   * @param descriptors stay the caller's
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws java.nio.channels.ClosedChannelException if one is closed
   */
  public Cargo(List<Descriptor> descriptors) throws IOException {
    this.calls = descriptors.get(0).calls();
    int[] made = new int[descriptors.size()];
    int count = 0;
    try {
      for (Descriptor each : descriptors) {
        each.neverWait();
        made[count] = each.duplicateNumber();
        count++;
      }
    } finally {
      if (count < made.length) {
        for (int i = 0; i < count; i++) {
          calls.close(made[i]);
        }
      }
    }
    this.copies = made;
  }

  /** Whether they have gone. */
  public boolean isSent() {
    lock.lock();
    try {
      return sent;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends them with bytes. Never waits.
   *
   * @return how many bytes went, or -errno
   */
  public int send(Adopted socket, Message message, long bytes, int length) throws IOException {
    lock.lock();
    try {
      if (closed) {
        // Cancelled meanwhile.
        throw new ClosedChannelException();
      }
      if (sent) {
        throw new IllegalStateException("handles are sent once");
      }
      int n = socket.call(fd -> message.send(fd, bytes, length, copies));
      sent = n > 0;
      return n;
    } finally {
      lock.unlock();
    }
  }

  /** Closes the copies. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    for (int each : copies) {
      calls.close(each);
    }
  }
}
