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
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
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
  void theNameIsTheListenersAddressAndNoFile(PosixAccess access) throws IOException {
    Peers peers = peers(access);
    ListenerDriver listener = peers.listen("unix-listen:" + name);
    assertEquals("unix-listen:" + name, listener.endpoint().toString());
    Peer client = peers.connect("unix:" + name);
    Peer server = peers.accept(listener);
    assertEquals(name, client.driver().peer().orElseThrow().toString());
    assertEquals(name, server.driver().local().orElseThrow().toString());
    assertTrue(server.driver().peer().isEmpty());
    assertFalse(Files.exists(Path.of(name)));
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
    assertEquals(AddressException.Kind.IN_USE, peers.refusal("unix-listen:" + name));
    assertEquals(AddressException.Kind.REFUSED, peers.refusal("unix:" + name + "-nobody"));
    assertEquals(AddressException.Kind.INVALID, peers.refusal("unix:@"));
    AddressException zero =
        assertThrows(AddressException.class, () -> peers.connect("unix:@a%00b"));
    assertEquals(AddressException.Kind.INVALID, zero.kind());
    assertEquals(AddressException.Kind.NAME_TOO_LONG, peers.refusal("unix:@" + "x".repeat(108)));
    assertEquals(
        AddressException.Kind.NAME_TOO_LONG, peers.refusal("unix-listen:@" + "x".repeat(108)));
    peers.listen("unix-listen:" + name + "x".repeat(108 - name.length()));
    assertThrows(
        IllegalArgumentException.class, () -> peers.listen("unix-listen:" + name + "m?mode=0600"));
  }

  @Test
  void withoutNativeCallsTheErrorNamesTheCure() {
    Peers peers = peers(new PosixAccess("none"));
    for (String endpoint : List.of("unix:" + name, "unix-listen:" + name)) {
      NotSupportedException e =
          assertThrows(NotSupportedException.class, () -> peers.open(endpoint));
      assertTrue(e.getMessage().startsWith(endpoint), e.getMessage());
      assertTrue(e.getMessage().contains("com.sun.jna"), e.getMessage());
    }
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
    StreamTimeoutException late =
        assertThrows(StreamTimeoutException.class, () -> Peers.get(hasty));
    assertEquals("unix:" + name + ": not connected within 50 ms", late.getMessage());
    for (CompletableFuture<?> caller : callers) {
      peers.accept(listener);
      Peers.get(caller);
    }
    Peers.eventually(
        "nobody waits any more", () -> !Peers.threadLives("penstock-connect-unix:" + name));
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
