// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.impl.kind.unix.UnixProvider;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every kind that listens does; what only one of them does is in the test of its provider. */
class ListenersTest {
  private static final int ROUNDS = 300;
  private static final String ABSTRACT =
      "unix-listen:@penstock-test-"
          + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);

  @TempDir static Path folder;

  private final List<Peers> opened = new ArrayList<>();

  /** A kind, and where its listener is. */
  private record Kind(String name, ChannelProvider provider, String listen) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Kind tcp(String address) {
    return new Kind("tcp " + address, new TcpProvider(), "tcp-listen://" + address + ":0");
  }

  /** Those in the system, whose peer may be another program. */
  private static Stream<Kind> sockets() {
    String path = "unix-listen:" + folder.resolve("s");
    return Stream.concat(
        Stream.of(
            tcp("127.0.0.1"), new Kind("unix", new UnixProvider(new PosixAccess(null)), path)),
        Modes.all()
            .map(
                access ->
                    new Kind("abstract " + access.mode(), new UnixProvider(access), ABSTRACT)));
  }

  private static Stream<Kind> kinds() {
    return Stream.concat(
        sockets(), Stream.of(new Kind("memory", new MemoryProvider(), "mem-listen:orders")));
  }

  private static Stream<Kind> addresses() {
    return Stream.concat(kinds(), Stream.of("", "*", "[::1]").map(ListenersTest::tcp));
  }

  @AfterEach
  void close() throws IOException {
    for (Peers each : opened) {
      each.close();
    }
  }

  private Peers peers(Kind kind) {
    Peers peers = new Peers(kind.provider());
    opened.add(peers);
    return peers;
  }

  /** Where a peer of that listener connects. */
  private static String connecting(ListenerDriver listener) {
    String listening = listener.endpoint().toString().replace("-listen:", ":");
    return listening.replaceFirst("//(\\*)?:", "//127.0.0.1:");
  }

  private record Pair(Peer client, Peer server) {
    static Pair of(Peers peers, ListenerDriver listener) throws IOException {
      Peer client = peers.connect(connecting(listener));
      return new Pair(client, peers.accept(listener));
    }

    static Pair of(Peers peers, Kind kind) throws IOException {
      return of(peers, peers.listen(kind.listen()));
    }
  }

  @ParameterizedTest
  @MethodSource("addresses")
  void bytesGoBothWaysAndEachEndIsOfItsOwn(Kind kind) throws IOException {
    Pair pair = Pair.of(peers(kind), kind);
    pair.client().write("question");
    pair.client().sink().end();
    assertEquals("question", pair.server().readAll());
    assertEquals(-1, pair.server().readOnce());
    pair.server().write("answer");
    pair.server().sink().end();
    assertEquals("answer", pair.client().readAll());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void muchGoesThroughUnharmed(Kind kind) throws IOException {
    Pair pair = Pair.of(peers(kind), kind);
    String much = "0123456789abcdef".repeat(1 << 16);
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              try {
                pair.client().write(much);
                pair.client().sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertEquals(much, pair.server().readAll());
    writer.join();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void addressesAreTakenAndGivenBack(Kind kind) throws IOException {
    Peers peers = peers(kind);
    ListenerDriver listener = peers.listen(kind.listen());
    String bound = listener.endpoint().toString();
    assertEquals(AddressException.Kind.IN_USE, peers.refusal(bound));
    listener.close();
    listener.close();
    // The name of a Unix socket that was closed is a file that was deleted.
    assertEquals(
        kind.name().equals("unix")
            ? AddressException.Kind.NOT_FOUND
            : AddressException.Kind.REFUSED,
        peers.refusal(connecting(listener)));
    Pair.of(peers, peers.listen(bound));
  }

  @ParameterizedTest
  @MethodSource("sockets")
  void anAbortWithUnreadBytesIsAResetForThePeer(Kind kind) throws IOException {
    Pair pair = Pair.of(peers(kind), kind);
    pair.client().write("unread");
    pair.server().abort();
    for (int i = 0; i < 2; i++) {
      assertThrows(ConnectionResetException.class, pair.client()::readOnce);
    }
    assertThrows(BrokenPipeException.class, () -> pair.client().write("x"));
  }

  @ParameterizedTest
  @MethodSource("sockets")
  void aClosedSourceDoesNotStallThePeer(Kind kind) throws IOException {
    Pair pair = Pair.of(peers(kind), kind);
    pair.server().source().close();
    pair.client().writeZeros(8 << 20);
    pair.server().write("answer");
    assertEquals("answer", pair.client().read(6));
    pair.client().writeZeros(1 << 20);
    pair.client().close();
    pair.server().close();
  }

  @ParameterizedTest
  @MethodSource("sockets")
  void aCloseWithUnreadBytesIsAnEndForThePeer(Kind kind) throws IOException {
    Pair pair = Pair.of(peers(kind), kind);
    pair.client().writeZeros(10_000);
    pair.server().write("answer");
    pair.server().source().awaitReadable(Peers.LIMIT);
    pair.server().close();
    assertEquals("answer", pair.client().readAll());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everythingIsGivenBackAfterManyRounds(Kind kind) throws IOException {
    Peers peers = peers(kind);
    ListenerDriver first = peers.listen(kind.listen());
    Peer warm = peers.connect(connecting(first));
    warm.source().readable().isSet();
    Optional<CredentialsFacet> known = warm.facet(CredentialsFacet.class);
    if (known.isPresent()) {
      known.get().peerCredentials();
    }
    warm.close();
    first.close();
    peers.openSelector();
    long before = Peers.descriptors();
    ListenerDriver listener = peers.listen(kind.listen());
    for (int i = 0; i < ROUNDS; i++) {
      Pair pair = Pair.of(peers, listener);
      pair.client().write("x");
      assertEquals("x", pair.server().read(1));
      for (Peer each : List.of(pair.client(), pair.server())) {
        if (i % 2 == 0) {
          each.close();
        } else {
          each.abort();
        }
      }
    }
    listener.close();
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= before);
  }
}
