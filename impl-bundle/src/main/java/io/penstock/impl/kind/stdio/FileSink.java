// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.error.BrokenPipeException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.spi.SinkDriver;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Standard output that is always ready: a file, written where its shared offset is, or at its end
 * if the shell says so; or the null device.
 */
final class FileSink implements SinkDriver {
  private static final int PIECE = 64 * 1024;

  private final String name;

  // Its channel would be closed by an interrupt.
  private final FileOutputStream file = new FileOutputStream(FileDescriptor.out);

  FileSink(String name) {
    this.name = name;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    int n = Math.min(PIECE, src.remaining());
    if (!FileDescriptor.out.valid()) {
      throw new BrokenPipeException(name, "standard output was closed before", 0);
    }
    try {
      if (src.hasArray()) {
        file.write(src.array(), src.arrayOffset() + src.position(), n);
      } else {
        byte[] piece = new byte[n];
        src.get(src.position(), piece);
        file.write(piece);
      }
    } catch (IOException e) {
      throw new IOException(name + ": " + Failures.reason(e), e);
    }
    src.position(src.position() + n);
    return n;
  }

  @Override
  public void end() {
    // What was written is the system's.
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public void onReady(Runnable ready) {
    // Always ready.
  }

  @Override
  public void close() {
    // The process keeps its descriptor.
  }
}
