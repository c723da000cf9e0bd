// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.ConnectionResetException;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.config.ChannelSettings;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.BuiltIn;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A configured channel that nobody reads notices that its peer has gone. */
@Timeout(60)
class UnreadChannelTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final Kinds ANY =
      new Kinds() {
        @Override
        public Optional<Set<String>> optionKeys(String scheme) {
          return Optional.of(Set.of());
        }

        @Override
        public Set<String> secretKeys(String scheme) {
          return Set.of();
        }
      };

  @TempDir Path folder;

  private final Engine engine = new Engine();
  private final Scope scope = Scope.quiet();
  private final Providers providers = new Providers();
  private final PosixAccess posix = new PosixAccess("none");
  private final Channels channels =
      new Channels(
          engine,
          providers,
          scope,
          options -> List.of(),
          new Natives(posix, new ReceivedHandles()));
  private final BlockingQueue<Channel> registered = new LinkedBlockingQueue<>();
  private final BlockingQueue<Channel> withdrawn = new LinkedBlockingQueue<>();
  private final LogLines lines = new LogLines();
  private ConfiguredChannel channel;

  @AfterEach
  void close() {
    channel.stop(false);
    scope.close();
    engine.close();
    lines.close();
  }

  @BeforeEach
  void provide() {
    BuiltIn.providers((name, how) -> null, new Contents(), posix).forEach(providers::add);
  }

  private Channel configure(String endpoint, String... more) throws InterruptedException {
    channel =
        new ConfiguredChannel(
            engine,
            new Names(),
            channels,
            ANY,
            (type, service, properties) -> {
              registered.add((Channel) service);
              return () -> withdrawn.add((Channel) service);
            },
            "io.penstock.Channel~c");
    Map<String, Object> values =
        new HashMap<>(
            Map.of(
                "service.pid", "io.penstock.Channel~c",
                "endpoint", endpoint,
                "closeTimeout", "100ms",
                "reconnectMin", "10ms"));
    for (int i = 0; i < more.length; i += 2) {
      values.put(more[i], more[i + 1]);
    }
    channel.configure(ChannelSettings.channel(values));
    Channel first = registered.poll(20, TimeUnit.SECONDS);
    assertNotNull(first, "it is connected");
    return first;
  }

  private void assertWithdrawn(Channel expected) throws InterruptedException {
    Channel gone = withdrawn.poll(20, TimeUnit.SECONDS);
    assertNotNull(gone, "the service of a dead channel is still there");
    assertSame(expected, gone);
  }

  private static ServerSocket server() throws IOException {
    return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  }

  private static String to(ServerSocket server) {
    return "tcp://127.0.0.1:" + ((InetSocketAddress) server.getLocalSocketAddress()).getPort();
  }

  private static void reset(Socket peer) throws IOException {
    peer.setSoLinger(true, 0);
    peer.close();
  }

  @Test
  void resetByAnIdlePeerWithdrawsTheService() throws Exception {
    ServerSocket server = server();
    Channel first = configure(to(server));
    Socket peer = server.accept();
    server.close();
    reset(peer);

    assertWithdrawn(first);
    String line = lines.await("io.penstock.Channel~c", "reset");
    assertTrue(line.startsWith("WARNING"), line);
    first.closed().toCompletableFuture().handle((done, failure) -> null).get(20, TimeUnit.SECONDS);
  }

  @Test
  void resetBehindUnreadBytesLeavesThemReadable() throws Exception {
    ServerSocket server = server();
    Channel first = configure(to(server), "closeTimeout", "20s");
    Socket peer = server.accept();
    server.close();
    peer.getOutputStream().write("welcome\n".getBytes(StandardCharsets.UTF_8));
    first.source().awaitReadable(SOON);
    reset(peer);

    assertWithdrawn(first);
    ByteBuffer bytes = ByteBuffer.allocate(8);
    first.source().readFully(bytes, SOON);
    assertEquals("welcome\n", StandardCharsets.UTF_8.decode(bytes.flip()).toString());
    assertThrows(ConnectionResetException.class, () -> first.source().read(bytes.clear(), SOON));
  }

  @Test
  void endByAnIdlePeerWithdrawsTheServiceAndConnectsAgain() throws Exception {
    try (ServerSocket server = server()) {
      Channel first = configure(to(server));
      server.accept().close();

      assertWithdrawn(first);
      assertTrue(lines.await("io.penstock.Channel~c", "ended").startsWith("INFO"));
      Channel second = registered.poll(20, TimeUnit.SECONDS);
      assertNotSame(first, second);
      lines.await("io.penstock.Channel~c", "connected");
      server.accept().close();
      assertWithdrawn(second);
    }
  }

  @Test
  void endAfterOurOwnEndIsReadAsTheEnd() throws Exception {
    try (ServerSocket server = server()) {
      Channel first = configure(to(server), "closeTimeout", "20s");
      Socket peer = server.accept();
      first.sink().end();
      assertEquals(-1, peer.getInputStream().read());
      peer.close();

      assertWithdrawn(first);
      assertNotSame(first, registered.poll(20, TimeUnit.SECONDS));
      assertEquals(-1, first.source().read(ByteBuffer.allocate(1), SOON));
    }
  }

  @Test
  void withoutReconnectItIsToldAndNotTriedAgain() throws Exception {
    try (ServerSocket server = server()) {
      Channel first = configure(to(server), "reconnect", "false");
      reset(server.accept());

      assertWithdrawn(first);
      lines.await("io.penstock.Channel~c", "reset", "reconnect is false");
      assertNull(registered.poll(300, TimeUnit.MILLISECONDS));
    }
  }

  /** As many bytes as are read ahead, and more. */
  @Test
  void endBehindUnreadBytesWaitsUntilTheyAreRead() throws Exception {
    for (int size : new int[] {1, 8 * 1024, 100_000}) {
      try (ServerSocket server = server()) {
        Channel first = configure(to(server));
        try (Socket peer = server.accept()) {
          peer.getOutputStream().write(new byte[size]);
        }

        assertNull(withdrawn.poll(500, TimeUnit.MILLISECONDS), "it is still there");
        // Not the end: that is noticed without a reader.
        first.source().readFully(ByteBuffer.allocate(size), SOON);
        assertWithdrawn(first);
      }
      channel.stop(false);
      registered.clear();
      withdrawn.clear();
    }
  }

  @Test
  void consumerReadsEveryByteInOrder() throws Exception {
    try (ServerSocket server = server()) {
      Channel first = configure(to(server));
      try (Socket peer = server.accept()) {
        ByteBuffer got = ByteBuffer.allocate(1);
        for (int i = 0; i < 2000; i++) {
          peer.getOutputStream().write(i);
          if (i % 3 == 0) {
            first.source().awaitReadable(SOON);
          }
          first.source().readFully(got.clear(), SOON);
          assertEquals((byte) i, got.get(0));
        }
      }
      assertWithdrawn(first);
    }
  }

  @Test
  void unixSocketsAreNoticed() throws Exception {
    Path path = folder.resolve("s");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      Channel first = configure("unix:" + path);
      SocketChannel peer = server.accept();
      peer.close();
      assertWithdrawn(first);
    }
  }

  /** Their peers end or fail, with or without bytes in front of that. */
  @Test
  void channelsInMemoryAreNoticed() throws Exception {
    for (boolean fails : new boolean[] {false, true}) {
      for (String said : new String[] {"", "welcome\n"}) {
        Channel peer;
        Channel first;
        try (Listener listener =
            channels.listen(Endpoint.parse("mem-listen:m"), ChannelOptions.defaults())) {
          first = configure("mem:m");
          peer = listener.accept(SOON);
        }
        if (!said.isEmpty()) {
          peer.sink().writeFully(said, SOON);
        }
        if (fails) {
          peer.abort(new IOException("cut on purpose"));
        } else {
          peer.close();
        }
        if (!said.isEmpty()) {
          // Bytes in memory stay where they are, so that a failure behind them does not show
          // either.
          assertNull(withdrawn.poll(300, TimeUnit.MILLISECONDS), "it is still there");
          ByteBuffer bytes = ByteBuffer.allocate(said.length());
          first.source().readFully(bytes, SOON);
          assertEquals(said, StandardCharsets.UTF_8.decode(bytes.flip()).toString());
        }
        assertWithdrawn(first);
        channel.stop(false);
        registered.clear();
        withdrawn.clear();
      }
    }
  }

  @Test
  void childrenAreNoticed() throws Exception {
    Channel first = configure("shell:read x; exit 3", "closeTimeout", "1h");
    first.sink().writeFully("x\n", SOON);
    assertWithdrawn(first);
    lines.await("io.penstock.Channel~c", "status 3");
  }

  @Test
  void fifosAreNoticed() throws Exception {
    Path path = folder.resolve("f");
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    // A writer that goes at once may have gone before the channel is registered, and then it is
    // not.
    CountDownLatch registeredNow = new CountDownLatch(1);
    FutureTask<Integer> writer =
        new FutureTask<>(
            () -> {
              // Opening waits for the other side.
              try (FileChannel out = FileChannel.open(path, StandardOpenOption.WRITE)) {
                assertTrue(registeredNow.await(20, TimeUnit.SECONDS));
                return out.write(ByteBuffer.allocate(0));
              }
            });
    new Thread(writer, "writer").start();
    Channel first = configure("fifo:" + path + "?mode=read", "reconnect", "false");
    registeredNow.countDown();
    assertWithdrawn(first);
    assertEquals(0, writer.get(20, TimeUnit.SECONDS));
  }
}
