// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.impl.kind.support.blocking.BlockingOutput;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Standard output, opened by the first write.
 *
 * <p>Its end closes the process's descriptor 1 for good, because otherwise the reader would see no
 * end: the JDK puts the null device in its place, and {@code System.out} prints nothing any more. A
 * cut leaves the descriptor open, so that the reader does not take it for an end.
 */
final class StandardOutput implements BlockingOutput {
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable FileChannel channel;
  private boolean owned;
  private boolean closed;

  private FileChannel channel() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      FileChannel current = channel;
      if (current == null) {
        if (!FileDescriptor.out.valid()) {
          throw new IOException("broken pipe: standard output was closed before");
        }
        current = Reopened.open(1, StandardOpenOption.WRITE);
        owned = current != null;
        if (current == null) {
          // A regular file: written where its shared offset is, or at its end if the shell says so.
          current = new FileOutputStream(FileDescriptor.out).getChannel();
        }
        channel = current;
      }
      return current;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    return channel().write(src);
  }

  @Override
  public void end() throws IOException {
    if (release()) {
      new FileOutputStream(FileDescriptor.out).close();
    }
  }

  @Override
  public void cut() throws IOException {
    release();
  }

  /** Returns false when it was released before. */
  private boolean release() throws IOException {
    FileChannel release;
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      release = owned ? channel : null;
      channel = null;
    } finally {
      lock.unlock();
    }
    if (release != null) {
      release.close();
    }
    return true;
  }
}
