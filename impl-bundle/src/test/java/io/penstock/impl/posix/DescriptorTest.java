// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class DescriptorTest {
  private static final int ROUNDS = 2000;
  private static final int USERS = 3;

  private final Posix real =
      Objects.requireNonNull(new PosixAccess(null).calls(), "no native calls here");
  private final AtomicInteger closes = new AtomicInteger();
  private final AtomicInteger inUse = new AtomicInteger();
  private final AtomicInteger usedAtClose = new AtomicInteger();
  private final List<Descriptor> all = new ArrayList<>();

  /** The real calls, of which the closes are counted. */
  private final Posix calls =
      (Posix)
          Proxy.newProxyInstance(
              Posix.class.getClassLoader(),
              new Class<?>[] {Posix.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("close")) {
                  closes.incrementAndGet();
                  usedAtClose.addAndGet(inUse.get());
                }
                try {
                  return method.invoke(real, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });

  @AfterEach
  void close() {
    Descriptor.closeAll(all);
  }

  private Descriptor open() throws IOException {
    Descriptor one = new Descriptor(calls, Opened.path(real, Path.of("/dev/null"), Linux.O_RDONLY));
    all.add(one);
    return one;
  }

  @Test
  void closeWithoutUsersClosesOnce() throws IOException {
    Descriptor one = open();
    assertTrue(one.isOpen());
    assertEquals(7, one.call(fd -> 7));
    one.close();
    one.close();
    assertFalse(one.isOpen());
    assertEquals(1, closes.get());
    assertThrows(ClosedChannelException.class, () -> one.call(fd -> 7));
    assertEquals(1, closes.get(), "a call that comes late");
  }

  @Test
  void lastUserMakesTheClose() throws IOException {
    Descriptor one = open();
    int unused =
        one.call(
            outer ->
                within(
                    one,
                    () -> {
                      one.close();
                      assertFalse(one.isOpen());
                      assertThrows(ClosedChannelException.class, () -> one.call(fd -> 0));
                      assertEquals(0, closes.get(), "it is in use");
                    }));
    assertEquals(1, closes.get());
  }

  private int within(Descriptor one, Runnable task) {
    try {
      int unused =
          one.call(
              inner -> {
                task.run();
                return 0;
              });
    } catch (ClosedChannelException e) {
      throw new AssertionError(e);
    }
    assertEquals(0, closes.get(), "the outer call uses it still");
    return 0;
  }

  @Test
  void callOfTwoNeedsBothAndHoldsNeither() throws IOException {
    Descriptor first = open();
    Descriptor second = open();
    assertEquals(1, Descriptor.call(first, second, (a, b) -> a == b ? 0 : 1));
    second.close();
    assertThrows(ClosedChannelException.class, () -> Descriptor.call(first, second, (a, b) -> 1));
    first.close();
    assertThrows(ClosedChannelException.class, () -> Descriptor.call(first, second, (a, b) -> 1));
    assertEquals(2, closes.get(), "nobody was left inside");
  }

  @Test
  void closeAmongUsersIsMadeOnceAndAfterThem() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(USERS + 1);
    try {
      for (int round = 0; round < ROUNDS; round++) {
        Descriptor one = open();
        CyclicBarrier start = new CyclicBarrier(USERS + 1);
        List<Future<?>> users = new ArrayList<>();
        for (int i = 0; i < USERS; i++) {
          users.add(threads.submit(() -> useUntilClosed(one, start)));
        }
        start.await(10, TimeUnit.SECONDS);
        one.close();
        for (Future<?> each : users) {
          each.get(10, TimeUnit.SECONDS);
        }
        assertEquals(round + 1, closes.get());
      }
    } finally {
      threads.shutdownNow();
    }
    assertEquals(0, usedAtClose.get(), "users whose number was another's");
  }

  private Object useUntilClosed(Descriptor one, CyclicBarrier start) throws Exception {
    start.await(10, TimeUnit.SECONDS);
    while (true) {
      try {
        int unused =
            one.call(
                fd -> {
                  inUse.incrementAndGet();
                  inUse.decrementAndGet();
                  return 0;
                });
      } catch (ClosedChannelException e) {
        return e;
      }
    }
  }
}
