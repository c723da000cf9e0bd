// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.MemoryLimitException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.engine.Budgets;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What connections hold is counted, and those that hold too much of it for too long are cut. */
class MemoryTest {
  private static final int PEERS = 200;
  private static final int LIMIT = 2 << 20;

  /** What one connection may take for the rest of a record once there is no memory. */
  private static final int ONE_BUFFER = 2 * BufferStock.RECORD;

  private final Engine engine = new Engine();
  private final Budgets budgets = engine.budgets();
  private final Scope scope = Scope.quiet();
  private final Providers providers = new Providers();
  private final Channels channels =
      new Channels(
          engine,
          providers,
          scope,
          options -> List.of(),
          new Natives(new PosixAccess("none"), new ReceivedHandles()));

  MemoryTest() {
    providers.add(new TlsProvider(Bench.PENSTOCK.provider("tcp").orElseThrow()));
    budgets.container().limit(LIMIT);
  }

  @AfterEach
  void nothingIsLeft() {
    scope.close();
    engine.close();
    assertEquals(0, budgets.container().held(), "of both");
    assertEquals(0, budgets.heap().held(), "in the heap");
    assertEquals(0, budgets.direct().held(), "outside it");
  }

  private static int port(Listener listener) {
    String address = listener.endpoint().address();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  private Listener listen(String... options) throws IOException {
    return channels.listen(
        Bench.listening(options), ChannelOptions.defaults().withSendBuffer(16 * 1024));
  }

  @Test
  void peersWhoNeverReadAreCountedAndCut() throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(256 * 1024);
    List<RawPeer> peers = new ArrayList<>();
    List<Channel> accepted = new ArrayList<>();
    long most = 0;
    try (Listener listener = listen()) {
      for (int i = 0; i < PEERS; i++) {
        peers.add(new RawPeer(port(listener), "TLSv1.3"));
        Channel channel = listener.accept(Bench.SOON);
        accepted.add(channel);
        try {
          int taken = 1;
          while (taken > 0) {
            taken = channel.sink().write(bytes.clear(), Wait.none());
          }
        } catch (MemoryLimitException e) {
          assertEquals(channel.name(), e.stream(), "cut this early");
        }
        most = Math.max(most, budgets.container().held());
      }
      assertTrue(most >= LIMIT / 2, "only " + most + " bytes were counted");
      assertTrue(most <= LIMIT + (long) PEERS * ONE_BUFFER, most + " bytes");
      // While memory is scarce each takes so little that there is always some left; then there is
      // less. The half of it, because the system may still take what a channel holds.
      budgets.container().limit(budgets.container().held() / 2);
      IOException why = firstFailure(accepted);
      MemoryLimitException cause = assertInstanceOf(MemoryLimitException.class, why);
      assertTrue(cause.count() > 0);
      Bench.eventually(
          "memory is there again",
          () -> budgets.piece(1, budgets.anywhere()) > 0 && budgets.container().held() < LIMIT);
    } finally {
      for (RawPeer peer : peers) {
        peer.close();
      }
      for (Channel channel : accepted) {
        channel.abort(new IOException("the test is over"));
      }
    }
  }

  /** Why the first of those channels fails whose peers have sent nothing. */
  private static IOException firstFailure(List<Channel> accepted) throws Exception {
    CompletableFuture<IOException> first = new CompletableFuture<>();
    for (Channel channel : accepted) {
      Thread reader =
          new Thread(
              () -> {
                try {
                  int n = channel.source().read(ByteBuffer.allocate(1), Wait.forever());
                  first.completeExceptionally(new AssertionError("read " + n));
                } catch (IOException e) {
                  first.complete(e);
                }
              });
      reader.setDaemon(true);
      reader.start();
    }
    return first.get(20, TimeUnit.SECONDS);
  }

  @Test
  void whatACutDropsIsNotSaidToHaveGone() throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(256 * 1024);
    try (Listener listener = listen();
        RawPeer peer = new RawPeer(port(listener), "TLSv1.3");
        Channel channel = listener.accept(Bench.SOON)) {
      channel.sink().writeFully("x", Bench.SOON);
      assertEquals(1, peer.read(new byte[1]));
      while (channel.sink().write(bytes.clear(), Wait.none()) > 0) {
        // Until what is encrypted waits for room.
      }
      CompletableFuture<IOException> flushed =
          CompletableFuture.supplyAsync(
              () -> assertThrows(IOException.class, () -> channel.sink().flush(Bench.SOON)));
      budgets.container().limit(budgets.container().held() / 2);
      IOException why = firstFailure(List.of(channel));
      assertInstanceOf(MemoryLimitException.class, why);
      BrokenPipeException dropped =
          assertInstanceOf(BrokenPipeException.class, flushed.get(20, TimeUnit.SECONDS));
      assertTrue(dropped.count() > 0);
      assertThrows(BrokenPipeException.class, () -> channel.sink().flush(Bench.SOON));
      ExecutionException end =
          assertThrows(
              ExecutionException.class,
              () -> channel.sink().endAsync().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertInstanceOf(MemoryLimitException.class, end.getCause());
    }
  }

  /** The first part of a long record, which keeps all its bytes waiting. */
  @Test
  void peersWhoStopInTheirHandshakeAreCountedAndCut() throws Exception {
    budgets.container().limit(512 * 1024);
    byte[] begun = new byte[8 * 1024];
    System.arraycopy(new byte[] {22, 3, 1, 0x3f, 0}, 0, begun, 0, 5);
    List<Socket> peers = new ArrayList<>();
    try (Listener listener = listen("handshakeTimeout=60s")) {
      for (int i = 0; i < 100; i++) {
        Socket peer = new Socket("127.0.0.1", port(listener));
        peer.setSoTimeout(20_000);
        peers.add(peer);
        peer.getOutputStream().write(begun);
      }
      int ended = 0;
      for (Socket peer : peers.subList(0, 10)) {
        ended += ended(peer) ? 1 : 0;
      }
      assertEquals(10, ended, "of those who have held their memory for longest");
      try (Channel late =
          channels.open(
              Bench.connecting(listener.endpoint()), ChannelOptions.defaults(), Bench.SOON)) {
        assertTrue(late.isOpen());
        listener.accept(Bench.SOON).close();
      }
    } finally {
      for (Socket peer : peers) {
        peer.close();
      }
    }
  }

  private static boolean ended(Socket peer) {
    try {
      return peer.getInputStream().read() < 0;
    } catch (IOException e) {
      return !(e instanceof java.net.SocketTimeoutException);
    }
  }

  @Test
  void whatCannotBeHeldIsTakenInSmallPieces() throws Exception {
    try (Listener listener = listen();
        RawPeer peer = new RawPeer(port(listener), "TLSv1.3");
        Channel channel = listener.accept(Bench.SOON)) {
      budgets.container().limit(0);
      ByteBuffer bytes = ByteBuffer.allocate(256 * 1024);
      assertTrue(channel.sink().write(bytes, Wait.none()) <= 16 * 1024);
      budgets.container().limit(Long.MAX_VALUE);
      byte[] got = new byte[100];
      assertEquals(100, peer.read(got));
    }
  }
}
