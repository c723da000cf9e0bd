// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.impl.kind.unix.UnixProvider;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** An engine with pipes and channels to try pollers on. */
final class Bench implements AutoCloseable {
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  final Engine engine;
  final Scope scope = Scope.quiet();
  final Channels channels;

  Bench() {
    this(new Engine());
  }

  Bench(Engine engine) {
    this.engine = engine;
    Providers providers = new Providers();
    providers.add(new TcpProvider());
    providers.add(new UnixProvider(new PosixAccess(null)));
    channels =
        new Channels(
            engine,
            providers,
            scope,
            options -> {
              throw new IllegalStateException("no pairs here");
            },
            new Natives(new PosixAccess("none"), new ReceivedHandles()));
  }

  SelectorPoller poller() {
    return new SelectorPoller(engine);
  }

  Pipe pipe(String name) {
    return new DrivenPipe(PipeOptions.defaults().withName(name), engine);
  }

  Pipe pipe(String name, int capacity) {
    return new DrivenPipe(PipeOptions.defaults().withName(name).withCapacity(capacity), engine);
  }

  Listener listen() throws IOException {
    return listen(ChannelOptions.defaults());
  }

  Listener listen(ChannelOptions options) throws IOException {
    return channels.listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), options);
  }

  Channel connect(Listener listener) throws IOException {
    String address = listener.endpoint().toString().replaceFirst("-listen", "");
    return channels.open(Endpoint.parse(address), ChannelOptions.defaults(), SOON);
  }

  static void write(ByteSink sink, String text) throws IOException {
    sink.writeFully(text, SOON);
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Runs something on a thread of its own. */
  static <T> CompletableFuture<T> start(Callable<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(task.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            },
            "test-task");
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  /** Waits for a result; what the task threw is thrown here. */
  static <T> T get(CompletableFuture<T> result) throws Exception {
    try {
      return result.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    } catch (TimeoutException e) {
      throw new AssertionError("nothing came within 20 s", e);
    }
  }

  /** Waits until a poller waits in its selector. */
  static void untilSelecting(SelectorPoller poller, long selectsBefore) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (poller.selects() == selectsBefore) {
      assertTrue(System.nanoTime() < end, "nobody polls");
      LockSupport.parkNanos(200_000);
    }
  }

  @Override
  public void close() {
    scope.close();
    engine.close();
  }
}
