// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.engine.Canary;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.impl.engine.ScarceThreads;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A relay accepts on after a moment without threads, and after any fault below it. */
class RelayThreadsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();

  private final ScarceThreads threads = new ScarceThreads();
  private final Engine engine = new Engine(Parker.SYSTEM, threads, new Canary());
  private final Providers providers = new Providers();
  private final Scope scope = Scope.quiet();
  private final Channels channels =
      new Channels(
          engine,
          providers,
          scope,
          options -> {
            throw new IllegalStateException("no pairs here");
          },
          new Natives(new PosixAccess("none"), new ReceivedHandles()));
  private final Relays relays = new Relays(engine, channels, scope);

  @AfterEach
  void close() {
    threads.recover();
    scope.close();
    engine.close();
  }

  private Relay relay(String from, boolean fork) throws IOException {
    providers.add(new TcpProvider());
    providers.add(new MemoryProvider());
    Relay relay =
        relays.create(
            Endpoint.parse(from), Endpoint.parse("echo:"), RelayOptions.defaults().withFork(fork));
    relay.start();
    return relay;
  }

  private Channel connect(Relay relay) throws IOException {
    Listener listener = relay.listeners().get(0);
    String address = listener.endpoint().toString().replaceFirst("-listen", "");
    return channels.open(Endpoint.parse(address), PLAIN, SOON);
  }

  private static void echoes(Channel client) throws IOException {
    client.sink().writeFully(ByteBuffer.wrap(new byte[] {7}), SOON);
    ByteBuffer back = ByteBuffer.allocate(1);
    client.source().readFully(back, SOON);
    assertEquals(7, back.get(0));
  }

  private void goOn(String from) throws Exception {
    Relay relay = relay(from, true);
    try (Channel client = connect(relay)) {
      echoes(client);
    }
    threads.awaitEnd("penstock-worker");
    CountDownLatch tried = threads.runOut(3);
    try (Channel during = connect(relay)) {
      assertTrue(tried.await(20, TimeUnit.SECONDS));
      threads.recover();
      echoes(during);
    }
    try (Channel after = connect(relay)) {
      echoes(after);
    }
  }

  @Test
  void peersThatComeWithoutThreadsAreServedWhenThereAreSome() throws Exception {
    goOn("tcp-listen://127.0.0.1:0");
  }

  @Test
  void soAreThoseInMemory() throws Exception {
    goOn("mem-listen:threads");
  }

  /** TCP, but for what its listeners throw first, and for how long their close takes. */
  private record Faulty(
      TcpProvider real, AtomicInteger faults, Throwable fault, CountDownLatch mayClose)
      implements ChannelProvider {
    @Override
    public CompletionStage<? extends ChannelDriver> connect(
        Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
      return real.connect(endpoint, options, context);
    }

    @Override
    public Set<String> schemes() {
      return Set.of("faulty-listen");
    }

    @Override
    public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
        throws IOException {
      ListenerDriver listener =
          real.listen(
              Endpoint.parse(endpoint.toString().replaceFirst("faulty", "tcp")), options, context);
      return (ListenerDriver)
          Proxy.newProxyInstance(
              ListenerDriver.class.getClassLoader(),
              new Class<?>[] {ListenerDriver.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("accept") && faults.getAndDecrement() > 0) {
                  throw fault;
                }
                try {
                  Object result = method.invoke(listener, arguments);
                  if (method.getName().equals("close")) {
                    assertTrue(mayClose.await(20, TimeUnit.SECONDS));
                  }
                  return result;
                } catch (InvocationTargetException e) {
                  throw Objects.requireNonNull(e.getCause());
                }
              });
    }
  }

  private void acceptsAfter(Throwable fault) throws Exception {
    AtomicInteger faults = new AtomicInteger(3);
    providers.add(new Faulty(new TcpProvider(), faults, fault, new CountDownLatch(0)));
    Relay relay = relay("faulty-listen://127.0.0.1:0", true);
    String address = relay.listeners().get(0).endpoint().address();
    try (Channel client = channels.open(Endpoint.parse("tcp:" + address), PLAIN, SOON)) {
      echoes(client);
    }
    assertTrue(faults.get() < 0);
  }

  @Test
  void aClassThatIsMissingForAMomentKeepsNobodyOut() throws Exception {
    acceptsAfter(new NoClassDefFoundError("planted"));
  }

  @Test
  void norDoesAWantOfMemory() throws Exception {
    acceptsAfter(new OutOfMemoryError("planted"));
  }

  @Test
  void norDoesAnyOtherFault() throws Exception {
    acceptsAfter(new IllegalStateException("planted"));
  }

  /** The worker that waits for a peer finds the listener closed before the close has returned. */
  @Test
  void aCloseWhileItWaitsForAPeerIsNoFailure() throws Exception {
    CountDownLatch mayClose = new CountDownLatch(1);
    IOException none = new IOException("never thrown");
    providers.add(new Faulty(new TcpProvider(), new AtomicInteger(), none, mayClose));
    Relay relay = relay("faulty-listen://127.0.0.1:0", false);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(relay::close);
    assertThrows(
        TimeoutException.class,
        () -> relay.completed().toCompletableFuture().get(300, TimeUnit.MILLISECONDS));
    mayClose.countDown();
    closing.get(20, TimeUnit.SECONDS);
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
