// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.TcpFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TcpProviderTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private final Peers peers = new Peers(new TcpProvider());

  @AfterEach
  void close() throws IOException {
    peers.close();
  }

  private static int port(ListenerDriver listener) {
    String address = listener.endpoint().address();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tcp-listen://127.0.0.1:0",
        "tcp-listen://:0",
        "tcp-listen://*:0",
        "tcp-listen://[::1]:0"
      })
  void eachEndKnowsBothAddresses(String endpoint) throws IOException {
    ListenerDriver listener = peers.listen(endpoint);
    String host = endpoint.contains("[") ? "[::1]" : "127.0.0.1";
    assertEquals(endpoint.replace(":0", ":" + port(listener)), listener.endpoint().toString());
    assertTrue(port(listener) > 0);

    Peer client = peers.connect("tcp://" + host + ":" + port(listener));
    Peer server = peers.accept(listener);
    assertTrue(client.driver().capabilities().contains(Capability.HALF_CLOSE));
    assertEquals(client.driver().local(), server.driver().peer());
    assertEquals(
        port(listener), ((InetSocketAddress) client.driver().peer().orElseThrow()).getPort());
  }

  @Test
  void everyAddressOfANameIsTried() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://localhost:" + port(listener));
    client.write("x");
    assertEquals("x", peers.accept(listener).read(1));
  }

  @Test
  void nobodyListens() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    int port = port(listener);
    listener.close();
    AddressException e =
        assertThrows(AddressException.class, () -> peers.connect("tcp://127.0.0.1:" + port));
    assertEquals(AddressException.Kind.REFUSED, e.kind());
    assertTrue(e.getMessage().startsWith("tcp://127.0.0.1:" + port + " refused"), e.getMessage());
  }

  @Test
  void noSuchHost() {
    AddressException e =
        assertThrows(AddressException.class, () -> peers.connect("tcp://no-such-host.invalid:1"));
    assertEquals(AddressException.Kind.NOT_FOUND, e.kind());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tcp:localhost:80",
        "tcp://localhost",
        "tcp://localhost:http",
        "tcp://localhost:65536",
        "tcp://localhost:0",
        "tcp://:80",
        "tcp://::1:80",
        "tcp://localhost:80/path",
        "tcp://local%00host:80",
        "tcp://local host:80",
        "tcp://[localhost]:80",
        "tcp://[1:2]:80",
        "tcp://localhost:80?localAddress=a%00b:0"
      })
  void addressesThatAreNone(String endpoint) {
    AddressException e = assertThrows(AddressException.class, () -> peers.connect(endpoint));
    assertEquals(AddressException.Kind.INVALID, e.kind());
  }

  @Test
  void badOptionsAreNamed() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> peers.connect("tcp://localhost:1?noDelay=maybe"));
    assertTrue(e.getMessage().contains("noDelay") && e.getMessage().contains("maybe"));
  }

  @Test
  void connectsFromALocalAddress() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://:0");
    peers.connect("tcp://127.0.0.1:" + port(listener) + "?localAddress=127.0.0.9");
    InetSocketAddress from =
        (InetSocketAddress) peers.accept(listener).driver().peer().orElseThrow();
    assertEquals("127.0.0.9", from.getAddress().getHostAddress());
  }

  private static BufferFacet buffers(Peer peer) {
    return peer.driver().facet(BufferFacet.class).orElseThrow();
  }

  private static TcpFacet facet(Peer peer) {
    return peer.driver().facet(TcpFacet.class).orElseThrow();
  }

  @Test
  void noDelayIsOnAndKeepAliveOffUnlessAskedOtherwise() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener));
    for (Peer each : List.of(client, peers.accept(listener))) {
      assertTrue(facet(each).noDelay());
      assertFalse(facet(each).keepAlive());
    }
    String options = "?noDelay=false&keepAlive=true";
    ListenerDriver other = peers.listen("tcp-listen://127.0.0.1:0" + options);
    Peer talker = peers.connect("tcp://127.0.0.1:" + port(other) + options);
    for (Peer each : List.of(talker, peers.accept(other))) {
      assertFalse(facet(each).noDelay());
      assertTrue(facet(each).keepAlive());
    }
    talker.close();
    assertThrows(StreamClosedException.class, () -> facet(talker).noDelay());
  }

  @Test
  void whatTheSystemGaveOfTheBuffersIsTold() throws IOException {
    String sizes = "?receiveBuffer=48KiB&sendBuffer=40KiB";
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0" + sizes);
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener) + sizes);
    for (Peer each : List.of(client, peers.accept(listener))) {
      assertEquals(48 * 1024, buffers(each).receiveBuffer());
      assertEquals(40 * 1024, buffers(each).sendBuffer());
    }
    int huge = 1 << 30;
    Peer greedy =
        peers.connect("tcp://127.0.0.1:" + port(listener) + "?receiveBuffer=1GiB&sendBuffer=1GiB");
    for (int given : List.of(buffers(greedy).receiveBuffer(), buffers(greedy).sendBuffer())) {
      assertTrue(given > 40 * 1024 && given < huge, "not what the system gave: " + given);
    }
    Peer modest = peers.connect("tcp://127.0.0.1:" + port(listener) + "?sendBuffer=1");
    assertTrue(buffers(modest).sendBuffer() > 1, "the system has a least size");
  }

  @Test
  void theBacklogIsAsLongAsAskedFor() throws IOException {
    ListenerDriver small = peers.listen("tcp-listen://127.0.0.1:0?backlog=3");
    ListenerDriver large = peers.listen("tcp-listen://127.0.0.1:0?backlog=40");
    // Linux lets one more in than it was told.
    assertEquals(4, answered(port(small), 50));
    assertEquals(41, answered(port(large), 50));
  }

  /** How many of so many callers were answered although nobody accepts. */
  private int answered(int port, int callers) throws IOException {
    ChannelOptions brief = ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(3));
    List<CompletableFuture<? extends ChannelDriver>> all = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      all.add(peers.begin("tcp://127.0.0.1:" + port, brief));
    }
    int answered = 0;
    for (CompletableFuture<? extends ChannelDriver> each : all) {
      try {
        Peers.get(each).abort(new IOException("counted"));
        answered++;
      } catch (StreamTimeoutException e) {
        assertTrue(e.getMessage().contains("no answer"), e.getMessage());
      }
    }
    return answered;
  }

  @Test
  void anAddressIsUsedAgainAtOnceUnlessThatIsSwitchedOff() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    int port = port(listener);
    Peer client = peers.connect("tcp://127.0.0.1:" + port);
    Peer server = peers.accept(listener);
    // The side that closes first leaves the address waiting for stragglers.
    server.close();
    assertEquals("", client.readAll());
    client.close();
    listener.close();
    AddressException e =
        assertThrows(
            AddressException.class,
            () -> peers.listen("tcp-listen://127.0.0.1:" + port + "?reuseAddress=false"));
    assertEquals(AddressException.Kind.IN_USE, e.kind());
    ListenerDriver again = peers.listen("tcp-listen://127.0.0.1:" + port);
    peers.connect("tcp://127.0.0.1:" + port(again));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tcp-listen://:0", "tcp-listen://*:0", "tcp-listen://[::]:0"})
  void everyAddressMeansBothFamilies(String endpoint) throws IOException {
    ListenerDriver listener = peers.listen(endpoint);
    for (String host : List.of("127.0.0.1", "[::1]", "[::1%25lo]", "[::ffff:127.0.0.1]")) {
      Peer client = peers.connect("tcp://" + host + ":" + port(listener));
      client.write(host);
      assertEquals(host, peers.accept(listener).read(host.length()));
    }
  }

  @Test
  void anIpv6AddressIsBracketedWhereItIsShown() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://[::1]:0");
    assertEquals("//[::1]:" + port(listener), listener.endpoint().address());
    AddressException e =
        assertThrows(
            AddressException.class, () -> peers.listen("tcp-listen://[::1]:" + port(listener)));
    assertTrue(e.getMessage().contains("[::1]:" + port(listener)), e.getMessage());
  }

  @Test
  void whatCameBeforeAResetIsReadFirst() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener));
    Peer server = peers.accept(listener);
    server.write("half of it");
    client.source().awaitReadable(Peers.LIMIT);
    server.abort();
    assertEquals("half of it", client.read(10));
    for (int i = 0; i < 2; i++) {
      assertThrows(ConnectionResetException.class, client::readOnce);
    }
  }

  @Test
  void aResetInTheMiddleOfATransferFailsBothDirections() throws Exception {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    for (int round = 0; round < 20; round++) {
      Peer client = peers.connect("tcp://127.0.0.1:" + port(listener));
      Peer server = peers.accept(listener);
      CompletableFuture<IOException> writing = failure(() -> client.writeZeros(1 << 20));
      CompletableFuture<IOException> reading =
          failure(
              () -> {
                if (client.readOnce() < 0) {
                  throw new java.io.EOFException("a cut was taken for an end");
                }
              });
      CompletableFuture<IOException> other = failure(() -> server.writeZeros(1 << 20));
      assertTrue(server.readOnce() > 0);
      server.abort();
      assertInstanceOf(BrokenPipeException.class, Peers.get(writing));
      assertInstanceOf(ConnectionResetException.class, Peers.get(reading));
      Peers.get(other);
      client.abort();
    }
  }

  private interface Move {
    void move() throws IOException;
  }

  /** Goes on for ever, in the background; gives what ends it. */
  private static CompletableFuture<IOException> failure(Move move) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            while (true) {
              move.move();
            }
          } catch (IOException e) {
            return e;
          }
        },
        task -> new Thread(task, "transfer").start());
  }

  @Test
  void anAbortIsAResetForThePeer() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener));
    Peer server = peers.accept(listener);
    server.abort();
    for (int i = 0; i < 2; i++) {
      assertThrows(ConnectionResetException.class, client::readOnce);
    }
    assertThrows(BrokenPipeException.class, () -> client.write("x"));
  }

  @Test
  void aResetThatAWriterMetIsNoEndForTheReader() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener));
    Peer server = peers.accept(listener);
    server.abort();
    Peers.eventually(
        "a write fails",
        () -> {
          try {
            client.sink().write(ByteBuffer.allocate(1), Wait.none());
            return false;
          } catch (BrokenPipeException e) {
            return true;
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    assertThrows(ConnectionResetException.class, client::readOnce);
  }

  @Test
  void aClosedSourceNeitherStallsNorResetsThePeer() throws IOException {
    ListenerDriver listener = peers.listen("tcp-listen://127.0.0.1:0");
    Peer client = peers.connect("tcp://127.0.0.1:" + port(listener));
    Peer server = peers.accept(listener);
    server.source().close();
    server.sink().end();
    client.writeZeros(16 << 20);
    assertEquals("", client.readAll());
    client.writeZeros(1 << 20);
    client.sink().end();
  }

  @Test
  void connectingGivesUpAtItsLimitAndWhenCancelled() throws IOException {
    long before;
    try (ServerSocket deaf = new ServerSocket(0, 1, LOOPBACK)) {
      List<Socket> fillers = new ArrayList<>();
      try {
        fill(deaf, fillers);
        String endpoint = "tcp://127.0.0.1:" + deaf.getLocalPort();
        before = Peers.sockets(deaf.getLocalPort());
        ChannelOptions brief = ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(200));
        StreamTimeoutException e =
            assertThrows(StreamTimeoutException.class, () -> peers.connect(endpoint, brief));
        assertTrue(e.getMessage().contains(endpoint), e.getMessage());

        CompletableFuture<?> hanging = peers.begin(endpoint, ChannelOptions.defaults());
        Peers.eventually(
            "a descriptor was opened", () -> Peers.sockets(deaf.getLocalPort()) > before);
        assertFalse(hanging.isDone());
        hanging.cancel(false);
        Peers.eventually("it was given back", () -> Peers.sockets(deaf.getLocalPort()) <= before);
      } finally {
        for (Socket filler : fillers) {
          filler.close();
        }
      }
    }
  }

  /** Connects until the backlog is full, so that nobody else gets an answer. */
  private static void fill(ServerSocket deaf, List<Socket> fillers) throws IOException {
    while (true) {
      Socket filler = new Socket();
      fillers.add(filler);
      try {
        filler.connect(deaf.getLocalSocketAddress(), 300);
      } catch (java.net.SocketTimeoutException e) {
        return;
      }
    }
  }
}
