// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.ready;

import io.penstock.impl.kind.support.AbortableSource;
import io.penstock.impl.kind.support.Failures;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A descriptor of the process that is always ready: a file, from where its shared offset is, or the
 * null device. Closing it leaves the descriptor alone.
 */
public final class FileSource implements AbortableSource {
  private static final int PIECE = 64 * 1024;

  private final String name;

  // Its channel would be closed by an interrupt.
  private final FileInputStream file;
  private volatile boolean ended;

  /**
   * Reads a descriptor.
   *
   * @param name of the channel
   * @param descriptor the descriptor
   */
  public FileSource(String name, FileDescriptor descriptor) {
    this.name = name;
    this.file = new FileInputStream(descriptor);
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    if (ended) {
      return -1;
    }
    int most = Math.min(PIECE, dst.remaining());
    try {
      int n;
      if (dst.hasArray()) {
        n = file.read(dst.array(), dst.arrayOffset() + dst.position(), most);
        dst.position(dst.position() + Math.max(0, n));
      } else {
        byte[] piece = new byte[most];
        n = file.read(piece);
        dst.put(piece, 0, Math.max(0, n));
      }
      ended = n < 0;
      return n;
    } catch (IOException e) {
      throw new IOException(name + ": " + Failures.reason(e), e);
    }
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public boolean ended() {
    return ended;
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
    // Others may go on reading it.
  }
}
