// SPDX-License-Identifier: Apache-2.0
package io.penstock.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Says bytes to a server of ours on the loopback interface, and waits until that has done with
 * them.
 */
public final class Connection {
  private static final int PATIENCE_MS = 8000;
  private static final AtomicReference<Throwable> UNCAUGHT = new AtomicReference<>();

  static {
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> UNCAUGHT.set(failure));
  }

  private Connection() {}

  /** Says them, ends, and reads to the end. */
  public static void say(int port, byte[] bytes) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(PATIENCE_MS);
      try {
        socket.getOutputStream().write(bytes);
        socket.shutdownOutput();
        InputStream answers = socket.getInputStream();
        byte[] piece = new byte[8192];
        long all = 0;
        for (int n = answers.read(piece); n >= 0; n = answers.read(piece)) {
          all += n;
          Fuzz.holds(all < 1 << 20, "answers without end");
        }
      } catch (SocketTimeoutException e) {
        throw new AssertionError("the server keeps a connection that has ended", e);
      } catch (SocketException e) {
        // Cut, which is an answer as well.
        Fuzz.holds(e.getMessage() != null, "no message");
      }
    }
    uncaught();
  }

  /** No thread of the product has ended by an exception. */
  public static void uncaught() {
    Throwable failure = UNCAUGHT.getAndSet(null);
    if (failure != null) {
      throw new AssertionError("a thread ended by an exception", failure);
    }
  }
}
