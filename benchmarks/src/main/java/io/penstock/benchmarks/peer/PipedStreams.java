// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;

/** The streams of java.io, flushed after each write: without that a reader waits for a second. */
final class PipedStreams extends Conduit {
  private final PipedOutputStream sink = new PipedOutputStream();
  private final PipedInputStream source;

  PipedStreams(Shape shape) throws IOException {
    super(shape);
    source = new PipedInputStream(sink, shape.buffer());
  }

  @Override
  public void write() throws IOException {
    sink.write(out, 0, out.length);
    sink.flush();
  }

  @Override
  public int read() throws IOException {
    return source.read(in, 0, in.length);
  }

  @Override
  public void end() throws IOException {
    sink.close();
  }
}
