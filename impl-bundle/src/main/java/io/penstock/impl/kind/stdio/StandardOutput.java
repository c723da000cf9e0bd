// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.impl.kind.support.blocking.BlockingOutput;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/**
 * Standard output, opened by the first write.
 *
 * <p>Its end closes the process's descriptor 1 for good, because otherwise the reader would see no
 * end: the JDK puts the null device in its place, and {@code System.out} prints nothing any more. A
 * cut leaves the descriptor open, so that the reader does not take it for an end.
 */
final class StandardOutput implements BlockingOutput {
  private final StandardChannel channel =
      new StandardChannel(1, StandardOpenOption.WRITE) {
        @Override
        void check() throws IOException {
          if (!FileDescriptor.out.valid()) {
            throw new IOException("broken pipe: standard output was closed before");
          }
        }

        @Override
        FileChannel asItIs() {
          // A regular file: written where its shared offset is, or at its end if the shell says so.
          return new FileOutputStream(FileDescriptor.out).getChannel();
        }
      };

  @Override
  public int write(ByteBuffer src) throws IOException {
    return channel.open().write(src);
  }

  @Override
  public void end() throws IOException {
    if (channel.release()) {
      new FileOutputStream(FileDescriptor.out).close();
    }
  }

  @Override
  public void cut() throws IOException {
    boolean unused = channel.release();
  }
}
