// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.PeerCredentials;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ListenerDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AbstractNamesTest {
  private static final int ROUNDS = 300;

  private final String name =
      "@penstock-test-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);
  private final List<Peers> opened = new ArrayList<>();

  private Peers peers(PosixAccess access) {
    Peers peers = new Peers(new UnixProvider(access));
    opened.add(peers);
    return peers;
  }

  @AfterEach
  void close() throws IOException {
    for (Peers each : opened) {
      each.close();
    }
  }

  private static Stream<PosixAccess> modes() {
    return Modes.all();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void bytesGoBothWaysAndEachEndIsOfItsOwn(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    assertEquals("unix-listen:" + name, listener.endpoint().toString());
    Peer client = peers.connect("unix:" + name);
    Peer server = peers.accept(listener);
    client.write("question");
    client.sink().end();
    assertEquals("question", server.readAll());
    server.write("answer");
    server.sink().end();
    assertEquals("answer", client.readAll());
    assertEquals(name, client.driver().peer().orElseThrow().toString());
    assertEquals(name, server.driver().local().orElseThrow().toString());
    assertTrue(server.driver().peer().isEmpty());
    assertFalse(Files.exists(Path.of(name)));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void muchGoesThroughUnharmed(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    Peer client = peers.connect("unix:" + name);
    Peer server = peers.accept(listener);
    String much = "0123456789abcdef".repeat(1 << 16);
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              try {
                client.write(much);
                client.sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertEquals(much, server.readAll());
    writer.join();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void thePeersProcessUserAndGroupAreTold(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    Peer client = peers.connect("unix:" + name);
    Peer server = peers.accept(listener);
    Path self = Path.of("/proc/self");
    for (Peer each : List.of(client, server)) {
      CredentialsFacet facet = each.driver().facet(CredentialsFacet.class).orElseThrow();
      PeerCredentials peer = facet.peerCredentials();
      assertEquals(ProcessHandle.current().pid(), peer.pid().orElseThrow());
      assertEquals(
          ((Number) Files.getAttribute(self, "unix:uid")).longValue(), peer.uid().orElseThrow());
      assertEquals(
          ((Number) Files.getAttribute(self, "unix:gid")).longValue(), peer.gid().orElseThrow());
      assertEquals(Files.getOwner(self).getName(), peer.user().orElseThrow());
      assertTrue(peer.group().isPresent());
    }
    CredentialsFacet facet = client.driver().facet(CredentialsFacet.class).orElseThrow();
    client.close();
    assertThrows(StreamClosedException.class, facet::peerCredentials);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void namesThatCannotBeUsed(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    peers.listen("unix-listen:" + name);
    assertEquals(AddressException.Kind.IN_USE, kindOf(peers, "unix-listen:" + name));
    assertEquals(AddressException.Kind.REFUSED, kindOf(peers, "unix:" + name + "-nobody"));
    assertEquals(AddressException.Kind.INVALID, kindOf(peers, "unix:@"));
    AddressException zero =
        assertThrows(AddressException.class, () -> peers.connect("unix:@a%00b"));
    assertEquals(AddressException.Kind.INVALID, zero.kind());
    assertEquals(AddressException.Kind.NAME_TOO_LONG, kindOf(peers, "unix:@" + "x".repeat(108)));
    assertEquals(
        AddressException.Kind.NAME_TOO_LONG, kindOf(peers, "unix-listen:@" + "x".repeat(108)));
    peers.listen("unix-listen:" + name + "x".repeat(108 - name.length()));
    assertThrows(
        IllegalArgumentException.class, () -> peers.listen("unix-listen:" + name + "m?mode=0600"));
  }

  private static AddressException.Kind kindOf(Peers peers, String endpoint) {
    AddressException e =
        assertThrows(
            AddressException.class,
            () -> {
              if (endpoint.startsWith("unix-listen")) {
                peers.listen(endpoint);
              } else {
                peers.connect(endpoint);
              }
            });
    assertTrue(e.getMessage().startsWith(endpoint), e.getMessage());
    return e.kind();
  }

  @Test
  void withoutNativeCallsTheErrorNamesTheCure() {
    Peers peers = peers(new PosixAccess("none"));
    for (String endpoint : List.of("unix:" + name, "unix-listen:" + name)) {
      NotSupportedException e =
          assertThrows(
              NotSupportedException.class,
              () -> {
                if (endpoint.startsWith("unix-listen")) {
                  peers.listen(endpoint);
                } else {
                  peers.connect(endpoint);
                }
              });
      assertTrue(e.getMessage().startsWith(endpoint), e.getMessage());
      assertTrue(e.getMessage().contains("com.sun.jna"), e.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("modes")
  void anAbortWithUnreadBytesIsAResetForThePeer(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    Peer client = peers.connect("unix:" + name);
    Peer server = peers.accept(listener);
    client.write("unread");
    server.abort();
    assertThrows(ConnectionResetException.class, client::readOnce);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aClosedSourceDoesNotStallThePeer(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    Peer client = peers.connect("unix:" + name);
    Peer server = peers.accept(listener);
    server.source().close();
    client.writeZeros(8 << 20);
    server.write("answer");
    assertEquals("answer", client.read(6));
    client.close();
    server.close();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void connectingWaitsForABacklogUpToItsLimit(PosixAccess access) throws Exception {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name + "?backlog=1");
    List<CompletableFuture<?>> callers = new ArrayList<>();
    // Linux lets one more in than it was told.
    for (int i = 0; i < 2; i++) {
      callers.add(peers.begin("unix:" + name, ChannelOptions.defaults()));
      Peers.get(callers.get(i));
    }
    callers.add(peers.begin("unix:" + name, ChannelOptions.defaults()));
    CompletableFuture<?> hasty =
        peers.begin(
            "unix:" + name, ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(50)));
    assertThrows(IOException.class, () -> Peers.get(hasty));
    for (CompletableFuture<?> caller : callers) {
      peers.accept(listener);
      Peers.get(caller);
    }
    Peers.eventually(
        "nobody waits any more", () -> !Peers.threadLives("penstock-connect-unix:" + name));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void everythingIsGivenBackAfterManyRounds(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    Peer warm =
        peers.connect("unix:" + peers.listen("unix-listen:" + name + "w").endpoint().address());
    warm.driver().facet(CredentialsFacet.class).orElseThrow().peerCredentials();
    warm.close();
    long before = Peers.descriptors();
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    for (int i = 0; i < ROUNDS; i++) {
      Peer client = peers.connect("unix:" + name);
      Peer server = peers.accept(listener);
      client.write("x");
      assertEquals("x", server.read(1));
      if (i % 2 == 0) {
        client.close();
        server.close();
      } else {
        client.abort();
        server.abort();
      }
    }
    listener.close();
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= before);
  }

  /** Another program sees the same name, and is seen for what it is. */
  @ParameterizedTest
  @MethodSource("modes")
  void socatIsHeardAndKnown(PosixAccess access) throws Exception {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    Process socat =
        new ProcessBuilder("socat", "-t", "20", "STDIO", "ABSTRACT-CONNECT:" + name.substring(1))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      Peer server = peers.accept(listener);
      assertEquals(
          socat.pid(),
          server
              .driver()
              .facet(CredentialsFacet.class)
              .orElseThrow()
              .peerCredentials()
              .pid()
              .orElseThrow());
      socat.getOutputStream().write("question".getBytes(UTF_8));
      socat.getOutputStream().close();
      assertEquals("question", server.readAll());
      server.write("answer");
      server.sink().end();
      assertEquals("answer", new String(socat.getInputStream().readAllBytes(), UTF_8));
      assertTrue(socat.waitFor(20, TimeUnit.SECONDS));
      assertEquals(0, socat.exitValue());
    } finally {
      socat.destroyForcibly();
    }
  }
}
