// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.common.io.nio2.Nio2Service;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The library's client: its start and its end. */
class SharedClientTest {
  private static final int ROUNDS = 40;
  private static final int SOCKETS = 4;

  @BeforeAll
  static void load() {
    assertTrue(CryptoProviders.ready());
  }

  @Test
  void startThatFailedIsTriedAgain() throws IOException {
    AtomicInteger tries = new AtomicInteger();
    SshClient fine = SshClient.setUpDefaultClient();
    SharedClient engine =
        new SharedClient(
            () -> {
              if (tries.incrementAndGet() == 1) {
                throw new UncheckedIOException(new IOException("Too many open files"));
              }
              return fine;
            });
    IOException failed = assertThrows(IOException.class, engine::acquire);
    assertEquals(
        "SSH cannot be started: java.io.IOException: Too many open files", failed.getMessage());
    assertEquals(fine, engine.acquire());
    assertEquals(fine, engine.acquire());
    assertEquals(2, tries.get());
    engine.release();
    engine.release();
  }

  @Test
  void threadsThatWereLetGoAreMadeAnew() throws IOException {
    SharedClient engine = new SharedClient();
    SshClient first = engine.acquire();
    engine.release();
    SshClient second = engine.acquire();
    assertNotSame(first, second);
    engine.release();
  }

  private static AsynchronousChannelGroup group(SshClient client)
      throws ReflectiveOperationException {
    Field connector = null;
    for (Class<?> type = client.getClass(); connector == null; type = type.getSuperclass()) {
      for (Field each : type.getDeclaredFields()) {
        connector = each.getName().equals("connector") ? each : connector;
      }
    }
    connector.setAccessible(true);
    Field group = Nio2Service.class.getDeclaredField("group");
    group.setAccessible(true);
    return (AsynchronousChannelGroup) group.get(connector.get(client));
  }

  /** Hears nothing but the end. */
  private static final class Reading implements CompletionHandler<Integer, Void> {
    @Override
    public void completed(Integer count, Void nothing) {
      throw new AssertionError("nobody writes");
    }

    @Override
    public void failed(Throwable cause, Void nothing) {
      System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "over", cause);
    }
  }

  /** As the library does, which closes the sockets of connections while its threads end. */
  @Case(seconds = 100)
  void socketsAreClosedWhileTheirThreadsEnd() throws Exception {
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      for (int i = 0; i < ROUNDS && failures.isEmpty(); i++) {
        closeAtTheEnd(server, failures);
      }
    }
    assertEquals(List.of(), List.copyOf(failures));
  }

  private static void closeAtTheEnd(ServerSocketChannel server, Queue<Throwable> failures)
      throws Exception {
    SharedClient engine = new SharedClient();
    AsynchronousChannelGroup group = group(engine.acquire());
    List<SocketChannel> peers = new ArrayList<>();
    List<Thread> closers = new ArrayList<>();
    for (int i = 0; i < SOCKETS; i++) {
      AsynchronousSocketChannel socket = AsynchronousSocketChannel.open(group);
      socket.connect(server.getLocalAddress()).get(20, TimeUnit.SECONDS);
      peers.add(server.accept());
      socket.read(ByteBuffer.allocate(1), null, new Reading());
      Thread closer =
          new Thread(
              () -> {
                while (!group.isShutdown()) {
                  Thread.onSpinWait();
                }
                try {
                  socket.close();
                } catch (IOException | RuntimeException e) {
                  failures.add(e);
                }
              });
      closer.start();
      closers.add(closer);
    }
    engine.release();
    for (Thread closer : closers) {
      closer.join();
    }
    assertTrue(group.awaitTermination(20, TimeUnit.SECONDS));
    for (SocketChannel peer : peers) {
      peer.close();
    }
  }
}
