// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.Tls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import javax.net.ssl.TrustManager;

/**
 * Connections that come and go: each sends one byte, waits for what comes back, and is gone. It is
 * reset, so that none of the system's ports waits for late packets.
 */
final class Churn {
  private static final int PATIENCE_MILLIS = 20_000;

  /** One connection, from its beginning to its end. */
  private interface Visit {
    void run() throws Exception;
  }

  private Churn() {}

  /** Connections a second to a server that echoes, of so many threads. */
  static double connections(Address address, int threads, long nanos) throws Exception {
    InetSocketAddress to = (InetSocketAddress) address.socketAddress();
    return rate(
        threads,
        nanos,
        () -> {
          try (Socket socket = connect(to)) {
            ask(socket, "1");
          }
        });
  }

  /**
   * The same over TLS, to a server that counts. Each has a context of its own, so that each does
   * the whole handshake.
   *
   * @param folder of the certificate
   */
  static double handshakes(Address address, Path folder, int threads, long nanos) throws Exception {
    InetSocketAddress to = (InetSocketAddress) address.socketAddress();
    TrustManager[] trust = Tls.trust(folder);
    return rate(threads, nanos, () -> greet(to, trust).close());
  }

  /** So many connections with TLS, each of which was answered once and then has nothing to do. */
  static List<Socket> hold(Address address, Path folder, int count) throws Exception {
    InetSocketAddress to = (InetSocketAddress) address.socketAddress();
    TrustManager[] trust = Tls.trust(folder);
    List<Socket> held = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      held.add(greet(to, trust));
    }
    return held;
  }

  /** A connection with TLS that was answered once. */
  private static Socket greet(InetSocketAddress to, TrustManager[] trust) throws Exception {
    Socket below = connect(to);
    Socket socket =
        Tls.jdkClient(trust)
            .getSocketFactory()
            .createSocket(below, "127.0.0.1", to.getPort(), true);
    // The server's answer, "1", is the count of the bytes.
    ask(socket, "\n");
    return socket;
  }

  private static Socket connect(InetSocketAddress to) throws IOException {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.setSoLinger(true, 0);
      socket.connect(to, PATIENCE_MILLIS);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static void ask(Socket socket, String byteToSend) throws IOException {
    socket.getOutputStream().write(byteToSend.getBytes(US_ASCII));
    try {
      int got = socket.getInputStream().read();
      if (got != '1') {
        throw new IOException("the server answered " + got + ", expected '1'");
      }
    } catch (SocketTimeoutException e) {
      throw new IOException("the server has not answered within 20 s", e);
    }
  }

  private static double rate(int threads, long nanos, Visit visit) throws Exception {
    long start = System.nanoTime();
    Callable<Long> work =
        () -> {
          long count = 0;
          do {
            visit.run();
            count++;
          } while (System.nanoTime() - start < nanos);
          return count;
        };
    List<FutureTask<Long>> tasks = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      FutureTask<Long> task = new FutureTask<>(work);
      tasks.add(task);
      Thread thread = new Thread(task, "churn-" + i);
      thread.setDaemon(true);
      thread.start();
    }
    long count = 0;
    for (FutureTask<Long> task : tasks) {
      try {
        count += task.get();
      } catch (ExecutionException e) {
        throw new IOException("a connection failed", e.getCause());
      }
    }
    return count * 1e9 / (System.nanoTime() - start);
  }
}
