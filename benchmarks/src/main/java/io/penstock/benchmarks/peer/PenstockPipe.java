// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Penstock, as anybody uses it. */
final class PenstockPipe extends Conduit {
  private final Penstock penstock = Penstock.open();
  private final ByteSink sink;
  private final ByteSource source;
  private final ByteBuffer from = Apart.of(() -> ByteBuffer.wrap(out));
  private final ByteBuffer into = Apart.of(() -> ByteBuffer.wrap(in));

  PenstockPipe(Shape shape) {
    super(shape);
    Pipe pipe = penstock.pipes().create(options(shape));
    sink = pipe.sink();
    source = pipe.source();
  }

  private static PipeOptions options(Shape shape) {
    PipeOptions options =
        PipeOptions.defaults().withCapacity(shape.buffer()).withDirect(shape.direct());
    return switch (shape.users()) {
      case DEFAULT -> options;
      case ONE -> options.withWriters(PipeOptions.Callers.ONE).withReaders(PipeOptions.Callers.ONE);
    };
  }

  @Override
  public void write() throws IOException {
    from.clear();
    while (from.hasRemaining()) {
      sink.write(from);
    }
  }

  @Override
  public int read() throws IOException {
    return source.read(into.clear());
  }

  @Override
  public void end() throws IOException {
    sink.end();
  }

  @Override
  public void close() {
    penstock.close();
  }

  /**
   * Gives the array itself, by more buffers than can be on their way. They are given again, which a
   * user must not do: a new one for each array would measure the collector. Nobody moves their
   * positions, which would take a cache line from the other core once for each array.
   */
  static final class Giving implements HandOver {
    private final Penstock penstock = Penstock.open();
    private final ByteSink sink;
    private final ByteSource source;
    private final ByteBuffer[] gifts = new ByteBuffer[4 * SLOTS];
    private int next;

    Giving() {
      Pipe pipe = penstock.pipes().create(options(Shape.of(SIZE)));
      sink = pipe.sink();
      source = pipe.source();
      byte[] gift = new byte[SIZE];
      for (int i = 0; i < gifts.length; i++) {
        gifts[i] = ByteBuffer.wrap(gift);
      }
    }

    @Override
    public void give() throws IOException {
      sink.give(gifts[next++ & (gifts.length - 1)], Wait.forever());
    }

    @Override
    public int take() throws IOException {
      ByteBuffer got = source.take(SIZE, Wait.forever());
      return got == null ? -1 : got.remaining();
    }

    @Override
    public void end() throws IOException {
      sink.end();
    }

    @Override
    public void close() {
      penstock.close();
    }
  }
}
