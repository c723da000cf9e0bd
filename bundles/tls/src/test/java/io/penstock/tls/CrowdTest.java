// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More peers in the handshake than there may be, and all of them have much time. */
class CrowdTest {
  private static final int CROWD = TlsListener.HANDSHAKES + 200;

  /** What a handshake may take meanwhile, on a busy machine. */
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);

  private final List<Socket> crowd = new ArrayList<>();
  private final Warnings log = new Warnings();

  @AfterEach
  void stop() throws IOException {
    log.close();
    for (Socket each : crowd) {
      each.close();
    }
  }

  private static void checkDescriptors() {
    long needed = 2L * CROWD + 500;
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      long most = system.getMaxFileDescriptorCount();
      assumeTrue(
          most >= needed,
          () -> "needs " + needed + " descriptors, 'ulimit -n' allows " + most + "; raise it");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whoIsHonestIsServedAmongMoreThanThereMayBe(int sent) throws Exception {
    checkDescriptors();
    try (Listener listener = Bench.listen("handshakeTimeout=1h")) {
      String address = listener.endpoint().address();
      int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
      InetSocketAddress there = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      for (int i = 0; i < CROWD; i++) {
        Socket socket = new Socket();
        crowd.add(socket);
        socket.connect(there, 20_000);
        if (sent > 0) {
          // As a handshake begins.
          socket.getOutputStream().write(22);
        }
      }
      for (int i = 0; i < 20; i++) {
        long begun = System.nanoTime();
        try (Channel client = Bench.connect(listener);
            Channel server = listener.accept(Bench.SOON)) {
          client.sink().writeFully("x", Bench.SOON);
          assertEquals(1, server.source().read(ByteBuffer.allocate(9), Bench.SOON));
        }
        long took = System.nanoTime() - begun;
        assertTrue(took < PATIENCE, "an answer took " + took / 1_000_000 + " ms");
      }
      assertTrue(isCut(crowd.get(0)), "the oldest is still there");
      Socket youngest = crowd.get(CROWD - 1);
      youngest.setSoTimeout(200);
      assertThrows(SocketTimeoutException.class, () -> youngest.getInputStream().read());
    }
    List<String> lines = List.copyOf(log.texts);
    assertTrue(lines.stream().allMatch(l -> l.contains("cut to make room")), lines::toString);
    // Of the first, by its address; the others are counted.
    assertEquals(1, lines.stream().filter(l -> l.contains("with /")).count(), lines::toString);
    assertTrue(lines.stream().anyMatch(l -> l.contains(" more ")), lines::toString);
  }

  private static boolean isCut(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException cut) {
      return true;
    }
  }
}
