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
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.forward.Wanted;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.junit.jupiter.api.Test;

/** Connections that go through SSH, with us on both sides. */
class ForwardTest {
  private static final int MIB = 1 << 20;

  private static Endpoint direct(Listener listener, String target) {
    return Bench.login(listener.endpoint(), "direct=" + target);
  }

  private static OpenFailedException refused(Endpoint endpoint) {
    return assertThrows(OpenFailedException.class, () -> Bench.open(endpoint));
  }

  // ---- the server connects

  @Case(seconds = 60)
  void serverConnectsForAClientWhereItIsPermitted() throws Exception {
    Path path = Bench.FOLDER.resolve("direct.sock");
    try (Echo tcp = Echo.tcp();
        Echo unix = Echo.unix(path);
        Listener listener = Bench.listen("permit-open=localhost:*," + unix.target())) {
      String port = tcp.target().substring(tcp.target().indexOf(':'));
      // A name has to be looked up, and may have an address at which nobody listens.
      try (Channel channel = Bench.open(direct(listener, "localhost" + port))) {
        Echo.exchange(channel);
      }
      try (Channel channel = Bench.open(direct(listener, unix.target()))) {
        Echo.exchange(channel);
      }
      assertThrows(
          WouldBlockException.class, () -> listener.accept(Wait.none()), "nothing to accept");
      for (String each : List.of(tcp.target(), unix.target() + "x", "localhost.localdomain:1")) {
        OpenFailedException prohibited = refused(direct(listener, each));
        assertEquals(1, prohibited.code());
        assertTrue(prohibited.getMessage().contains(each), prohibited.getMessage());
      }
    }
  }

  @Case(seconds = 60)
  void failureToConnectIsToldWithItsReason() throws Exception {
    int nobody;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = closed.getLocalPort();
    }
    try (Listener listener = Bench.listen("permit-open=*:*,unix:*")) {
      OpenFailedException failed = refused(direct(listener, "127.0.0.1:" + nobody));
      assertEquals(2, failed.code());
      assertTrue(failed.getMessage().contains("Connection refused"), failed.getMessage());
      assertEquals(2, refused(direct(listener, "unix:/no/such/socket")).code());
      OpenFailedException unknown = refused(direct(listener, "no-such-host.invalid:1"));
      assertEquals(2, unknown.code());
      assertTrue(unknown.getMessage().contains("no such host"), unknown.getMessage());
    }
  }

  @Case(seconds = 60)
  void nothingIsForwardedThatWasNotConfigured() throws Exception {
    try (Listener listener = Bench.listen()) {
      assertEquals(1, refused(direct(listener, "127.0.0.1:1")).code());
      assertEquals(1, refused(direct(listener, "unix:/tmp/x")).code());
      for (String each : List.of("localhost:0", "unix:/tmp/x")) {
        RequestRejectedException rejected =
            assertThrows(RequestRejectedException.class, () -> listenAt(listener, each));
        assertTrue(rejected.getMessage().contains(each), rejected.getMessage());
      }
    }
    IllegalArgumentException pattern =
        assertThrows(IllegalArgumentException.class, () -> Bench.listen("permit-open=host"));
    assertTrue(pattern.getMessage().contains("permit-open"), pattern.getMessage());
  }

  @Case(seconds = 60)
  void kindThatIsNotKnownIsRefusedAsSuch() throws Exception {
    try (Listener listener = Bench.listen();
        Channel some = Bench.open(Bench.login(listener.endpoint()))) {
      assertTrue(some.isOpen());
      SshClient client = SshClient.setUpDefaultClient();
      client.setServerKeyVerifier((session, remote, key) -> true);
      client.start();
      try (ClientSession session =
          client
              .connect("me", "127.0.0.1", Bench.port(listener.endpoint()))
              .verify(Duration.ofSeconds(20))
              .getSession()) {
        for (KeyPair each : new FileKeyPairProvider(Bench.CLIENT_KEY).loadKeys(session)) {
          session.addPublicKeyIdentity(each);
        }
        session.auth().verify(Duration.ofSeconds(20));
        assertEquals(3, code(session, "no-such-kind", body -> {}));
        // Of the client's only.
        assertEquals(3, code(session, Wanted.FORWARDED_TCP, body -> {}));
        assertEquals(2, code(session, Wanted.DIRECT_TCP, body -> body.putString("no port")));
      } finally {
        client.stop();
      }
    }
  }

  @Case(seconds = 60)
  void whatAServerOpensUnaskedIsRefused() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      Session server = Bench.session(both.server());
      // Of the server's only.
      assertEquals(3, code(server, "session", body -> {}));
      assertEquals(3, code(server, Wanted.DIRECT_TCP, body -> {}));
      assertEquals(3, code(server, "no-such-kind", body -> {}));
      // Kinds that we know, and have not asked for.
      assertEquals(1, code(server, Wanted.FORWARDED_TCP, body -> addresses(body, "localhost")));
      assertEquals(1, code(server, Wanted.FORWARDED_UNIX, body -> body.putString("/tmp/x")));
      assertEquals(1, code(server, "x11", body -> address(body, "127.0.0.1")));
      assertEquals(1, code(server, "auth-agent@openssh.com", body -> {}));
      // The connection is none the worse for it.
      both.server().sink().writeFully("still here", Bench.SOON);
      ByteBuffer got = ByteBuffer.allocate(10);
      both.client().source().readFully(got, Bench.SOON);
      assertEquals("still here", new String(got.array(), StandardCharsets.UTF_8));
    }
  }

  private static void address(Buffer body, String host) {
    body.putString(host);
    body.putUInt(1);
  }

  /** Where somebody has connected to, and from where. */
  private static void addresses(Buffer body, String host) {
    address(body, host);
    address(body, "127.0.0.1");
  }

  private static int code(Session session, String type, java.util.function.Consumer<Buffer> body)
      throws Exception {
    Link link = Link.toOpen("test", type, 1 << 20, body);
    ExecutionException failed =
        assertThrows(
            ExecutionException.class,
            () -> link.open(session.getService(ConnectionService.class)).get(20, TimeUnit.SECONDS));
    return assertInstanceOf(OpenFailedException.class, failed.getCause()).code();
  }

  @Case(seconds = 60)
  void stalledConnectionHoldsItsShareAndDelaysNoOther() throws Exception {
    try (ServerSocketChannel server =
            ServerSocketChannel.open()
                .setOption(StandardSocketOptions.SO_RCVBUF, 64 * 1024)
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Echo echo = Echo.tcp();
        Listener listener = Bench.listen("permit-open=127.0.0.1:*", "window=64KiB")) {
      String target = "127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort();
      Endpoint login = Bench.login(listener.endpoint(), "share=true", "direct=" + target);
      try (Channel stalled = Bench.open(login);
          SocketChannel unread = server.accept()) {
        // To one that does not read, until nothing more fits in anywhere.
        long sent = fill(stalled);
        assertTrue(sent >= 64 * 1024, "only " + sent + " went in");
        assertTrue(sent < 32 * MIB, sent + " are held somewhere");
        Endpoint other =
            Endpoint.parse(login.toString().replace("direct=" + target, "direct=" + echo.target()));
        try (Channel quick = Bench.open(other)) {
          assertEquals(
              stalled.facet(SshFacet.class).orElseThrow().user(),
              quick.facet(SshFacet.class).orElseThrow().user());
          Echo.exchange(quick);
        }
        // It has lost nothing.
        stalled.sink().end();
        assertEquals(sent, Channels.newInputStream(unread).readAllBytes().length);
      }
    }
  }

  private static long fill(Channel channel) throws IOException {
    long sent = 0;
    ByteBuffer piece = ByteBuffer.allocate(32 * 1024);
    while (true) {
      try {
        sent += channel.sink().write(piece.clear(), Wait.upTo(Duration.ofMillis(500)));
      } catch (StreamTimeoutException e) {
        return sent;
      }
    }
  }

  @SuppressWarnings("try")
  @Case(seconds = 60)
  void cutIsNeverTakenForTheEnd() throws Exception {
    try (ServerSocketChannel server =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Listener listener = Bench.listen("permit-open=*:*")) {
      String target = "127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort();
      try (Channel channel = Bench.open(direct(listener, target));
          SocketChannel peer = server.accept()) {
        channel.abort(new IOException("on purpose"));
        assertThrows(IOException.class, () -> Channels.newInputStream(peer).readAllBytes());
      }
      try (Channel channel = Bench.open(direct(listener, target));
          SocketChannel peer = server.accept()) {
        peer.setOption(StandardSocketOptions.SO_LINGER, 0);
        peer.close();
        assertThrows(IOException.class, () -> channel.source().readAll(99, Bench.SOON));
      }
    }
  }

  @Case(seconds = 60)
  void whatTheListenerServesEndsWithIt() throws Exception {
    try (ServerSocketChannel server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      String target = "127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort();
      Listener listener = Bench.listen("permit-open=*:*");
      try (Channel channel = Bench.open(direct(listener, target));
          SocketChannel peer = server.accept()) {
        listener.close();
        assertThrows(IOException.class, () -> Channels.newInputStream(peer).readAllBytes());
        assertThrows(IOException.class, () -> channel.source().readAll(99, Bench.SOON));
      }
    }
  }

  // ---- the acceptor is what the client gets to

  @Case(seconds = 60)
  void whoeverAcceptsGetsWhatClientsWantToReach() throws Exception {
    try (Listener listener =
        Bench.listen("direct=accept", "permit-open=some.service:99,unix:/some/path")) {
      accepted(
          listener,
          "some.service:99",
          InetSocketAddress.createUnresolved("some.service", 99),
          Optional.of(InetSocketAddress.createUnresolved("127.0.0.1", 0)));
      accepted(
          listener, "unix:/some/path", UnixDomainSocketAddress.of("/some/path"), Optional.empty());
      assertEquals(1, refused(direct(listener, "some.service:98")).code());
    }
  }

  @SuppressWarnings("try")
  private static void accepted(
      Listener listener, String wanted, SocketAddress target, Optional<SocketAddress> originator)
      throws Exception {
    try (Channel client = Bench.open(direct(listener, wanted));
        Channel server = listener.accept(Bench.SOON)) {
      SshForwardFacet facet = server.facet(SshForwardFacet.class).orElseThrow();
      assertEquals(target, facet.target());
      assertEquals(originator, facet.originator());
      assertEquals("tester", facet.user());
      assertEquals(client.facet(SshFacet.class).orElseThrow().id(), facet.remoteId());
      assertTrue(server.facet(SshServerFacet.class).isEmpty(), "there is no program in it");
      client.sink().writeFully("there", Bench.SOON);
      client.sink().end();
      assertEquals(
          ByteBuffer.wrap("there".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
          server.source().readAll(99, Bench.SOON));
      server.sink().writeFully("back", Bench.SOON);
      server.close();
      assertEquals(
          ByteBuffer.wrap("back".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
          client.source().readAll(99, Bench.SOON));
    }
  }

  @Case(seconds = 60)
  void backlogAndChannelsAreLimited() throws Exception {
    try (Listener listener =
        Bench.CHANNELS.listen(
            Bench.listening("direct=accept", "permit-open=*:*", "max-channels=2"),
            ChannelOptions.defaults().withBacklog(1))) {
      Endpoint login = Bench.login(listener.endpoint(), "share=true", "direct=a:1");
      try (Channel first = Bench.open(login)) {
        assertEquals(4, refused(login).code(), "it would have to wait behind another");
        try (Channel accepted = listener.accept(Bench.SOON);
            Channel second = Bench.open(login)) {
          assertEquals(4, refused(login).code(), "there are two");
          assertTrue(first.isOpen() && second.isOpen() && accepted.isOpen());
        }
      }
    }
  }

  // ---- the server listens

  /** Waits until the peer has been cut. */
  private static void isCut(Socket peer) {
    try {
      assertEquals(-1, peer.getInputStream().read());
    } catch (SocketException e) {
      // Cut by a reset.
      assertFalse(peer.isClosed());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("try")
  @Case(seconds = 60)
  void peersThatTheClientRefusesTakeNoPlace() throws Exception {
    try (Listener listener = Bench.listen("max-channels=3", "permit-listen=localhost:*");
        Listener remote =
            Bench.CHANNELS.listen(
                forward(listener, "localhost:0"), ChannelOptions.defaults().withBacklog(1))) {
      int port = Bench.forwardedPort(remote);
      List<Socket> peers = new ArrayList<>();
      CountDownLatch three = new CountDownLatch(3);
      for (int i = 0; i < 4; i++) {
        Socket peer = new Socket(InetAddress.getLoopbackAddress(), port);
        peers.add(peer);
        CompletableFuture<Void> unused =
            CompletableFuture.runAsync(() -> isCut(peer), task -> new Thread(task).start())
                .thenRun(three::countDown);
      }
      // One of them waits to be accepted.
      assertTrue(three.await(30, TimeUnit.SECONDS));
      remote.accept(Bench.SOON).close();
      for (int i = 0; i < 5; i++) {
        try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), port);
            Channel accepted = remote.accept(Bench.SOON)) {
          assertTrue(accepted.isOpen());
        }
      }
      for (Socket each : peers) {
        each.close();
      }
    }
  }

  private static Endpoint forward(Listener listener, String at) {
    return Endpoint.parse(
        Bench.login(listener.endpoint(), "listen=" + at)
            .toString()
            .replace("ssh:", "ssh-forward-listen:"));
  }

  private static Listener listenAt(Listener listener, String at) throws IOException {
    return Bench.CHANNELS.listen(forward(listener, at), ChannelOptions.defaults());
  }

  private static SocketAddress address(Listener remote) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), Bench.forwardedPort(remote));
  }

  @Case(seconds = 60)
  void serverListensForAClientWhereItIsPermitted() throws Exception {
    Path path = Bench.FOLDER.resolve("remote.sock");
    try (Listener listener = Bench.listen("permit-listen=localhost:0,unix:" + path);
        Listener tcp = listenAt(listener, "localhost:0");
        Listener unix = listenAt(listener, "unix:" + path)) {
      assertTrue(Bench.forwardedPort(tcp) > 0, tcp.endpoint().toString());
      for (Listener each : List.of(tcp, unix)) {
        SocketAddress at = each == tcp ? address(tcp) : UnixDomainSocketAddress.of(path);
        CompletableFuture<Void> peer =
            CompletableFuture.runAsync(
                () -> {
                  try {
                    Echo.exchange(at);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                },
                task -> new Thread(task, "peer").start());
        try (Channel channel = each.accept(Bench.SOON)) {
          Echo.serve(channel);
        }
        peer.get(30, TimeUnit.SECONDS);
      }
      RequestRejectedException twice =
          assertThrows(RequestRejectedException.class, () -> listenAt(listener, "unix:" + path));
      assertTrue(twice.getMessage().contains(path.toString()), twice.getMessage());
      for (String each : List.of("localhost:1", "*:0", "0.0.0.0:0", "unix:/tmp/other")) {
        assertThrows(RequestRejectedException.class, () -> listenAt(listener, each), each);
      }
    }
  }

  @Case(seconds = 60)
  void acceptedConnectionTellsWhoHasConnected() throws Exception {
    try (Listener listener = Bench.listen("permit-listen=*:*");
        Listener remote = listenAt(listener, "127.0.0.1:0");
        SocketChannel peer = SocketChannel.open(address(remote));
        Channel channel = remote.accept(Bench.SOON)) {
      SshForwardFacet facet = channel.facet(SshForwardFacet.class).orElseThrow();
      assertEquals(
          InetSocketAddress.createUnresolved("127.0.0.1", Bench.forwardedPort(remote)),
          facet.target());
      assertEquals(
          Optional.of(
              InetSocketAddress.createUnresolved(
                  "127.0.0.1", ((InetSocketAddress) peer.getLocalAddress()).getPort())),
          facet.originator());
      assertEquals("forwarded-tcpip", facet.type());
      assertTrue(channel.facet(SshOriginFacet.class).isPresent());
      assertTrue(channel.facet(SshFacet.class).isPresent());
      assertTrue(channel.peer().isPresent());
    }
  }

  @Case(seconds = 60)
  void limitAndPauseAreThoseOfEveryListener() throws Exception {
    try (Listener listener = Bench.listen("permit-listen=*:*");
        Listener remote =
            Bench.CHANNELS.listen(
                forward(listener, "localhost:0"), ChannelOptions.defaults().withMaxConnections(1));
        SocketChannel one = SocketChannel.open(address(remote));
        SocketChannel two = SocketChannel.open(address(remote))) {
      Channel first = remote.accept(Bench.SOON);
      assertThrows(
          StreamTimeoutException.class, () -> remote.accept(Wait.upTo(Duration.ofMillis(100))));
      remote.pause();
      first.close();
      assertThrows(
          StreamTimeoutException.class, () -> remote.accept(Wait.upTo(Duration.ofMillis(100))));
      remote.resume();
      remote.accept(Bench.SOON).close();
      assertTrue(one.isOpen() && two.isOpen());
    }
  }

  @SuppressWarnings("try")
  @Case(seconds = 60)
  void closedListenerGivesTheAddressBackAndLeavesItsChannels() throws Exception {
    try (Listener listener = Bench.listen("permit-listen=localhost:*")) {
      Listener remote = listenAt(listener, "localhost:0");
      SocketAddress at = address(remote);
      try (SocketChannel peer = SocketChannel.open(at);
          Channel channel = remote.accept(Bench.SOON)) {
        remote.close();
        awaitRefused(at);
        channel.sink().writeFully("still", Bench.SOON);
        channel.close();
        assertEquals(5, Channels.newInputStream(peer).readAllBytes().length);
      }
    }
  }

  /** Nobody sees it with another mode, not for a moment: a watch would be told of a change. */
  @Case(seconds = 60)
  void aSocketHasItsModeFromTheBeginning() throws Exception {
    Path folder = Files.createTempDirectory(Bench.FOLDER, "w");
    // Its own path fits into an address, but not that of a folder beside it.
    Path longest = Path.of(folder.resolve("long").toString() + "g".repeat(106)).toAbsolutePath();
    longest = Path.of(longest.toString().substring(0, 106));
    for (Path path : List.of(folder.resolve("s"), longest)) {
      try (WatchService watch = folder.getFileSystem().newWatchService();
          Listener listener = Bench.listen("permit-listen=unix:*")) {
        folder.register(
            watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
        try (Listener unix = listenAt(listener, "unix:" + path)) {
          assertTrue(unix.isOpen());
          assertEquals(
              "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
          SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
        }
        Files.createFile(folder.resolve("last"));
        List<String> seen = new ArrayList<>();
        while (!seen.contains("ENTRY_CREATE last")) {
          WatchKey key = watch.poll(20, TimeUnit.SECONDS);
          for (WatchEvent<?> event : key.pollEvents()) {
            seen.add(event.kind() + " " + event.context());
          }
          key.reset();
        }
        assertTrue(seen.contains("ENTRY_CREATE " + path.getFileName()), seen.toString());
        assertFalse(seen.contains("ENTRY_MODIFY " + path.getFileName()), seen.toString());
        Files.delete(folder.resolve("last"));
      }
      try (Stream<Path> left = Files.list(folder)) {
        assertEquals(0, left.filter(each -> each.getFileName().toString().startsWith(".")).count());
      }
    }
  }

  @Test
  void listenersEndWithTheirServer() throws Exception {
    Path path = Bench.FOLDER.resolve("ended.sock");
    Listener listener = Bench.listen("permit-listen=localhost:*,unix:*");
    try (Listener remote = listenAt(listener, "localhost:0");
        Listener unix = listenAt(listener, "unix:" + path)) {
      SocketAddress at = address(remote);
      listener.close();
      awaitRefused(at);
      assertTrue(Files.notExists(path), "its file is left");
      assertThrows(IOException.class, () -> remote.accept(Bench.SOON));
      assertThrows(IOException.class, () -> unix.accept(Bench.SOON));
    }
  }

  private static void awaitRefused(SocketAddress address) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (answers(address)) {
      assertTrue(System.nanoTime() < limit, address + " is still listened at");
      LockSupport.parkNanos(200_000);
    }
  }

  private static boolean answers(SocketAddress address) {
    try (SocketChannel socket = SocketChannel.open(address)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void listeningEndpointNeedsAUserAndAnAddress() {
    for (String each :
        List.of(
            "ssh-forward-listen://127.0.0.1:1?listen=localhost:0",
            "ssh-forward-listen://me@127.0.0.1:1",
            "ssh-forward-listen://me@127.0.0.1:1?listen=localhost",
            "ssh-forward-listen://me@127.0.0.1:1?listen=localhost:0&exec=x")) {
      Exception refused =
          assertThrows(
              Exception.class,
              () -> Bench.CHANNELS.listen(Endpoint.parse(each), ChannelOptions.defaults()));
      assertTrue(
          refused instanceof IllegalArgumentException
              || refused instanceof io.penstock.error.AddressException,
          refused.toString());
    }
  }
}
