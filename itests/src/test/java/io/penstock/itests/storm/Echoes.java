// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.StreamFault;
import io.penstock.itests.storm.Faults.Kind;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Peers that send back what they get: some of the JDK's sockets, one that accepts by a service. */
final class Echoes {
  private static final int PIECE = 8192;
  private static final Wait A_WHILE = Wait.millis(200);

  private final Faults faults;
  private final CountDownLatch over = new CountDownLatch(1);
  private final List<ServerSocket> servers = new ArrayList<>();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  Echoes(Faults faults) {
    this.faults = faults;
  }

  /** Listens on a port of its own, and returns it. */
  int server() throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    servers.add(server);
    thread(
        "server",
        () -> {
          while (true) {
            Socket peer = server.accept();
            thread("peer", () -> echo(peer));
          }
        });
    return server.getLocalPort();
  }

  private static void echo(Socket peer) throws IOException {
    try (peer) {
      InputStream in = peer.getInputStream();
      OutputStream out = peer.getOutputStream();
      byte[] piece = new byte[PIECE];
      for (int count; (count = in.read(piece)) >= 0; ) {
        out.write(piece, 0, count);
      }
    }
  }

  /** Accepts from whichever listener is there. */
  void accept(Supplier<Listener> listeners) {
    thread(
        "accepts",
        () -> {
          while (over.getCount() != 0) {
            Listener listener = listeners.get();
            if (listener == null) {
              over.await(10, TimeUnit.MILLISECONDS);
            } else {
              accept(listener);
            }
          }
        });
  }

  private void accept(Listener listener) throws InterruptedException {
    try {
      while (over.getCount() != 0) {
        Channel peer;
        try {
          peer = listener.accept(A_WHILE);
        } catch (IOException problem) {
          if (StreamFault.isTimedOut(problem)) {
            continue;
          }
          throw problem;
        }
        thread("serves", () -> echo(peer));
      }
    } catch (IOException problem) {
      typed(problem);
      // It has gone, or is about to.
      over.await(10, TimeUnit.MILLISECONDS);
    }
  }

  private void echo(Channel peer) {
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try (peer) {
      while (peer.source().read(piece.clear(), Wait.forever()) >= 0) {
        peer.sink().writeFully(piece.flip(), Wait.forever());
      }
    } catch (IOException problem) {
      typed(problem);
    }
  }

  private void typed(IOException problem) {
    if (!(problem instanceof StreamFault)) {
      faults.report(Kind.UNTYPED, "a peer met " + problem, problem);
    }
  }

  private void thread(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException gone) {
                // The JDK's sockets: the other side checks what came of it.
              } catch (InterruptedException interrupt) {
                faults.report(Kind.STORM, "interrupted", interrupt);
              } catch (RuntimeException | Error problem) {
                faults.report(Kind.UNTYPED, name + ": " + problem, problem);
              } finally {
                threads.remove(Thread.currentThread());
              }
            },
            "storm-" + name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  void close() throws IOException, InterruptedException {
    over.countDown();
    for (ServerSocket each : servers) {
      each.close();
    }
    for (Thread each : List.copyOf(threads)) {
      each.join(Lane.PATIENCE.toMillis());
    }
  }

  /** What a thread does. */
  @FunctionalInterface
  private interface Work {
    void run() throws IOException, InterruptedException;
  }
}
