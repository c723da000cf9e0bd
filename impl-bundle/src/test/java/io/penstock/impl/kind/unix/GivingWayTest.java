// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.engine.SystemParker;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * When a reader of a socket gives way to its peer, and when it is parked: the peer is played by the
 * parker, on a clock of its own.
 */
class GivingWayTest {
  private static final int READS = 500;
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  /** The peer writes once for each read, as soon as it may. */
  private static final class Stage extends SystemParker {
    private Thread reader;
    private SocketChannel peer;
    private int piece;
    private boolean written;
    private long now;
    private int ways;

    private boolean isReader() {
      return Thread.currentThread() == reader;
    }

    private void bring() {
      if (isReader() && !written) {
        written = true;
        ByteBuffer bytes = ByteBuffer.allocate(piece);
        try {
          while (bytes.hasRemaining()) {
            peer.write(bytes);
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }

    @Override
    public void park(Object blocker) {
      bring();
      super.park(blocker);
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      bring();
      super.parkNanos(blocker, nanos);
    }

    @Override
    public void giveWay() {
      if (isReader()) {
        ways++;
        bring();
      } else {
        super.giveWay();
      }
    }

    @Override
    public long nanoTime() {
      return isReader() ? now += 100 : super.nanoTime();
    }
  }

  @TempDir private Path folder;

  private final Stage stage = new Stage();
  private final Engine engine = new Engine(stage);
  private final Scope scope = Scope.quiet();

  private Channel connect(ServerSocketChannel listener, String endpoint) throws IOException {
    Providers providers = new Providers();
    providers.add(new UnixProvider(new PosixAccess("none")));
    providers.add(new TcpProvider());
    Channel channel =
        new Channels(
                engine,
                providers,
                scope,
                options -> {
                  throw new IllegalStateException("no pairs here");
                },
                new Natives(new PosixAccess("none"), new ReceivedHandles()))
            .open(Endpoint.parse(endpoint), ChannelOptions.defaults(), SOON);
    stage.peer = listener.accept();
    return channel;
  }

  private Channel unix() throws IOException {
    Path path = folder.resolve("s");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(path));
      return connect(listener, "unix:" + path);
    }
  }

  private Channel tcp() throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress("127.0.0.1", 0));
      int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
      return connect(listener, "tcp://127.0.0.1:" + port);
    }
  }

  @AfterEach
  void close() throws IOException {
    scope.close();
    engine.close();
    stage.peer.close();
  }

  /** Reads pieces as they come; returns for how many the reader gave way. */
  private int read(Channel channel, int piece) throws IOException {
    return read(channel, piece, 2 * piece);
  }

  private int read(Channel channel, int piece, int buffer) throws IOException {
    stage.piece = piece;
    stage.ways = 0;
    stage.reader = Thread.currentThread();
    try {
      for (int i = 0; i < READS; i++) {
        stage.written = false;
        for (int left = piece; left > 0; left -= buffer) {
          assertEquals(Math.min(piece, buffer), channel.read(ByteBuffer.allocate(buffer)));
        }
      }
    } finally {
      stage.reader = null;
    }
    return stage.ways;
  }

  @Test
  void forSmallPiecesOfAUnixSocketTheReaderIsParked() throws IOException {
    int ways = read(unix(), 64);
    assertTrue(ways > 4 && ways < 20, "gave way " + ways + " times");
  }

  @Test
  void largePiecesOfAUnixSocketGatherMeanwhile() throws IOException {
    assertEquals(READS, read(unix(), 4096));
  }

  @Test
  void largePiecesGatherForASmallBufferToo() throws IOException {
    assertEquals(READS, read(unix(), 4096, 1024));
  }

  @Test
  void givingWayIsTakenUpAgainWhenPiecesBecomeLarge() throws IOException {
    Channel channel = unix();
    read(channel, 64);
    read(channel, 4096);
    read(channel, 4096);
    assertEquals(READS, read(channel, 4096));
  }

  @Test
  void aReaderOfTcpGivesWayForSmallPiecesToo() throws IOException {
    int ways = read(tcp(), 64);
    assertTrue(ways > READS / 2, "gave way " + ways + " times");
  }
}
