// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketNumber;
import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A watch for a peer that goes. */
class PeerWatchTest {
  private final PosixAccess access = new PosixAccess(PosixAccess.AUTO);
  private final Peers peers = new Peers(new ProcessProvider(access));
  private final AtomicInteger polls = new AtomicInteger();
  private final CountDownLatch gone = new CountDownLatch(1);
  private Posix calls;
  private SocketChannel near;
  private SocketChannel far;
  private Closeable watch;

  @BeforeEach
  void begin() throws IOException {
    Posix system = access.calls("test", "native calls");
    calls =
        (Posix)
            Proxy.newProxyInstance(
                Posix.class.getClassLoader(),
                new Class<?>[] {Posix.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("poll")) {
                    polls.incrementAndGet();
                  }
                  try {
                    return method.invoke(system, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      far = SocketChannel.open(server.getLocalAddress());
      near = server.accept();
    }
    DescriptorSource connection =
        new DescriptorSource() {
          @Override
          public Descriptor duplicate(Posix by) throws IOException {
            return SocketNumber.descriptor(near, by);
          }

          @Override
          public void detach() {}
        };
    watch = new PeerWatch(calls, peers.context("watched")).watch(connection, gone::countDown);
  }

  @AfterEach
  void end() throws IOException {
    watch.close();
    near.close();
    far.close();
    peers.close();
  }

  @Test
  void aPeerThatCutsTheConnectionIsTold() throws Exception {
    far.setOption(java.net.StandardSocketOptions.SO_LINGER, 0);
    far.close();
    assertTrue(gone.await(20, TimeUnit.SECONDS));
  }

  /** Its number may belong to another connection then. */
  @Test
  void afterItsCloseNothingIsAskedOfTheSystem() throws Exception {
    watch.close();
    CountDownLatch released = new CountDownLatch(1);
    peers.context("watched").forgetClosed(released::countDown);
    assertTrue(released.await(20, TimeUnit.SECONDS));
    int before = polls.get();
    CountDownLatch later = new CountDownLatch(1);
    Future<?> unused = peers.context("watched").after(Duration.ofMillis(500), later::countDown);
    assertTrue(later.await(20, TimeUnit.SECONDS));
    assertEquals(before, polls.get());
    assertEquals(1, gone.getCount());
  }
}
