// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Memory;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What happens at a bad moment, or below. */
class FaultTest {
  /** A thing that behaves as another, except where a method of its name says otherwise. */
  private static <T> T like(Class<T> type, T other, Difference difference) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          Object different = difference.of(method.getName(), arguments);
          if (different != null) {
            return different;
          }
          try {
            return method.invoke(other, arguments);
          } catch (InvocationTargetException e) {
            throw Objects.requireNonNull(e.getCause());
          }
        };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  /** Null where there is none. */
  private interface Difference {
    @Nullable Object of(String method, Object @Nullable [] arguments) throws Throwable;
  }

  private static ChannelProvider tcp(Penstock penstock) {
    return penstock.provider("tcp").orElseThrow();
  }

  private static void echoes(Penstock penstock, Listener listener) throws Exception {
    try (Channel client =
            penstock
                .channels()
                .open(
                    Bench.connecting(listener.endpoint()), ChannelOptions.defaults(), Bench.SOON);
        Channel server = listener.accept(Bench.SOON)) {
      client.sink().writeFully("x", Bench.SOON);
      assertEquals(1, server.source().read(ByteBuffer.allocate(9), Bench.SOON));
    }
  }

  /** Handshakes take turns on a few threads; a callback for one may wait for another. */
  @Test
  void whoIsToldOfAHandshakeMayWaitForAllTheOthers() throws Exception {
    int many = 2 * Math.max(2, Runtime.getRuntime().availableProcessors()) + 2;
    CountDownLatch all = new CountDownLatch(many);
    Thread here = Thread.currentThread();
    try (Listener listener = Bench.listen()) {
      List<CompletableFuture<Boolean>> clients = new ArrayList<>();
      List<Channel> channels = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        Channel client =
            Bench.CHANNELS.connect(
                Bench.connecting(listener.endpoint()), ChannelOptions.defaults());
        channels.add(client);
        clients.add(
            client
                .connected()
                .thenApply(
                    connected -> {
                      all.countDown();
                      // What is done already is told here, where the others are begun.
                      return Thread.currentThread() == here || awaits(all);
                    })
                .toCompletableFuture());
      }
      for (CompletableFuture<Boolean> each : clients) {
        assertTrue(each.get(30, TimeUnit.SECONDS), "the others had no turn");
      }
      for (Channel each : channels) {
        each.close();
      }
    }
  }

  private static boolean awaits(CountDownLatch latch) {
    try {
      return latch.await(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** A callback that hears of room below, while bytes are handed on, looks whether any wait. */
  @Test
  void whatWaitsToBeSentIsSeenWhileItIsBeingSent() throws Exception {
    AtomicInteger seen = new AtomicInteger(-1);
    TlsTransport[] wire = new TlsTransport[1];
    wire[0] = full(() -> seen.set(wire[0].unsent()));
    assertEquals(10, wire[0].append(ByteBuffer.allocate(10)));
    assertEquals(false, wire[0].flush());
    assertEquals(10, seen.get());
  }

  @Test
  void whatWaitsToBeSentIsDroppedWhenItIsLetGo() throws Exception {
    TlsTransport wire = full(() -> {});
    assertEquals(10, wire.append(ByteBuffer.allocate(10)));
    assertEquals(false, wire.flush());
    assertEquals(0, wire.dropped());
    wire.clear();
    assertEquals(10, wire.dropped());
    wire.clear();
    assertEquals(10, wire.dropped(), "once");
  }

  /** Above a channel that never has room. */
  private static TlsTransport full(Runnable whenWritten) {
    SinkDriver sink =
        (SinkDriver)
            Proxy.newProxyInstance(
                FaultTest.class.getClassLoader(),
                new Class<?>[] {SinkDriver.class},
                (proxy, method, arguments) -> {
                  assertEquals("write", method.getName());
                  whenWritten.run();
                  return 0;
                });
    SourceDriver source =
        (SourceDriver)
            Proxy.newProxyInstance(
                FaultTest.class.getClassLoader(),
                new Class<?>[] {SourceDriver.class},
                (proxy, method, arguments) -> {
                  throw new AssertionError(method);
                });
    Memory memory =
        (Memory)
            Proxy.newProxyInstance(
                FaultTest.class.getClassLoader(),
                new Class<?>[] {Memory.class},
                (proxy, method, arguments) -> {
                  throw new AssertionError(method);
                });
    return new TlsTransport(source, sink, new Borrowed(new BufferStock(), memory), () -> "wire");
  }

  /** A fault of the transport below, or of ours, must not be the last thing a listener does. */
  @Test
  void aListenerGoesOnAfterAFaultInAccepting() throws Exception {
    AtomicInteger faults = new AtomicInteger();
    try (Penstock penstock = Penstock.open()) {
      penstock.provide(faulty(tcp(penstock), faults, new NoClassDefFoundError("on purpose")));
      try (Listener listener =
          penstock.channels().listen(Bench.listening(), ChannelOptions.defaults())) {
        echoes(penstock, listener);
        faults.set(1);
        echoes(penstock, listener);
        assertEquals(0, faults.get(), "there was a fault");
        echoes(penstock, listener);
      }
    }
  }

  /** The system has accepted a peer, and fails in what comes next: the peer is cut. */
  @Test
  void aPeerThatIsLostWhileItIsAcceptedIsToldOf() throws Exception {
    AtomicInteger faults = new AtomicInteger();
    try (Warnings warnings = new Warnings();
        Penstock penstock = Penstock.open()) {
      penstock.provide(faulty(tcp(penstock), faults, new IOException("lost on purpose")));
      try (Listener listener =
          penstock.channels().listen(Bench.listening(), ChannelOptions.defaults())) {
        faults.set(1);
        CompletionStage<Channel> client =
            penstock
                .channels()
                .connect(Bench.connecting(listener.endpoint()), ChannelOptions.defaults())
                .connected();
        listener.accept(Bench.SOON).close();
        client.toCompletableFuture().get(20, TimeUnit.SECONDS).close();
        assertTrue(
            warnings.seen(": accepting fails, and is tried again: lost on purpose"),
            warnings.texts.toString());
        echoes(penstock, listener);
      }
    }
  }

  /** TLS above TCP whose listeners fail so many times to accept. */
  private static ChannelProvider faulty(
      ChannelProvider tcp, AtomicInteger faults, Throwable fault) {
    return new TlsProvider(
        like(
            ChannelProvider.class,
            tcp,
            (method, arguments) ->
                method.equals("listen") && arguments != null
                    ? listening(tcp, arguments, faults, fault)
                    : null));
  }

  private static ListenerDriver listening(
      ChannelProvider tcp, Object[] arguments, AtomicInteger faults, Throwable fault)
      throws Exception {
    ListenerDriver real =
        tcp.listen(
            (Endpoint) arguments[0], (ChannelOptions) arguments[1], (ProviderContext) arguments[2]);
    return like(
        ListenerDriver.class,
        real,
        (method, ignored) -> {
          if (method.equals("accept") && faults.get() > 0) {
            faults.decrementAndGet();
            throw fault;
          }
          return null;
        });
  }

  /** A handshake may be done while its listener is being closed: its descriptor goes, too. */
  @Test
  void aHandshakeThatIsDoneWhileItsListenerClosesIsLetGo() throws Exception {
    LinkedBlockingQueue<Runnable> held = new LinkedBlockingQueue<>();
    AtomicInteger forgotten = new AtomicInteger();
    AtomicInteger atClose = new AtomicInteger(-1);
    try (Penstock penstock = Penstock.open()) {
      ChannelProvider tcp = tcp(penstock);
      ChannelProvider below =
          like(
              ChannelProvider.class,
              tcp,
              (method, arguments) ->
                  method.equals("listen") && arguments != null
                      ? closing(
                          tcp,
                          arguments,
                          () -> {
                            int before = forgotten.get();
                            Objects.requireNonNull(held.poll()).run();
                            atClose.set(forgotten.get() - before);
                          })
                      : null);
      TlsProvider tls = new TlsProvider(below);
      penstock.provide(
          like(
              ChannelProvider.class,
              tls,
              (method, arguments) ->
                  method.equals("listen") && arguments != null
                      ? tls.listen(
                          (Endpoint) arguments[0],
                          (ChannelOptions) arguments[1],
                          holding((ProviderContext) arguments[2], held, forgotten))
                      : null));
      Listener listener = penstock.channels().listen(Bench.listening(), ChannelOptions.defaults());
      CompletionStage<Channel> client =
          penstock
              .channels()
              .connect(Bench.connecting(listener.endpoint()), ChannelOptions.defaults())
              .connected();
      Runnable done = held.poll(20, TimeUnit.SECONDS);
      held.add(Objects.requireNonNull(done, "the handshake is not done"));
      listener.close();
      assertEquals(1, atClose.get(), "the descriptor is kept until something else is closed");
      client.toCompletableFuture().get(20, TimeUnit.SECONDS).abort(new Exception("over"));
    }
  }

  private static ListenerDriver closing(ChannelProvider tcp, Object[] arguments, Runnable task)
      throws Exception {
    ListenerDriver real =
        tcp.listen(
            (Endpoint) arguments[0], (ChannelOptions) arguments[1], (ProviderContext) arguments[2]);
    return like(
        ListenerDriver.class,
        real,
        (method, ignored) -> {
          if (method.equals("close")) {
            task.run();
          }
          return null;
        });
  }

  /** Keeps the last task of each handshake back, and counts what is to be forgotten. */
  private static ProviderContext holding(
      ProviderContext real, LinkedBlockingQueue<Runnable> held, AtomicInteger forgotten) {
    Executor executor =
        task -> {
          if (task.getClass().getName().startsWith(Handshake.class.getName())) {
            held.add(task);
          } else {
            real.executor().execute(task);
          }
        };
    return like(
        ProviderContext.class,
        real,
        (method, ignored) -> {
          if (method.equals("executor")) {
            return executor;
          }
          if (method.equals("forgetClosed")) {
            forgotten.incrementAndGet();
          }
          return null;
        });
  }
}
