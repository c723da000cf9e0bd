// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Path;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** A thread for each of the JDK's sockets with TLS. */
final class JdkTls {
  private JdkTls() {}

  static Address listen(Address address, Path folder) throws Exception {
    SSLServerSocket listener =
        (SSLServerSocket)
            Tls.jdkServer(folder)
                .getServerSocketFactory()
                .createServerSocket(address.port(), 1024, InetAddress.getLoopbackAddress());
    listener.setEnabledProtocols(Tls.PROTOCOLS);
    listener.setEnabledCipherSuites(Tls.SUITES);
    Loops.start(
        () -> {
          while (true) {
            SSLSocket socket = (SSLSocket) listener.accept();
            Loops.start(() -> serve(socket));
          }
        });
    return address.bound(listener.getLocalSocketAddress());
  }

  private static void serve(SSLSocket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream source = socket.getInputStream();
      byte[] buffer = new byte[16384];
      Tally tally = new Tally();
      for (int n; (n = source.read(buffer)) >= 0; ) {
        if (n > 0 && tally.bytes(n, buffer[n - 1])) {
          socket.getOutputStream().write(tally.answer(Work.COUNT).array());
        }
      }
    } catch (IOException e) {
      // A client that has gone; a server goes on.
      System.getLogger("benchmarks").log(System.Logger.Level.DEBUG, "a client has gone", e);
    }
  }
}
