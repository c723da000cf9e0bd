// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands between a client and a server: drops its connections, and takes none until restored; says
 * one word in place of another to the client, if asked to.
 */
public final class Proxy implements Closeable {
  private final int target;
  private final byte[] said;
  private final byte[] heard;
  private final ServerSocket listening;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  public Proxy(int target) throws IOException {
    this(target, "", "");
  }

  /**
   * One that puts a word in place of another.
   *
   * @param said what the server says; its first letter occurs in it once
   * @param heard what the client hears, as long as that
   */
  public Proxy(int target, String said, String heard) throws IOException {
    this.target = target;
    this.said = said.getBytes(StandardCharsets.US_ASCII);
    this.heard = heard.getBytes(StandardCharsets.US_ASCII);
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("accept", this::accept);
  }

  public int port() {
    return listening.getLocalPort();
  }

  public void cut() throws IOException {
    cut = true;
    drop();
  }

  public void restore() {
    cut = false;
  }

  private void drop() throws IOException {
    for (Socket each : open) {
      each.close();
    }
    open.clear();
  }

  private static void start(String name, Runnable what) {
    Thread thread = new Thread(what, "proxy-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        if (cut) {
          client.close();
          continue;
        }
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        open.add(client);
        open.add(server);
        if (cut) {
          drop();
        }
        start("up", () -> copy(client, server, new byte[0]));
        start("down", () -> copy(server, client, said));
      } catch (IOException e) {
        // Closed, or the server is not there: the client tries again.
      }
    }
  }

  private void copy(Socket from, Socket to, byte[] word) {
    byte[] some = new byte[65_536];
    int matched = 0;
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int n = in.read(some); n >= 0; n = in.read(some)) {
        for (int i = 0; word.length > 0 && i < n; i++) {
          // The letters of a word may come apart: each is replaced for itself.
          matched = some[i] == word[matched] ? matched + 1 : some[i] == word[0] ? 1 : 0;
          if (matched > 0) {
            some[i] = heard[matched - 1];
            matched %= word.length;
          }
        }
        out.write(some, 0, n);
      }
    } catch (IOException e) {
      // One side has gone, and so goes the other.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    drop();
  }
}
