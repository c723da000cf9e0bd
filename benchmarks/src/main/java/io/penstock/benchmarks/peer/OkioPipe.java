// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.io.IOException;
import okio.Buffer;
import okio.Pipe;

/** Okio's pipe; both sides keep one buffer, whose segments come from Okio's pool. */
final class OkioPipe extends Conduit {
  private final Pipe pipe;
  private final Buffer from = Apart.of(Buffer::new);
  private final Buffer into = Apart.of(Buffer::new);

  OkioPipe(Shape shape) {
    super(shape);
    pipe = new Pipe(shape.buffer());
  }

  @Override
  public void write() throws IOException {
    pipe.sink().write(from.write(out), out.length);
  }

  @Override
  public int read() throws IOException {
    int n = (int) pipe.source().read(into, in.length);
    for (int done = 0; done < n; ) {
      // A segment at a time.
      done += into.read(in, done, n - done);
    }
    return n;
  }

  @Override
  public void end() throws IOException {
    pipe.sink().close();
  }

  /** Moves segments that share one immutable array: the pipe copies nothing. */
  static final class Giving implements HandOver {
    private final Pipe pipe = new Pipe(Shape.BUFFER);
    private final Buffer gift = new Buffer().write(new byte[SIZE]);
    private final Buffer from = Apart.of(Buffer::new);
    private final Buffer into = Apart.of(Buffer::new);

    @Override
    public void give() throws IOException {
      gift.copyTo(from, 0, SIZE);
      pipe.sink().write(from, SIZE);
    }

    @Override
    public int take() throws IOException {
      int n = (int) pipe.source().read(into, SIZE);
      into.clear();
      return n;
    }

    @Override
    public void end() throws IOException {
      pipe.sink().close();
    }
  }
}
