// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.ready;

import io.penstock.error.BrokenPipeException;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.Failures;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A descriptor of the process that is always ready: a file, written where its shared offset is, or
 * at its end if the shell says so; or the null device. Closing it leaves the descriptor alone.
 */
public final class FileSink implements AbortableSink {
  private static final int PIECE = 64 * 1024;

  private final String name;
  private final String what;
  private final FileDescriptor descriptor;

  // Its channel would be closed by an interrupt.
  private final FileOutputStream file;

  /**
   * Writes to a descriptor.
   *
   * @param name of the channel
   * @param descriptor the descriptor
   * @param what it is, for messages
   */
  public FileSink(String name, FileDescriptor descriptor, String what) {
    this.name = name;
    this.what = what;
    this.descriptor = descriptor;
    this.file = new FileOutputStream(descriptor);
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    int n = Math.min(PIECE, src.remaining());
    if (!descriptor.valid()) {
      throw new BrokenPipeException(name, what + " was closed before", 0);
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
  public void abort(Throwable cause) {
    // As a close.
  }

  @Override
  public void close() {
    // The process keeps its descriptor.
  }
}
