// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;

/** java.nio's, which is one of the system; its buffer is the system's, 64 KiB on Linux. */
final class NioPipe extends Conduit {
  private final Pipe pipe = Pipe.open();
  private final ByteBuffer from = Apart.of(() -> ByteBuffer.wrap(out));
  private final ByteBuffer into = Apart.of(() -> ByteBuffer.wrap(in));

  NioPipe(Shape shape) throws IOException {
    super(shape);
  }

  @Override
  public void write() throws IOException {
    from.clear();
    while (from.hasRemaining()) {
      pipe.sink().write(from);
    }
  }

  @Override
  public int read() throws IOException {
    return pipe.source().read(into.clear());
  }

  @Override
  public void end() throws IOException {
    pipe.sink().close();
  }

  @Override
  public void close() throws IOException {
    pipe.source().close();
  }
}
