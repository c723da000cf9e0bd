// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Listener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;

/** A handshake that goes on all the while, a byte at a time. */
class DripTest {
  private static final long LIMIT = 1000;

  private static byte[] hello() throws IOException, GeneralSecurityException {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine("localhost", 1);
    engine.setUseClientMode(true);
    ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), record);
    byte[] bytes = new byte[record.flip().remaining()];
    record.get(bytes);
    return bytes;
  }

  /** The limit is one for the whole: no byte begins it anew. */
  @Test
  void aHandshakeThatDripsIsCutAtItsLimit() throws Exception {
    byte[] hello = hello();
    try (Listener listener = Bench.listen("handshakeTimeout=" + LIMIT + "ms")) {
      String address = listener.endpoint().address();
      int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
      long begun = System.nanoTime();
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setTcpNoDelay(true);
        // The pause between two bytes, in which a cut shows.
        socket.setSoTimeout(25);
        int sent = 0;
        while (!isCutAfter(hello[sent], socket)) {
          sent++;
          assertTrue(sent < hello.length, "was never cut");
        }
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertTrue(took >= LIMIT - 100, "cut after " + took + " ms");
        assertTrue(sent > 1, "one byte is no drip");
      }
    }
  }

  private static boolean isCutAfter(byte next, Socket socket) throws IOException {
    try {
      socket.getOutputStream().write(next);
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException cut) {
      return true;
    }
  }
}
