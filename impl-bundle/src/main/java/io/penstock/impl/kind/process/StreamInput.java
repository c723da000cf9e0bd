// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.blocking.BlockingInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** The JDK's stream from a child. */
final class StreamInput implements BlockingInput {
  private final InputStream stream;

  StreamInput(InputStream stream) {
    this.stream = stream;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    int n = stream.read(dst.array(), dst.arrayOffset() + dst.position(), dst.remaining());
    if (n > 0) {
      dst.position(dst.position() + n);
    }
    return n;
  }

  @Override
  public int waiting() throws IOException {
    return stream.available();
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
