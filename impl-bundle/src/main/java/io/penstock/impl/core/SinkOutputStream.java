// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** A sink as a stream. */
final class SinkOutputStream extends OutputStream {
  private final SinkEnd sink;

  SinkOutputStream(SinkEnd sink) {
    this.sink = sink;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    ByteBuffer left = ByteBuffer.wrap(bytes, offset, length);
    // Whole, as the stream idiom has it, and not interleaved with others.
    sink.writeFully(left, sink.writeWait());
  }

  @Override
  public void flush() throws IOException {
    if (!sink.isOpen()) {
      throw sink.closedFault(false);
    }
  }

  @Override
  public void close() throws IOException {
    sink.close();
  }
}
