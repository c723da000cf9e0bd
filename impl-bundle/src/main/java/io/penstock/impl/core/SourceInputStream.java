// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.WouldBlockException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** A source as a stream. */
final class SourceInputStream extends InputStream {
  private final SourceEnd source;

  SourceInputStream(SourceEnd source) {
    this.source = source;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    int n = source.read(ByteBuffer.wrap(bytes, offset, length));
    if (n == 0) {
      throw new WouldBlockException(source.name(), "nothing to read now", 0);
    }
    return n;
  }

  @Override
  public int available() {
    return (int) Math.min(source.available(), Integer.MAX_VALUE);
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
