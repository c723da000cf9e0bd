// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.impl.kind.support.blocking.BlockingInput;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/**
 * Standard input, opened by the first read.
 *
 * <p>Closing it leaves the process's descriptor 0 alone, since others may go on reading it. Where
 * it could not be opened again (a socket), a read that waits cannot be ended: its thread stays
 * until bytes or the end come, and drops them.
 */
final class StandardInput implements BlockingInput {
  private final StandardChannel channel =
      new StandardChannel(0, StandardOpenOption.READ) {
        @Override
        FileChannel asItIs() {
          return new FileInputStream(FileDescriptor.in).getChannel();
        }
      };

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return channel.open().read(dst);
  }

  // What was opened again is the same, and this stream is never closed.
  @SuppressWarnings("resource")
  @Override
  public int waiting() throws IOException {
    return new FileInputStream(FileDescriptor.in).available();
  }

  @Override
  public void close() throws IOException {
    boolean unused = channel.release();
  }
}
