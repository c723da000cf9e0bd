// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Stands between a client and a server: drops its connections, and takes none until restored; says
 * one word in place of another to the client, or holds back what the client says, if asked to.
 */
public final class Proxy implements Closeable {
  private final int target;
  private final byte[] said;
  private final byte[] heard;
  private final ServerSocket listening;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile boolean cut;
  private volatile long late;
  // Changed with the lock.
  private volatile byte[] held = {};
  private boolean holding;

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

  /**
   * From the end of the next such word of a client's on, the server gets nothing more from that
   * client. Clients take the server for lost some seconds later.
   *
   * @param word its first letter occurs in it once
   */
  public void hold(String word) {
    hold(word.getBytes(StandardCharsets.US_ASCII));
  }

  private void hold(byte[] word) {
    lock.lock();
    try {
      held = word;
      holding = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until something is held back. */
  public void awaitHeld() throws InterruptedException {
    long left = TimeUnit.SECONDS.toNanos(30);
    lock.lock();
    try {
      while (!holding) {
        assertTrue(left > 0, "the client does not say it");
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The server gets what was held back. */
  public void release() {
    hold(new byte[0]);
  }

  /** What clients say reaches the server so many milliseconds later. */
  public void delay(long millis) {
    late = millis;
  }

  private void awaitTime() {
    long left = TimeUnit.MILLISECONDS.toNanos(late);
    lock.lock();
    try {
      while (left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void awaitRelease(byte[] word) {
    lock.lock();
    try {
      holding = held == word;
      changed.signalAll();
      while (held == word) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
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
        start("up", () -> copyUp(client, server));
        start("down", () -> copy(server, client, said));
      } catch (IOException e) {
        // Closed, or the server is not there: the client tries again.
      }
    }
  }

  private void copyUp(Socket client, Socket server) {
    byte[] some = new byte[65_536];
    byte[] word = {};
    int matched = 0;
    try (client;
        server;
        InputStream in = client.getInputStream();
        OutputStream out = server.getOutputStream()) {
      for (int n = in.read(some); n >= 0; n = in.read(some)) {
        int sent = 0;
        awaitTime();
        for (int i = 0; i < n; i++) {
          byte[] now = held;
          matched = now == word ? matched : 0;
          word = now;
          if (word.length > 0) {
            matched = some[i] == word[matched] ? matched + 1 : some[i] == word[0] ? 1 : 0;
            if (matched == word.length) {
              out.write(some, sent, i + 1 - sent);
              sent = i + 1;
              awaitRelease(word);
            }
          }
        }
        out.write(some, sent, n - sent);
      }
    } catch (IOException e) {
      // One side has gone, and so goes the other.
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
    release();
    drop();
  }
}
