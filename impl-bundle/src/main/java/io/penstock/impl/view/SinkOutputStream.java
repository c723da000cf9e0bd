// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.StreamClosedException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.ByteSink;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** A sink as a stream. It has no state of its own, so any number of threads may use it. */
public final class SinkOutputStream extends OutputStream {
  private final ByteSink sink;
  private final Spare spare = new Spare();

  /** A view. */
  public SinkOutputStream(ByteSink sink) {
    this.sink = sink;
  }

  ByteSink sink() {
    return sink;
  }

  @Override
  public void write(int b) throws IOException {
    ByteBuffer one = spare.borrow();
    try {
      one.put(0, (byte) b);
      if (sink.write(one) == 0) {
        throw new WouldBlockException(sink.name(), "no room now", 0);
      }
    } finally {
      spare.giveBack(one);
    }
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    // Whole, as the stream idiom has it, and not interleaved with others.
    sink.writeFully(ByteBuffer.wrap(bytes, offset, length), sink.writeWait());
  }

  @Override
  public void flush() throws IOException {
    if (!sink.isOpen()) {
      throw new StreamClosedException(sink.name());
    }
  }

  @Override
  public void close() throws IOException {
    sink.close();
  }
}
