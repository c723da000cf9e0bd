// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.client.Connections;
import io.penstock.standalone.Penstock;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Channels that share a connection have limits and errors of their own. */
class SharingTest {
  /** Leaves clients without an answer, until it takes them to a listener or cuts them. */
  private static final class Reluctant implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final BlockingQueue<Socket> arrived = new LinkedBlockingQueue<>();
    private final List<Socket> all = new ArrayList<>();
    private volatile Integer target;
    private volatile boolean cutting;

    Reluctant() throws IOException {
      Thread thread = new Thread(this::run, "reluctant");
      thread.setDaemon(true);
      thread.start();
    }

    private void run() {
      try {
        while (true) {
          Socket peer = server.accept();
          all.add(peer);
          Integer port = target;
          if (cutting) {
            peer.close();
          } else if (port != null) {
            Socket there = new Socket(InetAddress.getLoopbackAddress(), port);
            all.add(there);
            OpenSsh.pump(peer.getInputStream(), there.getOutputStream());
            OpenSsh.pump(there.getInputStream(), peer.getOutputStream());
          }
          arrived.add(peer);
        }
      } catch (IOException e) {
        System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "the test is over", e);
      }
    }

    Socket next() throws InterruptedException {
      Socket peer = arrived.poll(20, TimeUnit.SECONDS);
      assertTrue(peer != null, "nobody connects");
      return peer;
    }

    Endpoint login() {
      return Endpoint.parse(
          "ssh://tester@127.0.0.1:"
              + server.getLocalPort()
              + "?share=true&host-key-checking=no&identity="
              + Bench.CLIENT_KEY);
    }

    @Override
    public void close() throws IOException {
      server.close();
      for (Socket each : all) {
        each.close();
      }
    }
  }

  private static Channel open(Endpoint endpoint, String name, long millis) throws IOException {
    return Bench.CHANNELS.open(
        endpoint,
        ChannelOptions.defaults().withName(name).withConnectTimeout(Duration.ofMillis(millis)),
        Bench.SOON);
  }

  private static CompletableFuture<Channel> opening(Endpoint endpoint, String name, long millis) {
    CompletableFuture<Channel> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(open(endpoint, name, millis));
              } catch (IOException | RuntimeException e) {
                result.completeExceptionally(e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  private static Throwable failure(CompletableFuture<Channel> opening) {
    return assertThrows(ExecutionException.class, () -> opening.get(30, TimeUnit.SECONDS))
        .getCause();
  }

  @Case(seconds = 60)
  void whoHasMoreTimeThanTheFirstBeginsAgain() throws Exception {
    try (Listener listener = Bench.listen();
        Reluctant between = new Reluctant()) {
      CompletableFuture<Channel> first = opening(between.login(), "first", 1000);
      Socket silent = between.next();
      between.target = Bench.port(listener.endpoint());
      try (Channel second = open(between.login(), "second", 20_000)) {
        assertTrue(second.isOpen());
        assertInstanceOf(StreamTimeoutException.class, failure(first));
        assertFalse(silent.isClosed());
      }
    }
  }

  @Case(seconds = 60)
  void whoHasLessTimeThanTheFirstWaitsNoLongerAndEachIsToldByItsName() throws Exception {
    try (Reluctant between = new Reluctant()) {
      CompletableFuture<Channel> first = opening(between.login(), "first", 20_000);
      Socket silent = between.next();
      StreamTimeoutException late =
          assertThrows(StreamTimeoutException.class, () -> open(between.login(), "second", 200));
      assertTrue(late.getMessage().contains("second: "), late.getMessage());
      assertTrue(late.getMessage().contains("200 ms"), late.getMessage());
      assertFalse(first.isDone());
      CompletableFuture<Channel> third = opening(between.login(), "third", 20_000);
      between.cutting = true;
      silent.close();
      for (CompletableFuture<Channel> each : List.of(first, third)) {
        String name = each == first ? "first: " : "third: ";
        HandshakeException cut = assertInstanceOf(HandshakeException.class, failure(each));
        assertTrue(cut.getMessage().startsWith(name), cut.getMessage());
      }
    }
  }

  /** Connections whose number is known. */
  private static Penstock with(Connections connections) {
    Penstock own = Penstock.open();
    own.provide(
        new ChannelProvider() {
          @Override
          public Set<String> schemes() {
            return Set.of("ssh");
          }

          @Override
          public Set<String> optionKeys(String scheme) {
            return Connections.optionKeys();
          }

          @Override
          public Set<String> secretKeys(String scheme) {
            return Connections.secretKeys();
          }

          @Override
          public CompletionStage<? extends ChannelDriver> connect(
              Endpoint endpoint, ChannelOptions options, ProviderContext context)
              throws IOException {
            return connections.connect(endpoint, options, context);
          }

          @Override
          public ListenerDriver listen(
              Endpoint endpoint, ChannelOptions options, ProviderContext context)
              throws IOException {
            return connections.listen(endpoint, options, context);
          }
        });
    return own;
  }

  private static void awaitNone(Connections connections) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (connections.shared() > 0) {
      assertTrue(System.nanoTime() < limit, "it is still kept");
      LockSupport.parkNanos(200_000);
    }
  }

  @Case(seconds = 60)
  void connectionThatIsOverIsNotKept() throws Exception {
    try (Connections connections = new Connections();
        Penstock own = with(connections);
        Listener listener = Bench.listen()) {
      Channel channel =
          own.channels()
              .open(
                  Bench.login(listener.endpoint(), "share=true"),
                  ChannelOptions.defaults(),
                  Bench.SOON);
      assertEquals(1, connections.shared());
      channel.close();
      awaitNone(connections);
    }
  }

  /** Takes its time to let somebody in. */
  private static final class Slow implements SshPolicy {
    final CountDownLatch asked = new CountDownLatch(1);
    final CountDownLatch answer = new CountDownLatch(1);

    @Override
    public Set<SshLogin.Method> methods() {
      return Set.of(SshLogin.Method.PASSWORD);
    }

    @Override
    public boolean login(SshLogin login) {
      asked.countDown();
      try {
        return answer.await(20, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  @Case(seconds = 60)
  void connectionThatLogsInWhileAllAreClosedDoesNotPersist() throws Exception {
    ChannelOptions options = ChannelOptions.defaults().withSecret("password", "xyzzy");
    Slow slow = new Slow();
    Bench.PROVIDER.addPolicy("slow", slow);
    Connections connections = new Connections();
    try (Penstock own = with(connections);
        Connections later = new Connections();
        Penstock others = with(later);
        Listener listener = Bench.listen("policy=slow", "max-sessions=1")) {
      Channel first =
          own.channels()
              .connect(Bench.login(listener.endpoint(), "share=true", "persist=1h"), options);
      assertTrue(slow.asked.await(20, TimeUnit.SECONDS));
      first.abort(new IOException("the product stops"));
      connections.close();
      slow.answer.countDown();
      // There is a place for one connection.
      Endpoint login = Bench.login(listener.endpoint());
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      boolean in = false;
      while (!in) {
        try (Channel second = others.channels().open(login, options, Bench.SOON)) {
          in = second.isOpen();
        } catch (IOException e) {
          assertTrue(System.nanoTime() < limit, "the first one is still there");
        }
      }
      Channel third =
          own.channels().connect(Bench.login(listener.endpoint(), "share=true"), options);
      assertThrows(
          ExecutionException.class,
          () -> third.connected().toCompletableFuture().get(20, TimeUnit.SECONDS));
    } finally {
      Bench.PROVIDER.removePolicy("slow", slow);
    }
  }

  @Case(seconds = 60)
  void connectionThatNobodyWantsAnyMoreIsNotKept() throws Exception {
    ChannelOptions options = ChannelOptions.defaults().withSecret("password", "xyzzy");
    for (boolean another : new boolean[] {false, true}) {
      Slow slow = new Slow();
      Bench.PROVIDER.addPolicy("slow", slow);
      try (Connections connections = new Connections();
          Penstock own = with(connections);
          Listener listener = Bench.listen("policy=slow", "max-sessions=1")) {
        Endpoint login = Bench.login(listener.endpoint(), "share=true");
        Channel first = own.channels().connect(login, options);
        assertTrue(slow.asked.await(20, TimeUnit.SECONDS));
        Channel second = another ? own.channels().connect(login, options) : first;
        first.abort(new IOException("on purpose"));
        slow.answer.countDown();
        if (another) {
          // It is the one that was made for somebody else: there is no place for a second.
          second.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
          second.close();
        }
        awaitNone(connections);
      } finally {
        Bench.PROVIDER.removePolicy("slow", slow);
      }
    }
  }
}
