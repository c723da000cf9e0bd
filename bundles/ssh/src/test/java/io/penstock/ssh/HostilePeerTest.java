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
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Peers that break the rules, speak something else, or die, at each stage and in either role: an
 * error of ours that says what happened, one line of ours in the log of a server and none of the
 * library's, nothing left of them, and nobody else is disturbed.
 */
class HostilePeerTest {
  /** More than what systems keep for a peer that does not read, however large their buffers are. */
  private static final int FLOOD = 400_000;

  /** Between two looks at all descriptors of the process, which take long. */
  private static final long MOMENT = TimeUnit.MILLISECONDS.toNanos(5);

  /** For thousands of packets, each of them by itself, on a machine that has much else to do. */
  private static final Wait AT_LEISURE = Wait.upTo(Duration.ofMinutes(3));

  /** By what the peer does: what the error says of it. */
  private static final Map<String, String> OFFENCES =
      Map.of(
          "overflow", "1 bytes into a window of 0",
          "oversize", "a packet of 32800 bytes",
          "liar", "a packet that claims 1000 bytes and has 0",
          "after-end", "4 bytes after the end of its output",
          "credit", "credit for 4294967295 bytes");

  /** Whatever may wake an operator, whichever logger says it, and what we say of losses. */
  private final LogLines alarms = new LogLines("", Level.WARNING);

  private final LogLines said = new LogLines("io.penstock", Level.INFO);

  private Set<Thread> before;
  private Penstock penstock;

  @BeforeEach
  void open() {
    // Keys are made, and the library is loaded, by then.
    assertTrue(Files.exists(Bench.HOST_KEY));
    before = Thread.getAllStackTraces().keySet();
    penstock = Penstock.open();
    penstock.provide(new SshProvider());
  }

  @AfterEach
  void nothingRuns() throws Exception {
    alarms.close();
    said.close();
    Set<Thread> started = new HashSet<>(Thread.getAllStackTraces().keySet());
    penstock.close();
    started.removeAll(before);
    for (Thread each : started) {
      String name = each.getName();
      if (name.contains("sshd") || name.contains("kex") || name.contains("penstock")) {
        each.join(20_000);
        assertFalse(each.isAlive(), name);
      }
    }
  }

  private static int sockets() throws IOException {
    int count = 0;
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path each : descriptors) {
        try {
          count += Files.readSymbolicLink(each).toString().startsWith("socket:") ? 1 : 0;
        } catch (NoSuchFileException e) {
          // The one that lists this folder, or one that was closed meanwhile.
        }
      }
    }
    return count;
  }

  /** Two that talk to each other all the time, on a connection of their own. */
  private record Bystanders(Channel client, Channel server) implements AutoCloseable {
    void talk() throws IOException {
      for (Channel from : List.of(client, server)) {
        Channel to = from == client ? server : client;
        from.sink().writeFully("still here", Bench.SOON);
        ByteBuffer got = ByteBuffer.allocate(10);
        to.source().readFully(got, Bench.SOON);
        assertEquals("still here", new String(got.array(), StandardCharsets.UTF_8));
      }
    }

    @Override
    public void close() throws IOException {
      client.close();
      server.close();
    }
  }

  private interface Deed {
    void run() throws Exception;
  }

  /** Lets a peer do it, and sees what is left. */
  private void endure(String what, Bystanders others, Deed deed) throws Exception {
    int before = sockets();
    alarms.clear();
    said.clear();
    try {
      deed.run();
    } catch (Exception | AssertionError e) {
      throw new AssertionError(what + ": " + e.getMessage() + "; logged: " + said.all(), e);
    }
    others.talk();
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (sockets() > before) {
      assertTrue(System.nanoTime() < limit, () -> what + " leaves a socket open");
      LockSupport.parkNanos(MOMENT);
    }
    // Of a length that cannot be the library tells at each step, in words of its own: it goes on
    // for
    // a while, so that nobody learns from when it stops.
    int most = what.equals(GIGABYTES) ? 2 : 0;
    List<String> ours = alarms.all();
    assertTrue(ours.size() <= most, () -> what + " is an alarm: " + ours);
    List<String> losses = said.all().stream().filter(each -> each.contains(LOST)).toList();
    assertTrue(losses.size() <= 1, () -> what + " is logged at length: " + losses);
  }

  private static void assertLost(String what, String because, IOException failure) {
    ConnectionResetException lost = assertInstanceOf(ConnectionResetException.class, failure);
    assertTrue(lost.getMessage().contains(because), () -> what + ": " + lost.getMessage());
  }

  private static IOException failing(Channel channel) {
    return assertThrows(IOException.class, () -> channel.source().readAll(1 << 20, Bench.SOON));
  }

  // ---- we are the server

  /** What somebody does with a bare connection. */
  private interface Bare {
    void run(Socket socket, OutputStream out) throws IOException;
  }

  private static final String LOST = "the connection from ";
  private static final String GIGABYTES = "a packet of four gigabytes";
  private static final String BANNER = "SSH-2.0-hostile\r\n";

  private static final Map<String, Bare> BARE =
      Map.of(
          "nothing but a connection",
          (socket, out) -> {},
          "a banner and no more",
          (socket, out) -> out.write(BANNER.getBytes(StandardCharsets.UTF_8)),
          "a reset after the banner",
          (socket, out) -> {
            out.write(BANNER.getBytes(StandardCharsets.UTF_8));
            socket.setSoLinger(true, 0);
          },
          "another protocol",
          (socket, out) -> {
            out.write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            // A server may say whatever it likes before its banner: it is waited for.
            socket.shutdownOutput();
            toItsEnd(socket);
          },
          "a banner without end",
          (socket, out) -> toItsDeath(out, "x".repeat(8192)),
          "lines without end",
          (socket, out) -> toItsDeath(out, "x".repeat(100) + "\r\n"),
          GIGABYTES,
          (socket, out) -> {
            out.write(BANNER.getBytes(StandardCharsets.UTF_8));
            toItsDeath(out, "\377".repeat(8192));
          });

  private static void toItsEnd(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    try {
      socket.getInputStream().readAllBytes();
    } catch (java.net.SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "reset", e);
    }
  }

  private static void toItsDeath(OutputStream out, String text) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    try {
      while (System.nanoTime() < limit) {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
      }
    } catch (IOException e) {
      return;
    }
    throw new AssertionError("nobody ends it");
  }

  private Listener listen(String... options) throws IOException {
    return penstock.channels().listen(Bench.listening(options), ChannelOptions.defaults());
  }

  private Channel open(Endpoint endpoint) throws IOException {
    return penstock.channels().open(endpoint, ChannelOptions.defaults(), Bench.SOON);
  }

  private Bystanders bystanders(Listener listener) throws IOException {
    Channel client = open(Bench.connecting(listener.endpoint()));
    return new Bystanders(client, listener.accept(Bench.SOON));
  }

  @Test
  void clientsThatAreNone() throws Exception {
    // Connections that were not let go would use up the few that there are.
    try (Listener listener = listen("max-sessions=3");
        Bystanders others = bystanders(listener)) {
      int port = Bench.port(listener.endpoint());
      for (Map.Entry<String, Bare> each : BARE.entrySet()) {
        endure(
            each.getKey(),
            others,
            () -> {
              try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                each.getValue().run(socket, socket.getOutputStream());
              }
            });
      }
    }
  }

  @Test
  void clientsThatDie() throws Exception {
    try (Listener listener = listen("max-sessions=3");
        Bystanders others = bystanders(listener)) {
      int port = Bench.port(listener.endpoint());
      for (String stage : List.of("keys", "newkeys", "login", "open")) {
        endure(
            stage,
            others,
            () -> {
              try (Paramiko.Script client = Paramiko.client(port, "killed-" + stage)) {
                assertEquals(137, client.await());
              }
            });
      }
      endure(
          "request",
          others,
          () -> {
            try (Paramiko.Script client = Paramiko.client(port, "killed-request");
                Channel channel = listener.accept(Bench.SOON)) {
              assertLost("request", "the connection was lost", failing(channel));
              assertEquals(137, client.await());
            }
          });
      endure(
          "data",
          others,
          () -> {
            try (Paramiko.Script client = Paramiko.client(port, "killed-data");
                Channel channel = listener.accept(Bench.SOON)) {
              assertBytes(channel);
              client.go();
              assertLost("data", "the connection was lost", failing(channel));
              assertThrows(
                  BrokenPipeException.class, () -> channel.sink().writeFully("x", Bench.SOON));
              assertInstanceOf(
                  StreamFault.class,
                  assertThrows(IOException.class, () -> Bench.server(channel).sendExitStatus(1)));
            }
          });
      endure(
          "end",
          others,
          () -> {
            try (Paramiko.Script client = Paramiko.client(port, "killed-end");
                Channel channel = listener.accept(Bench.SOON)) {
              assertEquals(5, channel.source().readAll(99, Bench.SOON).remaining());
              client.go();
              ByteBuffer much = ByteBuffer.allocate(65536);
              assertThrows(
                  BrokenPipeException.class,
                  () -> {
                    while (true) {
                      channel.sink().writeFully(much.duplicate(), Bench.SOON);
                    }
                  });
              // What it has said before it died stays said.
              assertEquals(-1, channel.source().read(much, Bench.SOON));
            }
          });
    }
  }

  private static void assertBytes(Channel channel) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(5);
    channel.source().readFully(got, Bench.SOON);
    assertEquals("bytes", new String(got.array(), StandardCharsets.UTF_8));
  }

  @Test
  void clientsThatBreakTheRules() throws Exception {
    try (Listener listener = listen("max-sessions=3", "window=64KiB");
        Bystanders others = bystanders(listener)) {
      int port = Bench.port(listener.endpoint());
      for (Map.Entry<String, String> each : OFFENCES.entrySet()) {
        String what = each.getKey();
        endure(
            what,
            others,
            () -> {
              try (Paramiko.Script client = Paramiko.client(port, what);
                  Channel channel = listener.accept(Bench.SOON)) {
                assertEquals("cut", client.line());
                if (what.equals("overflow")) {
                  // What fitted into the window is there.
                  ByteBuffer fitted = ByteBuffer.allocate(65536);
                  channel.source().readFully(fitted, Bench.SOON);
                }
                if (what.equals("after-end")) {
                  assertEquals(0, channel.source().readAll(99, Bench.SOON).remaining());
                  // It may send that a moment after the end.
                  BrokenPipeException broken =
                      assertThrows(
                          BrokenPipeException.class,
                          () -> {
                            while (true) {
                              channel.sink().writeFully("x", Bench.SOON);
                            }
                          });
                  assertTrue(broken.getMessage().contains(each.getValue()), broken.getMessage());
                } else {
                  assertLost(what, each.getValue(), failing(channel));
                }
              }
              String line = said.await(LOST);
              assertTrue(line.contains(each.getValue()), line);
            });
      }
    }
  }

  @Test
  void clientThatReadsNoMoreKeepsNothingOpen() throws Exception {
    ChannelOptions options =
        ChannelOptions.defaults().withSendBuffer(8192).withCloseTimeout(Duration.ofMillis(300));
    int before = sockets();
    Listener listener = penstock.channels().listen(Bench.listening(), options);
    Process client =
        new ProcessBuilder(
                OpenSsh.client(Bench.port(listener.endpoint()), Bench.CLIENT_KEY, "a@127.0.0.1"))
            .start();
    try {
      Channel channel = listener.accept(Bench.SOON);
      OpenSsh.run(List.of("kill", "-STOP", String.valueOf(client.pid())), new byte[0]);
      ByteBuffer much = ByteBuffer.allocate(64 << 20);
      assertThrows(
          StreamTimeoutException.class,
          () -> channel.sink().writeFully(much, Wait.upTo(Duration.ofMillis(500))));
      channel.abort(new IOException("on purpose"));
      listener.close();
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (sockets() > before) {
        assertTrue(System.nanoTime() < limit, "its connection is still there");
        LockSupport.parkNanos(MOMENT);
      }
    } finally {
      listener.close();
      client.destroyForcibly();
    }
  }

  // ---- we are the client

  @Test
  void serversThatAreNone() throws Exception {
    try (Listener listener = listen();
        Bystanders others = bystanders(listener)) {
      for (Map.Entry<String, Bare> each : BARE.entrySet()) {
        endure(each.getKey(), others, () -> connectTo(each.getValue()));
      }
    }
  }

  private void connectTo(Bare deed) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread speaker =
          new Thread(
              () -> {
                try (Socket peer = server.accept()) {
                  deed.run(peer, peer.getOutputStream());
                } catch (IOException e) {
                  System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "cut", e);
                }
              });
      speaker.start();
      assertRefused(Endpoint.parse("ssh://a@127.0.0.1:" + server.getLocalPort()));
      speaker.join(20_000);
      assertFalse(speaker.isAlive(), "the peer is still there");
    }
  }

  private void assertRefused(Endpoint endpoint) {
    IOException failed = assertThrows(IOException.class, () -> open(endpoint));
    assertInstanceOf(StreamFault.class, failed);
    assertFalse(failed instanceof StreamTimeoutException, failed.toString());
  }

  @Test
  void serversThatDie() throws Exception {
    try (Listener listener = listen();
        Bystanders others = bystanders(listener)) {
      for (String stage : List.of("accept", "keys", "newkeys", "login", "open", "request")) {
        try (Paramiko.Server server = Paramiko.Server.start(stage)) {
          endure(
              stage,
              others,
              () -> {
                assertRefused(server.exec("echo"));
                assertEquals(137, server.script().await());
              });
        }
      }
      for (String stage : List.of("data", "end")) {
        try (Paramiko.Server server = Paramiko.Server.start(stage)) {
          endure(
              stage,
              others,
              () -> {
                try (Channel channel = open(server.exec(stage))) {
                  assertBytes(channel);
                  channel.sink().writeFully("x", Bench.SOON);
                  if (stage.equals("end")) {
                    assertEquals(0, channel.source().readAll(99, Bench.SOON).remaining());
                  } else {
                    assertLost(stage, "the connection was lost", failing(channel));
                  }
                  // No status is not made of it.
                  assertThrows(
                      ConnectionResetException.class, () -> Bench.client(channel).exit(Bench.SOON));
                  assertThrows(
                      BrokenPipeException.class, () -> channel.sink().writeFully("x", Bench.SOON));
                }
              });
        }
      }
    }
  }

  @Test
  void serversThatBreakTheRules() throws Exception {
    try (Paramiko.Server server = Paramiko.Server.start("");
        Listener listener = listen();
        Bystanders others = bystanders(listener);
        Channel echo = open(server.exec("echo"))) {
      for (Map.Entry<String, String> each : OFFENCES.entrySet()) {
        endure(
            each.getKey(),
            others,
            () -> {
              try (Channel channel = open(server.exec(each.getKey(), "window=64KiB"))) {
                Throwable verdict =
                    assertThrows(
                            ExecutionException.class,
                            () -> channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS))
                        .getCause();
                assertLost(
                    each.getKey(), each.getValue(), assertInstanceOf(IOException.class, verdict));
                if (each.getKey().equals("overflow")) {
                  ByteBuffer fitted = ByteBuffer.allocate(65536);
                  channel.source().readFully(fitted, Bench.SOON);
                }
                if (!each.getKey().equals("after-end")) {
                  assertLost(each.getKey(), each.getValue(), failing(channel));
                }
              }
            });
        // Another connection to the same server.
        echo.sink().writeFully("bytes", Bench.SOON);
        assertBytes(echo);
      }
    }
  }

  // ---- in either role: a peer that asks on and on for what has to be answered, and reads nothing

  private static final Map<String, Byte> FLOODS =
      Map.of(
          "keepalive@openssh.com", SshConstants.SSH_MSG_GLOBAL_REQUEST,
          "window-change", SshConstants.SSH_MSG_CHANNEL_REQUEST,
          "no-such-kind", SshConstants.SSH_MSG_CHANNEL_OPEN,
          "no such message", (byte) 200);

  private static IoWriteFuture ask(Session peer, String what) throws IOException {
    byte kind = FLOODS.get(what);
    Buffer request = peer.createBuffer(kind);
    if (kind == SshConstants.SSH_MSG_CHANNEL_REQUEST) {
      request.putUInt(0);
    }
    request.putString(what);
    if (kind == SshConstants.SSH_MSG_CHANNEL_OPEN) {
      request.putUInt(0);
      request.putUInt(65536);
      request.putUInt(32768);
    } else {
      request.putBoolean(true);
    }
    return peer.writePacket(request);
  }

  /** Until nobody takes any more of it; what is on its way. */
  private static IoWriteFuture flood(Session peer, String what) throws IOException {
    peer.getIoSession().suspendRead();
    for (int i = 0; i < FLOOD; i++) {
      IoWriteFuture sent = ask(peer, what);
      if (i % 256 == 0 && !sent.await(1000)) {
        return sent;
      }
    }
    throw new AssertionError(FLOOD + " requests are taken from who reads no answers: " + what);
  }

  @Test
  void peersThatAskOnAndOnAndReadNothing() throws Exception {
    try (Listener listener = listen("max-sessions=3");
        Bystanders others = bystanders(listener)) {
      for (String what : FLOODS.keySet()) {
        endure("client: " + what, others, () -> floodOnce(listener, true, what));
        endure("server: " + what, others, () -> floodOnce(listener, false, what));
      }
    }
  }

  private void floodOnce(Listener listener, boolean asClient, String what) throws Exception {
    try (Channel client = open(Bench.connecting(listener.endpoint()));
        Channel server = listener.accept(Bench.SOON)) {
      Session peer = Bench.session(asClient ? client : server);
      IoWriteFuture last = flood(peer, what);
      assertTrue(peer.isOpen());
      if (what.equals("keepalive@openssh.com")) {
        // A peer that reads after all has lost nothing.
        peer.getIoSession().resumeRead();
        last.verify(20_000);
        new Bystanders(client, server).talk();
      }
      Object unused = peer.close(true);
    }
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void peerThatAsksOnAndOnInPlaceOfNewKeys() throws Exception {
    try (Listener listener = listen("max-sessions=3");
        Bystanders others = bystanders(listener)) {
      endure(
          "no new keys",
          others,
          () -> {
            try (Channel client = open(Bench.connecting(listener.endpoint()));
                Channel server = listener.accept(Bench.SOON)) {
              Session peer = Bench.session(client);
              Bench.stopsReading(peer, Bench.session(server));
              Object unused = Bench.session(server).reExchangeKeys();
              for (int i = 0; i < 20_000; i++) {
                ask(peer, "keepalive@openssh.com");
              }
              assertLost(
                  "no new keys",
                  "does not answer for new keys",
                  assertThrows(IOException.class, () -> server.source().readAll(99, AT_LEISURE)));
              // It takes no time to see that the connection has gone.
              peer.getIoSession().resumeRead();
              said.await("does not answer for new keys");
            }
          });
    }
  }
}
