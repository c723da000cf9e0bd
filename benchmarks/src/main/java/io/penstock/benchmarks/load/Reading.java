// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The readers of what is sent to all. Fast ones share one thread and a selector, and take what is
 * there; a slow one has a thread of its own and takes 4 KiB a tenth of a second. A message begins
 * with the time at which it was due.
 */
final class Reading implements AutoCloseable {
  private static final int SLOW_BYTES = 4096;
  private static final long SLOW_PAUSE = 100_000_000L;

  private final int message;
  private final Selector selector = Selector.open();
  private final List<SocketChannel> channels = new ArrayList<>();
  private final List<SocketChannel> slow = new ArrayList<>();
  private final List<FutureTask<?>> tasks = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
  private final Latencies latencies = new Latencies();
  private final long start = System.nanoTime();
  private volatile boolean stop;
  private long bytes;
  private long end = start;

  Reading(int message) throws IOException {
    this.message = message;
  }

  /** One of the fast ones: how much of a message it has, and the start of one. */
  private static final class Fast {
    final ByteBuffer due = ByteBuffer.allocate(Long.BYTES);
    int at;
  }

  void fast(SocketChannel channel) throws IOException {
    channels.add(channel);
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_READ, new Fast());
  }

  void slow(SocketChannel channel) {
    channels.add(channel);
    slow.add(channel);
  }

  void start() {
    run(
        () -> {
          while (!stop) {
            selector.select(this::ready);
          }
        });
    for (SocketChannel channel : slow) {
      run(
          () -> {
            ByteBuffer few = ByteBuffer.allocateDirect(SLOW_BYTES);
            while (!stop && channel.read(few.clear()) >= 0) {
              LockSupport.parkNanos(SLOW_PAUSE);
            }
          });
    }
  }

  private interface Body {
    void run() throws IOException;
  }

  private void run(Body body) {
    FutureTask<?> task =
        new FutureTask<>(
            () -> {
              body.run();
              return null;
            });
    tasks.add(task);
    Thread thread = new Thread(task, "reader-" + tasks.size());
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void ready(SelectionKey key) {
    try {
      int n = ((SocketChannel) key.channel()).read(buffer.clear());
      if (n < 0) {
        throw new IOException("the sender has closed the connection of a fast reader");
      }
      bytes += n;
      take((Fast) key.attachment(), System.nanoTime());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void take(Fast reader, long now) {
    buffer.flip();
    while (buffer.hasRemaining()) {
      if (reader.at < Long.BYTES) {
        reader.due.put(buffer.get());
        reader.at++;
      } else {
        int n = Math.min(buffer.remaining(), message - reader.at);
        buffer.position(buffer.position() + n);
        reader.at += n;
      }
      if (reader.at == message) {
        reader.at = 0;
        latencies.add(reader.due.flip().getLong(), now);
        reader.due.clear();
      }
    }
    end = now;
  }

  /** Fails if one of the readers has. */
  void check() throws Exception {
    for (FutureTask<?> task : tasks) {
      if (task.isDone()) {
        task.get();
        throw new IOException("a reader has ended too soon");
      }
    }
  }

  /** Has them end, and waits until they have. */
  void stop() throws Exception {
    stop = true;
    selector.wakeup();
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    for (SocketChannel channel : slow) {
      channel.socket().shutdownInput();
    }
    for (FutureTask<?> task : tasks) {
      task.get(20, TimeUnit.SECONDS);
    }
  }

  /** Of the fast ones; to be asked when it was stopped. */
  Latencies latencies() {
    return latencies;
  }

  /** What the fast ones have read. */
  long bytes() {
    return bytes;
  }

  /** Until the last of it was read, in ns. */
  long taken() {
    return Math.max(1, end - start);
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel channel : channels) {
      channel.close();
    }
    selector.close();
  }
}
