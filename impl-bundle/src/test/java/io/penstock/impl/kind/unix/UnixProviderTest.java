// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.PeerCredentials;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketName;
import io.penstock.spi.ListenerDriver;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnixProviderTest {
  @TempDir Path folder;

  private final Peers peers = new Peers(new UnixProvider(new PosixAccess(null)));

  private final List<Peers> others = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    peers.close();
    for (Peers each : others) {
      each.close();
    }
  }

  /** A user that may not connect in the end may not do so before. */
  @Test
  void aSocketIsNotSeenBeforeItHasItsPermissions() throws Exception {
    Path path = folder.resolve("seen");
    Path last = folder.resolve("last");
    List<String> events = new ArrayList<>();
    try (WatchService watch = folder.getFileSystem().newWatchService()) {
      folder.register(
          watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
      ListenerDriver listener = peers.listen("unix-listen:" + path);
      assertEquals(
          PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(path));
      Files.createFile(last);
      while (!events.contains("ENTRY_CREATE last")) {
        WatchKey key = watch.poll(20, TimeUnit.SECONDS);
        key.pollEvents().forEach(event -> events.add(event.kind() + " " + event.context()));
        key.reset();
      }
      listener.close();
    }
    assertTrue(events.contains("ENTRY_CREATE seen"), events::toString);
    assertFalse(events.contains("ENTRY_MODIFY seen"), events::toString);
    Files.delete(last);
    try (Stream<Path> all = Files.list(folder)) {
      assertEquals(List.of(), all.toList(), "something is left");
    }
  }

  @Test
  void thePathIsTheListenersAddressAndTheClientHasNone() throws IOException {
    Path path = folder.resolve("s");
    ListenerDriver listener = peers.listen("unix-listen:" + path);
    assertEquals("unix-listen:" + path, listener.endpoint().toString());
    Peer client = peers.connect("unix:" + path);
    assertEquals(UnixDomainSocketAddress.of(path), client.driver().peer().orElseThrow());
    assertTrue(peers.accept(listener).driver().peer().isEmpty());
  }

  @Test
  void thePathIsPrivateAndUnlinkedOnClose() throws IOException {
    Path path = folder.resolve("s");
    ListenerDriver listener = peers.listen("unix-listen:" + path);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    listener.close();
    assertFalse(Files.exists(path));
    listener.close();

    Path open = folder.resolve("open");
    peers.listen("unix-listen:" + open + "?mode=0660");
    assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(open)));
  }

  @Test
  void whatStandsInThePlaceOfItsPathIsLeftAlone() throws IOException {
    Path path = folder.resolve("s");
    ListenerDriver listener = peers.listen("unix-listen:" + path);
    Files.delete(path);
    Files.writeString(path, "somebody else's");
    listener.close();
    assertTrue(Files.exists(path));
  }

  @Test
  void addressesThatCannotBeUsed() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertEquals(AddressException.Kind.IN_USE, peers.refusal("unix-listen:" + file));
    assertTrue(Files.exists(file));
    assertEquals(AddressException.Kind.NOT_FOUND, peers.refusal("unix:" + folder.resolve("none")));
    assertEquals(
        AddressException.Kind.NOT_FOUND, peers.refusal("unix-listen:" + folder + "/none/s"));
    assertEquals(AddressException.Kind.REFUSED, peers.refusal("unix:" + file));
    assertEquals(AddressException.Kind.INVALID, peers.refusal("unix:"));
  }

  private Path deep(int bytes) throws IOException {
    String path = folder.toString();
    while (path.length() < bytes) {
      path += "/" + "d".repeat(Math.min(20, bytes - path.length() - 1));
    }
    assertEquals(bytes, path.length());
    return Files.createDirectories(Path.of(path));
  }

  private static void assertMeet(Peers here, Path path) throws IOException {
    String mode = "?mode=0660";
    ListenerDriver listener = here.listen("unix-listen:" + path + mode);
    assertEquals(path.toString(), listener.endpoint().address());
    assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    Peer client = here.connect("unix:" + path);
    assertEquals(UnixDomainSocketAddress.of(path), client.driver().peer().orElseThrow());
    client.write("over there");
    Peer server = here.accept(listener);
    assertEquals("over there", server.read(10));
    assertThrows(AddressException.class, () -> here.listen("unix-listen:" + path));
    listener.close();
    try (Stream<Path> all = Files.list(path.getParent())) {
      assertEquals(List.of(), all.toList(), "something is left");
    }
  }

  @Test
  void withoutNativeCallsThePathIsLimitedAndTheLimitNamed() throws IOException {
    try (Peers plain = new Peers(new UnixProvider(new PosixAccess("none")))) {
      for (int parent : new int[] {100, 102, 103, 104}) {
        assertMeet(plain, deep(parent).resolve("s"));
      }
      Path path = deep(110).resolve("s");
      for (String scheme : List.of("unix:", "unix-listen:")) {
        AddressException refused =
            assertThrows(AddressException.class, () -> plain.open(scheme + path));
        assertEquals(AddressException.Kind.NAME_TOO_LONG, refused.kind());
        assertTrue(refused.getMessage().contains("107 bytes"), refused.getMessage());
      }
    }
  }

  @Test
  void withNativeCallsLongerPathsAreReached() throws IOException {
    for (int parent : new int[] {100, 103, 105, 110, 1000}) {
      assertMeet(peers, deep(parent).resolve("s"));
    }
    assertMeet(peers, deep(110).resolve("n".repeat(200)));
    Path path = deep(150).resolve("s");
    ListenerDriver listener = peers.listen("unix-listen:" + path + "?handles=true");
    Peer client = peers.connect("unix:" + path + "?handles=true");
    client.write("x");
    assertEquals("x", peers.accept(listener).read(1));
    AddressException none =
        assertThrows(AddressException.class, () -> peers.connect("unix:" + path + "none"));
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
  }

  @Test
  void aDeadListenersLongPathIsTakenOver() throws IOException {
    Path path = deep(150).resolve("s");
    Path near = folder.resolve("s");
    ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    dead.bind(UnixDomainSocketAddress.of(near));
    dead.close();
    Files.move(near, path);
    assertMeet(peers, path);
  }

  @Test
  void namedPipesOfWindowsAreRefusedWithTheReason() {
    for (String name : List.of("\\\\.\\pipe\\app", "//./pipe/app", "//server/PIPE/app")) {
      NotSupportedException client =
          assertThrows(NotSupportedException.class, () -> peers.connect("unix:" + name));
      assertTrue(client.getMessage().contains("named pipe of Windows"), client.getMessage());
      NotSupportedException listener =
          assertThrows(NotSupportedException.class, () -> peers.listen("unix-listen:" + name));
      assertTrue(listener.getMessage().contains("Java can open as a file"), listener.getMessage());
    }
  }

  @Test
  void theLongestPathThatIsAllowedWorks() throws IOException {
    String path = folder.toString();
    path += "/" + "x".repeat(107 - path.length() - 1);
    AddressException.Kind kind = null;
    try {
      peers.listen("unix-listen:" + path);
    } catch (AddressException e) {
      kind = e.kind();
    }
    // Some JDKs allow a byte less: then it is refused by name, never cut.
    assertTrue(kind == null || kind == AddressException.Kind.NAME_TOO_LONG, "kind " + kind);
    assertEquals(kind == null, Files.exists(Path.of(path)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "none"})
  void aDeadListenersPathIsTakenOverAndNobodyElses(String mode) throws IOException {
    Path path = folder.resolve("s");
    Peers here = more(mode);
    ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    dead.bind(UnixDomainSocketAddress.of(path));
    dead.close();
    assertTrue(Files.exists(path));
    ListenerDriver listener = here.listen("unix-listen:" + path);
    Peer client = here.connect("unix:" + path);
    client.write("alive");
    assertEquals("alive", here.accept(listener).read(5));
    assertEquals(List.of("s"), names());

    assertThrows(AddressException.class, () -> here.listen("unix-listen:" + path));
    assertEquals(List.of("s"), names());
    if (mode.equals("auto")) {
      // To look was no connection.
      assertNull(listener.accept(here.context("nobody")));
    }
    listener.close();
    assertEquals(List.of(), names());
  }

  @Test
  void aSocketThatDoesNotListenYetIsLeftAlone() throws IOException {
    Path path = folder.resolve("s");
    Posix calls = new PosixAccess(null).calls("test", "a test");
    ByteBuffer address = SocketName.ofPath(path.toString().getBytes(StandardCharsets.UTF_8));
    int fd = calls.socket(Linux.AF_UNIX, Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC, 0);
    assertEquals(0, calls.with(address, at -> calls.bind(fd, at, address.limit())));
    assertEquals(AddressException.Kind.IN_USE, peers.refusal("unix-listen:" + path));
    calls.close(fd);
    peers.listen("unix-listen:" + path);
  }

  /** Peers whose native calls are made in some mode. */
  private Peers more(String mode) {
    Peers more = new Peers(new UnixProvider(new PosixAccess(mode)));
    others.add(more);
    return more;
  }

  @Test
  void whereNobodyAcceptsSomebodyStillListens() throws IOException {
    Path path = folder.resolve("s");
    try (ServerSocketChannel full = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      full.bind(UnixDomainSocketAddress.of(path), 1);
      List<SocketChannel> waiting = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        SocketChannel next = SocketChannel.open(StandardProtocolFamily.UNIX);
        waiting.add(next);
        next.configureBlocking(false);
        try {
          next.connect(UnixDomainSocketAddress.of(path));
        } catch (SocketException e) {
          // The backlog is full.
          assertTrue(i > 0, "connect " + i);
        }
      }
      assertEquals(AddressException.Kind.IN_USE, peers.refusal("unix-listen:" + path));
      for (SocketChannel each : waiting) {
        each.close();
      }
    }
  }

  @Test
  void aLinkIsNotFollowedToASocket() throws IOException {
    Path path = folder.resolve("s");
    ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    dead.bind(UnixDomainSocketAddress.of(path));
    dead.close();
    Path link = Files.createSymbolicLink(folder.resolve("link"), path);
    assertEquals(AddressException.Kind.IN_USE, peers.refusal("unix-listen:" + link));
    assertEquals(List.of("link", "s"), names());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(each -> each.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void thePeerIsKnownByNameWithoutNativeCallsAndByNumbersWithThem() throws IOException {
    Path path = folder.resolve("s");
    UserPrincipal owner = Files.getOwner(folder);
    long uid = ((Number) Files.getAttribute(folder, "unix:uid")).longValue();
    for (String mode : List.of("none", "auto")) {
      try (Peers asked = new Peers(new UnixProvider(new PosixAccess(mode)))) {
        ListenerDriver listener = asked.listen("unix-listen:" + path + mode);
        Peer client = asked.connect("unix:" + path + mode);
        Peer server = asked.accept(listener);
        for (Peer each : List.of(client, server)) {
          assertTrue(each.driver().capabilities().contains(Capability.CREDENTIALS));
          CredentialsFacet facet = each.driver().facet(CredentialsFacet.class).orElseThrow();
          PeerCredentials peer = facet.peerCredentials();
          assertEquals(owner.getName(), peer.user().orElseThrow());
          assertTrue(peer.group().isPresent());
          if (mode.equals("none")) {
            assertTrue(peer.pid().isEmpty());
            assertTrue(peer.uid().isEmpty());
          } else {
            assertEquals(ProcessHandle.current().pid(), peer.pid().orElseThrow());
            assertEquals(uid, peer.uid().orElseThrow());
            assertTrue(peer.gid().isPresent());
          }
        }
        // What it takes to find out leaves nothing behind.
        client.write("x");
        assertEquals("x", server.read(1));
        CredentialsFacet facet = client.driver().facet(CredentialsFacet.class).orElseThrow();
        client.close();
        assertThrows(StreamClosedException.class, facet::peerCredentials);
      }
    }
  }

  @Test
  void connectingWaitsForABacklogAndCanBeCancelled() throws IOException {
    ListenerDriver listener = peers.listen("unix-listen:" + folder.resolve("s") + "?backlog=1");
    long before = Peers.descriptors();
    // Linux lets one more in than it was told.
    for (int i = 0; i < 2; i++) {
      Peers.get(peers.begin("unix:" + folder.resolve("s"), ChannelOptions.defaults()));
    }
    CompletableFuture<?> last =
        peers.begin("unix:" + folder.resolve("s"), ChannelOptions.defaults());
    Peers.eventually("there is a socket for it", () -> Peers.descriptors() > before + 2);
    assertFalse(last.isDone());
    last.cancel(false);
    Peers.eventually("the socket was given back", () -> Peers.descriptors() <= before + 2);
    for (int i = 0; i < 2; i++) {
      peers.accept(listener);
    }
  }
}
