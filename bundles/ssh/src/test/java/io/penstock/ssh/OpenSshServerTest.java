// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.HandshakeException;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** We are the client of OpenSSH's server. */
class OpenSshServerTest {
  private static final int MIB = 1 << 20;
  private static OpenSsh.Server server;

  @BeforeAll
  static void start() throws IOException {
    server =
        OpenSsh.Server.start("AcceptEnv LC_*", "MaxSessions 100", "AllowStreamLocalForwarding yes");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private static String all(ByteSource source) throws IOException {
    return text(source.readAll(MIB, Bench.SOON));
  }

  private static SshExit exit(Channel channel) throws IOException {
    return Bench.client(channel).exit(Bench.SOON);
  }

  private static Throwable verdict(Channel channel) {
    return assertThrows(
            ExecutionException.class,
            () -> channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS))
        .getCause();
  }

  @Test
  void outputAndStatusOfACommand() throws Exception {
    try (Channel channel = Bench.open(server.exec("echo hello"))) {
      assertEquals("hello\n", all(channel.source()));
      assertEquals(SshExit.of(0), exit(channel));
      channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertTrue(Bench.client(channel).peerVersion().contains("OpenSSH"));
    }
  }

  @Test
  void statusesAreTheProgramsOwn() throws Exception {
    for (int status : new int[] {7, 255}) {
      try (Channel channel = Bench.open(server.exec("exit " + status))) {
        assertEquals("", all(channel.source()));
        assertEquals(SshExit.of(status), exit(channel));
        ExitException failed = assertInstanceOf(ExitException.class, verdict(channel));
        assertEquals(status, failed.status());
      }
    }
  }

  @Test
  void signalThatEndedTheProgramIsNamed() throws Exception {
    try (Channel channel = Bench.open(server.exec("kill -KILL $$"))) {
      assertEquals("", all(channel.source()));
      SshExit end = exit(channel);
      assertEquals("KILL", end.signal().orElseThrow());
      assertTrue(end.status().isEmpty());
      assertEquals(137, assertInstanceOf(ExitException.class, verdict(channel)).status());
    }
  }

  @Test
  void threeMebibytesOnBothStreamsAtOnce() throws Exception {
    String command =
        "head -c 3145728 /dev/zero | tr '\\0' o & head -c 3145728 /dev/zero | tr '\\0' e >&2; wait";
    try (Channel channel = Bench.open(server.exec(command, "stderr=pipe"))) {
      ByteSource errors = Bench.client(channel).errorSource().orElseThrow();
      CompletableFuture<byte[]> apart = CompletableFuture.supplyAsync(() -> count(errors, 'e'));
      byte[] out = count(channel.source(), 'o');
      assertEquals(3 * MIB, out.length);
      assertEquals(3 * MIB, apart.get(60, TimeUnit.SECONDS).length);
      assertEquals(SshExit.of(0), exit(channel));
    }
  }

  private static byte[] count(ByteSource source, char expected) {
    try {
      ByteBuffer all = source.readAll(16 * MIB, Bench.SOON);
      byte[] bytes = new byte[all.remaining()];
      all.get(bytes);
      for (byte each : bytes) {
        assertEquals(expected, each);
      }
      return bytes;
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  @Case(seconds = 60)
  void eightMebibytesUnreadAndThenRead() throws Exception {
    try (Channel channel = Bench.open(server.exec("head -c 8388608 /dev/zero"))) {
      awaitStall(channel);
      ByteBuffer all = channel.source().readAll(16 * MIB, Bench.SOON);
      assertEquals(8 * MIB, all.remaining());
      assertEquals(SshExit.of(0), exit(channel));
    }
  }

  /** Until the peer has used up its window. */
  private static void awaitStall(Channel channel) throws Exception {
    SshFacet facet = channel.facet(SshFacet.class).orElseThrow();
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (facet.receiveWindow() > 0) {
      assertTrue(System.nanoTime() < limit, "the window is not used up");
      LockSupport.parkNanos(200_000);
    }
  }

  @Case(seconds = 60)
  void stalledChannelHoldsItsWindowAndDelaysNoOther() throws Exception {
    for (int window : new int[] {2 * MIB, 32 * 1024}) {
      Endpoint login = server.login("share=true", "window=" + window);
      try (Channel stalled =
          Bench.open(Endpoint.parse(login + "&exec=head -c 8388608 /dev/zero"))) {
        awaitStall(stalled);
        try (Channel quick =
            Bench.open(Endpoint.parse(login + "&exec=head -c 33554432 /dev/zero"))) {
          assertEquals(32 * MIB, quick.source().readAll(64 * MIB, Bench.SOON).remaining());
        }
        assertEquals(window, stalled.source().available());
        assertEquals(0, stalled.facet(SshFacet.class).orElseThrow().receiveWindow());
      }
    }
  }

  @Test
  void halfCloseLetsTheProgramAnswer() throws Exception {
    try (Channel channel = Bench.open(server.exec("sort"))) {
      channel.sink().writeFully("b\na\n", Bench.SOON);
      channel.sink().end();
      assertEquals("a\nb\n", all(channel.source()));
      assertEquals(SshExit.of(0), exit(channel));
    }
  }

  @Test
  void keysAreExchangedAnewUnderLoadBothWays() throws Exception {
    byte[] data = new byte[4 * MIB];
    new java.util.Random(1).nextBytes(data);
    try (OpenSsh.Server rekeying =
        OpenSsh.Server.start("RekeyLimit 256K", "LogLevel DEBUG1", OpenSsh.FAST_KEYS)) {
      for (String window : new String[] {"window=2MiB", "window=32KiB"}) {
        long before = rekeying.said("rekey out after");
        try (Channel channel = Bench.open(rekeying.exec("cat", window))) {
          CompletableFuture<Void> writing =
              CompletableFuture.runAsync(
                  () -> {
                    try {
                      channel.sink().writeFully(ByteBuffer.wrap(data), Bench.SOON);
                      channel.sink().end();
                    } catch (IOException e) {
                      throw new CompletionException(e);
                    }
                  });
          ByteBuffer back = channel.source().readAll(16 * MIB, Bench.SOON);
          writing.get(30, TimeUnit.SECONDS);
          assertEquals(ByteBuffer.wrap(data), back);
          assertEquals(SshExit.of(0), exit(channel));
        }
        long times = rekeying.said("rekey out after") - before;
        assertTrue(times >= 10, "keys were exchanged anew " + times + " times");
      }
    }
  }

  @Case(seconds = 60)
  void standardErrorIsJoinedOnWish() throws Exception {
    try (Channel channel = Bench.open(server.exec("echo out; echo err >&2", "stderr=merge"))) {
      String both = all(channel.source());
      assertTrue(both.contains("out\n") && both.contains("err\n"), both);
      assertTrue(Bench.client(channel).combineErrors(false));
    }
  }

  @Case(seconds = 60)
  void variablesReachTheProgram() throws Exception {
    try (Channel channel =
        Bench.open(server.exec("echo $LC_PENSTOCK-$OTHER", "env.LC_PENSTOCK=x y", "env.OTHER=z"))) {
      assertEquals("x y-\n", all(channel.source()));
    }
  }

  @Case(seconds = 60)
  void terminalHasItsSizeAndIsResized() throws Exception {
    String command =
        "python3 -uc \"import fcntl,termios,struct,signal;"
            + "s=lambda *a:print(*struct.unpack('HHHH',fcntl.ioctl(0,termios.TIOCGWINSZ,b'0'*8)));"
            // Blocked, a signal waits until it is asked for: none is lost between two steps.
            + "w=[signal.SIGWINCH];signal.pthread_sigmask(signal.SIG_BLOCK,w);"
            + "s();[s(signal.sigwait(w)) for _ in iter(int,1)]\"";
    TerminalFacet terminal;
    try (Channel channel = Bench.open(server.login())) {
      SshClientFacet facet = Bench.client(channel);
      facet.pty(
          Pty.defaults().withTerm("xterm").withSize(132, 43).withPixels(800, 600), Bench.SOON);
      facet.exec(ByteBuffer.wrap(command.getBytes(StandardCharsets.UTF_8)), Bench.SOON);
      assertEquals(
          "43 132 800 600\r\n", text(channel.source().readUntil(ByteSequence.LF, 99, Bench.SOON)));
      facet.resize(Pty.defaults().withSize(100, 30).withPixels(640, 480));
      assertEquals(
          "30 100 640 480\r\n", text(channel.source().readUntil(ByteSequence.LF, 99, Bench.SOON)));
      // As for every kind: a zero leaves a measure as it is.
      terminal = channel.facet(TerminalFacet.class).orElseThrow();
      assertEquals(new TerminalSize(100, 30, 640, 480), terminal.size());
      terminal.resize(TerminalSize.of(TerminalSize.MAX + 1, 0));
      assertEquals(
          "30 65535 640 480\r\n",
          text(channel.source().readUntil(ByteSequence.LF, 99, Bench.SOON)));
      assertEquals(new TerminalSize(TerminalSize.MAX, 30, 640, 480), terminal.size());
    }
    assertThrows(StreamClosedException.class, terminal::size);
    assertThrows(StreamClosedException.class, () -> terminal.resize(TerminalSize.of(80, 24)));
  }

  @Case(seconds = 60)
  void shellWithATerminalOfTheEndpoint() throws Exception {
    try (Channel channel =
        Bench.open(server.login("shell=true", "pty=xterm", "columns=99", "rows=33"))) {
      channel.sink().writeFully("stty size; exit 3\n", Bench.SOON);
      assertTrue(all(channel.source()).contains("33 99"));
      assertEquals(SshExit.of(3), exit(channel));
    }
  }

  @Case(seconds = 60)
  void unknownSubsystemIsRefused() throws Exception {
    RequestRejectedException refused =
        assertThrows(
            RequestRejectedException.class,
            () -> Bench.open(server.login("subsystem=no-such-subsystem")));
    assertTrue(refused.getMessage().contains("subsystem"), refused.getMessage());
  }

  @Case(seconds = 60)
  void refusedTerminalLeavesTheSessionToUse() throws Exception {
    try (OpenSsh.Server plain = OpenSsh.Server.start("PermitTTY no");
        Channel channel = Bench.open(plain.login())) {
      SshClientFacet facet = Bench.client(channel);
      assertThrows(RequestRejectedException.class, () -> facet.pty(Pty.defaults(), Bench.SOON));
      facet.exec(ByteBuffer.wrap("echo on".getBytes(StandardCharsets.UTF_8)), Bench.SOON);
      assertEquals("on\n", all(channel.source()));
    }
  }

  @Test
  void directChannelReachesAnAddressOfTheServers() throws Exception {
    try (ServerSocket echo = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Channel channel = Bench.open(server.login("direct=127.0.0.1:" + echo.getLocalPort()));
        Socket peer = echo.accept()) {
      channel.sink().writeFully("there", Bench.SOON);
      channel.sink().end();
      assertEquals(
          "there", new String(peer.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      peer.getOutputStream().write("back".getBytes(StandardCharsets.UTF_8));
      peer.shutdownOutput();
      assertEquals("back", all(channel.source()));
      assertTrue(channel.facet(SshClientFacet.class).isEmpty(), "there is no program in it");
    }
  }

  @Test
  void directChannelReachesAUnixSocketOfTheServers() throws Exception {
    Path path = Bench.FOLDER.resolve("echo.sock");
    try (ServerSocketChannel echo = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      echo.bind(UnixDomainSocketAddress.of(path));
      try (Channel channel = Bench.open(server.login("direct=unix:" + path));
          SocketChannel peer = echo.accept()) {
        channel.sink().writeFully("there", Bench.SOON);
        ByteBuffer got = ByteBuffer.allocate(5);
        while (got.hasRemaining()) {
          assertTrue(peer.read(got) > 0);
        }
        assertEquals("there", text(got.flip()));
      }
    } finally {
      Files.delete(path);
    }
  }

  @Case(seconds = 60)
  void refusedOpenTellsItsCode() throws Exception {
    int nobody;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = closed.getLocalPort();
    }
    OpenFailedException failed =
        assertThrows(
            OpenFailedException.class,
            () -> Bench.open(server.login("direct=127.0.0.1:" + nobody)));
    assertEquals(2, failed.code());
    try (OpenSsh.Server strict = OpenSsh.Server.start("AllowTcpForwarding no")) {
      OpenFailedException prohibited =
          assertThrows(
              OpenFailedException.class,
              () -> Bench.open(strict.login("direct=127.0.0.1:" + nobody)));
      assertEquals(1, prohibited.code());
    }
  }

  @Test
  void refusedOpenLeavesTheSharedConnectionToOthers() throws Exception {
    Endpoint login = server.login("share=true");
    try (Channel first = Bench.open(login)) {
      assertThrows(
          OpenFailedException.class,
          () -> Bench.open(Endpoint.parse(login + "&direct=127.0.0.1:1")));
      Bench.client(first)
          .exec(ByteBuffer.wrap("echo still".getBytes(StandardCharsets.UTF_8)), Bench.SOON);
      assertEquals("still\n", all(first.source()));
    }
  }

  @Test
  void wrongHostKeyIsRefusedAndBothFingerprintsAreShown() throws Exception {
    Path wrong = Bench.knownHosts(server.port(), Bench.STRANGER_KEY);
    Endpoint endpoint =
        Endpoint.parse(
            server.exec("true").toString().replaceAll("known-hosts=[^&]*", "known-hosts=" + wrong));
    HandshakeException refused = assertThrows(HandshakeException.class, () -> Bench.open(endpoint));
    for (Path key : new Path[] {Bench.HOST_KEY, Bench.STRANGER_KEY}) {
      String fingerprint =
          OpenSsh.run(java.util.List.of("ssh-keygen", "-lf", key + ".pub"), new byte[0])
              .text()
              .split(" ")[1];
      assertTrue(refused.getMessage().contains(fingerprint), refused.getMessage());
    }
  }

  @Test
  void wrongKeyIsRefusedAndNamed() throws Exception {
    Endpoint endpoint =
        Endpoint.parse(
            server
                .exec("true")
                .toString()
                .replace("identity=" + Bench.CLIENT_KEY, "identity=" + Bench.STRANGER_KEY));
    HandshakeException refused = assertThrows(HandshakeException.class, () -> Bench.open(endpoint));
    assertTrue(refused.getMessage().contains("SHA256:"), refused.getMessage());
  }

  @Test
  void killedConnectionIsAFailureOfEveryEnd() throws Exception {
    try (OpenSsh.Server mortal = OpenSsh.Server.start();
        Channel channel = Bench.open(mortal.exec("cat"))) {
      CompletableFuture<IOException> reading =
          CompletableFuture.supplyAsync(
              () -> assertThrows(IOException.class, () -> channel.source().take(1, Bench.SOON)));
      mortal.killConnections();
      IOException lost = reading.get(20, TimeUnit.SECONDS);
      assertTrue(
          lost instanceof ConnectionResetException
              || lost.getCause() instanceof ConnectionResetException,
          lost.toString());
      assertThrows(ConnectionResetException.class, () -> exit(channel));
      assertInstanceOf(ConnectionResetException.class, verdict(channel));
      assertThrows(IOException.class, () -> channel.sink().writeFully("x", Bench.SOON));
    }
  }

  @Test
  void keepAliveFindsAServerThatIsSilent() throws Exception {
    try (OpenSsh.Server silent = OpenSsh.Server.start();
        Channel channel =
            Bench.CHANNELS.open(
                silent.exec("cat", "keep-alive=500ms", "keep-alive-count=4"),
                ChannelOptions.defaults(),
                Bench.SOON)) {
      channel.sink().writeFully("x", Bench.SOON);
      assertEquals("x", text(channel.source().take(1, Bench.SOON)));
      silent.stopConnections();
      // Without it the wait itself would pass its limit.
      ConnectionResetException lost =
          assertThrows(ConnectionResetException.class, () -> channel.source().take(1, Bench.SOON));
      assertTrue(lost.getMessage().contains("the connection was lost: Got 4"), lost.getMessage());
    }
  }

  @Case(seconds = 60)
  void waitForTheStatusHasALimitOfItsOwn() throws Exception {
    try (Channel channel = Bench.open(server.exec("cat"))) {
      SshClientFacet facet = Bench.client(channel);
      assertThrows(io.penstock.error.WouldBlockException.class, () -> facet.exit(Wait.none()));
      assertThrows(
          io.penstock.error.StreamTimeoutException.class,
          () -> facet.exit(Wait.upTo(java.time.Duration.ofMillis(20))));
      channel.sink().end();
      assertEquals(SshExit.of(0), facet.exit(Bench.SOON));
    }
  }

  @Case(seconds = 60)
  void serverIsToldOfOurCloseBeforeTheConnectionGoes() throws Exception {
    try (OpenSsh.Server talkative = OpenSsh.Server.start("LogLevel DEBUG2")) {
      for (int i = 1; i <= 5; i++) {
        try (Channel channel = Bench.open(talkative.exec("true"))) {
          assertEquals(SshExit.of(0), exit(channel));
          talkative.awaits("channel 0: rcvd close", i);
        }
      }
    }
  }

  @Case(seconds = 60)
  void closeOfOursWakesWhoWaitsForTheStatus() throws Exception {
    // sshd answers the close when the program has ended, which may be long after.
    Channel channel = Bench.open(server.exec("sleep 15"));
    SshClientFacet facet = Bench.client(channel);
    CompletableFuture<IOException> waiting = Bench.failing(() -> facet.exit(Wait.forever()));
    long begun = System.nanoTime();
    channel.close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, waiting.get(20, TimeUnit.SECONDS));
    for (Wait wait : new Wait[] {Wait.none(), Wait.forever()}) {
      assertThrows(StreamClosedException.class, () -> facet.exit(wait));
    }
    assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(5), "at once");
  }
}
