// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import io.penstock.benchmarks.load.Fan.Writer;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** One pipe that several threads write into, each a whole piece at a time. */
@SuppressWarnings("ByteBufferBackingArray") // All were made by allocate.
abstract class Shared implements AutoCloseable {
  private final int chunk;
  private final AtomicInteger left;

  private Shared(int chunk, int writers) {
    this.chunk = chunk;
    this.left = new AtomicInteger(writers);
  }

  /**
   * Whether it is one that several threads may write into. A piped stream belongs to the thread
   * that wrote last: its reader fails, or waits for ever, when others write behind that.
   */
  static boolean has(Peer peer) {
    return peer == Peer.PENSTOCK || peer == Peer.ARRAY_BLOCKING_QUEUE;
  }

  static Shared open(Peer peer, int chunk, int writers) throws IOException {
    return switch (peer) {
      case PENSTOCK -> new Ours(chunk, writers);
      case ARRAY_BLOCKING_QUEUE -> new Queue(chunk, writers);
      default -> throw new IllegalArgumentException(peer + " has no pipe for several writers");
    };
  }

  /** One for each thread; the last that ends ends the pipe. */
  List<Writer> writers() {
    List<Writer> writers = new ArrayList<>();
    for (int i = left.get(); i > 0; i--) {
      ByteBuffer piece = ByteBuffer.allocate(chunk);
      writers.add(
          new Writer() {
            @Override
            public void write() throws Exception {
              Shared.this.write(piece.clear());
            }

            @Override
            public void end() throws Exception {
              if (left.decrementAndGet() == 0) {
                Shared.this.end();
              }
            }
          });
    }
    return writers;
  }

  /** Writes all of an array's. */
  abstract void write(ByteBuffer piece) throws Exception;

  abstract void end() throws Exception;

  /** How many bytes were read; -1 at the end. */
  abstract int read() throws Exception;

  @Override
  public void close() throws IOException {}

  private static final class Ours extends Shared {
    private final Penstock penstock = Penstock.open();
    private final Pipe pipe;
    private final ByteBuffer into;

    Ours(int chunk, int writers) {
      super(chunk, writers);
      pipe = penstock.pipes().create(PipeOptions.defaults().withCapacity(Shape.BUFFER));
      into = ByteBuffer.allocate(chunk);
    }

    @Override
    void write(ByteBuffer piece) throws IOException {
      while (piece.hasRemaining()) {
        pipe.sink().write(piece);
      }
    }

    @Override
    void end() throws IOException {
      pipe.sink().end();
    }

    @Override
    int read() throws IOException {
      return pipe.source().read(into.clear());
    }

    @Override
    public void close() {
      penstock.close();
    }
  }

  private static final class Queue extends Shared {
    private static final byte[] END = {};

    private final ArrayBlockingQueue<byte[]> queue;
    private final byte[] into;

    Queue(int chunk, int writers) {
      super(chunk, writers);
      queue = new ArrayBlockingQueue<>(Shape.BUFFER / chunk);
      into = new byte[chunk];
    }

    @Override
    void write(ByteBuffer piece) throws InterruptedException {
      queue.put(piece.array().clone());
    }

    @Override
    void end() throws InterruptedException {
      queue.put(END);
    }

    @Override
    int read() throws InterruptedException {
      byte[] got = queue.take();
      if (got.length == 0) {
        return -1;
      }
      System.arraycopy(got, 0, into, 0, got.length);
      return got.length;
    }
  }
}
