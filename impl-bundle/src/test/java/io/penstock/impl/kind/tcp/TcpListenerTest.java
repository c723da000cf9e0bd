// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.impl.kind.Peers;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Listeners whose peers mean no good. */
class TcpListenerTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private final Penstock penstock = Penstock.open();
  private final List<Socket> sockets = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    penstock.close();
  }

  private Socket call(int port) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.connect(new InetSocketAddress(LOOPBACK, port), 20_000);
    socket.setSoTimeout(20_000);
    socket.setTcpNoDelay(true);
    return socket;
  }

  private static void assertEchoes(Socket socket, int value) throws IOException {
    socket.getOutputStream().write(value);
    assertEquals(value, socket.getInputStream().read());
  }

  private static int port(Listener listener) {
    return Integer.parseInt(listener.endpoint().address().replaceAll(".*:", ""));
  }

  private Listener listen(ChannelOptions options) throws IOException {
    return penstock.channels().listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), options);
  }

  /** Gives back what comes, from a thread of its own. */
  private final class Echo implements ChannelHandler {
    private final Poller poller = penstock.poller();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    Echo(Listener listener) {
      poller.register(listener, Framing.bytes());
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (true) {
                    poller.poll(Wait.forever(), this);
                  }
                } catch (IOException e) {
                  // The poller was closed with everything else.
                  poller.close();
                }
              },
              "echo");
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public void opened(Registration from, Channel channel, Registration client) {
      opened.incrementAndGet();
      client.attach(channel);
    }

    @Override
    public void data(Registration from, ByteBuffer frame) {
      try {
        channel(from).sink().writeFully(frame, Wait.upTo(Duration.ofSeconds(20)));
      } catch (IOException e) {
        // A channel that has been cut is told so by its source.
        assertTrue(e instanceof BrokenPipeException, e::toString);
      }
    }

    @Override
    public void ended(Registration from) throws IOException {
      channel(from).close();
    }

    @Override
    public void failed(Registration from, Throwable cause) {
      failed.incrementAndGet();
      channel(from).abort(cause);
    }

    private Channel channel(Registration from) {
      return (Channel) Objects.requireNonNull(from.attachment());
    }
  }

  private static long heap() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }

  @Test
  void floodOfSilentConnectionsLeavesOthersAloneAndWeighsLittle() throws IOException {
    Listener listener = listen(ChannelOptions.defaults());
    Echo echo = new Echo(listener);
    Socket honest = call(port(listener));
    assertEchoes(honest, 1);
    int flood = 1000;
    call(port(listener));
    Peers.eventually("two are there", () -> echo.opened.get() == 2);
    long threads = Peers.threads("penstock-");
    long heap = heap();
    for (int i = 0; i < flood; i++) {
      call(port(listener));
      if (i % 10 == 0) {
        assertEchoes(honest, i & 0xff);
      }
    }
    Peers.eventually("all are there", () -> echo.opened.get() == flood + 2);
    assertEchoes(honest, 2);
    assertTrue(Peers.threads("penstock-") <= threads + flood / 50, "threads come with connections");
    // Both sides of each are in this process.
    long each = (heap() - heap) / flood;
    assertTrue(each < 8 * 1024, "a silent connection weighs " + each + " bytes");
    assertEquals(0, echo.failed.get());
  }

  @Test
  void floodBeyondTheLimitWaitsInTheBacklogAndCostsNothing() throws IOException {
    Listener listener = listen(ChannelOptions.defaults().withMaxConnections(20));
    Echo echo = new Echo(listener);
    Socket honest = call(port(listener));
    assertEchoes(honest, 1);
    List<Socket> flood = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      flood.add(call(port(listener)));
      assertEchoes(honest, i);
    }
    Peers.eventually("as many as may be are there", () -> echo.opened.get() == 20);
    for (int i = 0; i < 20; i++) {
      assertEchoes(honest, i);
    }
    assertEquals(20, echo.opened.get(), "the limit is kept");
    for (Socket each : flood) {
      each.close();
    }
    Socket late = call(port(listener));
    assertEchoes(late, 7);
    assertEquals(202, echo.opened.get());
  }

  @Test
  void floodOfResetsLeavesTheListenerAndOthersAlone() throws IOException {
    Listener listener = listen(ChannelOptions.defaults());
    Echo echo = new Echo(listener);
    Socket honest = call(port(listener));
    Peers.eventually("it is there", () -> echo.opened.get() == 1);
    long sockets = Peers.sockets(port(listener));
    for (int i = 0; i < 300; i++) {
      Socket rude = call(port(listener));
      if (i % 2 == 0) {
        rude.getOutputStream().write(new byte[1000]);
      }
      rude.setSoLinger(true, 0);
      rude.close();
      assertEchoes(honest, i & 0xff);
    }
    Peers.eventually("all were seen", () -> echo.opened.get() == 301);
    Peers.eventually("all failed", () -> echo.failed.get() == 300);
    Peers.eventually("all were given back", () -> Peers.sockets(port(listener)) <= sockets);
    assertTrue(listener.isOpen());
  }

  @Test
  void whoHasLeftBeforeBeingAcceptedIsAcceptedAndFails() throws IOException {
    Listener listener = listen(ChannelOptions.defaults());
    Socket rude = call(port(listener));
    rude.setSoLinger(true, 0);
    rude.close();
    try (Channel channel = listener.accept(Peers.LIMIT)) {
      assertThrows(
          ConnectionResetException.class,
          () -> channel.source().read(ByteBuffer.allocate(1), Peers.LIMIT));
    }
  }
}
