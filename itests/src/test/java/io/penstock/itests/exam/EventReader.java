// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * Takes the events of one container, wherever its JVM is, over a loopback connection on an
 * ephemeral port: live, so that reports have the right durations, and as far as they went when a
 * container dies.
 */
final class EventReader implements AutoCloseable {

  /** Longer than any test may take: Jupiter's own time-out inside the container comes first. */
  private static final Duration SILENCE =
      Duration.ofMinutes(Integer.getInteger("penstock.itests.silence", 5));

  private static final ObjectInputFilter OURS =
      ObjectInputFilter.Config.createFilter("io.penstock.itests.exam.*;java.lang.*;java.util.*;!*");

  private final ServerSocket server;

  EventReader() throws IOException {
    server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  int port() {
    return server.getLocalPort();
  }

  /** Gives up when no container has come so far; one that has come is heard out. */
  @Override
  public void close() throws IOException {
    server.close();
  }

  /**
   * Hears one container out.
   *
   * @throws IOException if the container went away or silent before it was done; when nobody came
   *     because this reader was closed, it returns quietly
   */
  void readInto(Replay replay) throws IOException {
    try (Socket socket = accept()) {
      if (socket == null) {
        return;
      }
      server.close();
      socket.setSoTimeout((int) SILENCE.toMillis());
      ObjectInputStream events =
          new ObjectInputStream(new BufferedInputStream(socket.getInputStream()));
      events.setObjectInputFilter(OURS);
      while (!replay.isDone()) {
        replay.accept((RemoteEvent) events.readObject());
      }
    } catch (EOFException | SocketException gone) {
      throw new IOException("the container went away while it ran " + replay.whatRuns(), gone);
    } catch (SocketTimeoutException silent) {
      throw new IOException(
          "the container said nothing for " + SILENCE + " while it ran " + replay.whatRuns(),
          silent);
    } catch (ClassNotFoundException unknown) {
      throw new IOException("the container and the host have different classes", unknown);
    }
  }

  private Socket accept() throws IOException {
    try {
      return server.accept();
    } catch (SocketException closed) {
      if (server.isClosed()) {
        return null;
      }
      throw closed;
    }
  }
}
