// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

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
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** What channels hold is counted, and those that hold too much of it for too long are cut. */
class MemoryTest {
  private static final int PEERS = 6;
  private static final int LIMIT = 4 << 20;
  private static final int PACKET = 32 * 1024;

  private final Engine engine = new Engine();
  private final Budgets budgets = engine.budgets();
  private final Scope scope = Scope.quiet();
  private final Channels channels;

  MemoryTest() {
    Providers providers = new Providers();
    providers.add(Bench.PROVIDER);
    channels =
        new Channels(
            engine,
            providers,
            scope,
            options -> List.of(),
            new Natives(new PosixAccess("none"), new ReceivedHandles()));
    budgets.container().limit(LIMIT);
  }

  @AfterEach
  void nothingIsLeft() {
    scope.close();
    eventually("everything is given back", () -> budgets.container().held() == 0);
    engine.close();
    assertEquals(0, budgets.heap().held());
  }

  private static void eventually(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - end < 0, "not within 30 s: " + what);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private Listener listen() throws IOException {
    return channels.listen(Bench.listening(), ChannelOptions.defaults());
  }

  /** Each fills its window of 2 MiB, or would. */
  @Case(seconds = 60)
  void whatNobodyReadsIsCountedReadingPausesAndWhoHoldsMostIsCut() throws Exception {
    List<Channel> clients = new ArrayList<>();
    List<Channel> accepted = new ArrayList<>();
    try (Listener listener = listen()) {
      for (int i = 0; i < PEERS; i++) {
        clients.add(Bench.connect(listener));
        accepted.add(listener.accept(Bench.SOON));
      }
      for (Channel client : clients) {
        var unused = client.sink().writeAsync(ByteBuffer.allocate(2 << 20));
      }
      long[] most = {0};
      eventually(
          "one is cut",
          () -> {
            most[0] = Math.max(most[0], budgets.container().held());
            return failed(accepted) != null;
          });
      MemoryLimitException cause = assertInstanceOf(MemoryLimitException.class, failed(accepted));
      assertTrue(cause.count() >= PACKET, cause::getMessage);
      // Without so much being counted none would be cut; this thread may have come too late to see
      // it. A packet that has come is kept, and what the socket's buffer had of others with it.
      assertTrue(most[0] <= LIMIT + (long) PEERS * 4 * PACKET, most[0] + " bytes");
    } finally {
      close(clients);
      close(accepted);
    }
  }

  /** Why the first of those has failed that have; what waits at the others stays there. */
  private static @Nullable IOException failed(List<Channel> accepted) {
    for (Channel channel : accepted) {
      if (!channel.sink().isOpen()) {
        return null;
      }
      try {
        int unused = channel.sink().write(ByteBuffer.allocate(1), Wait.none());
      } catch (IOException e) {
        return e;
      }
    }
    return null;
  }

  private static void close(List<Channel> all) {
    for (Channel channel : all) {
      channel.abort(new IOException("the test is over"));
    }
  }

  /** What is on its way to a peer that reads nothing goes with its connection. */
  @Case(seconds = 60)
  void whatIsOnItsWayIsCountedAndGoesWithTheConnection() throws Exception {
    budgets.container().limit(128 * 1024);
    try (Listener listener = listen();
        Channel client = Bench.connect(listener, "window=256MiB");
        Channel server = listener.accept(Bench.SOON)) {
      Bench.session(client).getIoSession().suspendRead();
      ByteBuffer bytes = ByteBuffer.allocate(PACKET);
      IOException[] failure = {null};
      eventually(
          "it is cut",
          () -> {
            try {
              int unused = server.sink().write(bytes.clear(), Wait.none());
              return false;
            } catch (IOException e) {
              failure[0] = e;
              return true;
            }
          });
      assertInstanceOf(MemoryLimitException.class, failure[0]);
      eventually("nothing is on its way any more", () -> budgets.container().held() == 0);
    }
  }

  /** The library keeps it, and says nothing of it when the connection goes. */
  @Case(seconds = 60)
  void whatWaitsForNewKeysGoesWithTheConnection() throws Exception {
    try (Listener listener = listen();
        Channel client = Bench.connect(listener);
        Channel server = listener.accept(Bench.SOON)) {
      Session session = Bench.session(server);
      Bench.stopsReading(Bench.session(client), session);
      Object unused = session.reExchangeKeys();
      assertEquals(PACKET, server.sink().write(ByteBuffer.allocate(PACKET), Wait.none()));
      assertEquals(PACKET, budgets.container().held());
      Object unusedToo = session.close(true);
      eventually("nothing is on its way any more", () -> budgets.container().held() == 0);
      BrokenPipeException lost =
          assertThrows(BrokenPipeException.class, () -> server.sink().flush(Bench.SOON));
      assertEquals(PACKET, lost.count());
    }
  }

  @Case(seconds = 60)
  void whatWasReadAndWhatWasSentIsGivenBack() throws Exception {
    try (Listener listener = listen();
        Channel client = Bench.connect(listener);
        Channel server = listener.accept(Bench.SOON)) {
      client.sink().writeFully(ByteBuffer.allocate(100_000), Bench.SOON);
      eventually("it has come", () -> server.source().available() == 100_000);
      assertTrue(budgets.heap().held() >= 100_000);
      server.source().readFully(ByteBuffer.allocate(100_000), Bench.SOON);
      assertEquals(0, budgets.heap().held());
      server.sink().writeFully(ByteBuffer.allocate(100_000), Bench.SOON);
      client.source().readFully(ByteBuffer.allocate(100_000), Bench.SOON);
      eventually("it has left", () -> budgets.heap().held() == 0);
    }
  }
}
