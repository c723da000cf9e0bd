// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.ssh.impl.Stops;
import io.penstock.ssh.impl.component.SshComponent;
import io.penstock.standalone.Penstock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A bundle's classes go when it has stopped; a thread that needs one of them then would fail. */
class StopsTest {
  @Test
  void nothingOfTheLibraryRunsOnceTheComponentHasStopped() throws Exception {
    Endpoint listening = Bench.listening();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    SshComponent component = new SshComponent();
    try (Penstock penstock = Penstock.open()) {
      penstock.provide(component);
      Listener listener = penstock.channels().listen(listening, ChannelOptions.defaults());
      Channel client =
          penstock
              .channels()
              .open(Bench.connecting(listener.endpoint()), ChannelOptions.defaults(), Bench.SOON);
      Channel accepted = listener.accept(Bench.SOON);

      penstock.withdraw(component);
      component.stop();

      assertEquals(
          List.of(), added(before).filter(StopsTest::isInTheLibrary).map(Thread::getName).toList());
      // Threads that have nothing to do any more are about to end.
      for (Thread each :
          added(before).filter(each -> each.getName().startsWith("sshd-")).toList()) {
        each.join(Duration.ofSeconds(20).toMillis());
        assertFalse(each.isAlive(), each::getName);
      }
      assertFalse(client.isOpen() || accepted.isOpen());
    }
  }

  @Test
  void componentWaitsForTheThreadsThatStopTheLibrary() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    AtomicBoolean over = new AtomicBoolean();
    AtomicBoolean waited = new AtomicBoolean();
    Stops.started();
    Stops.stop(
        () -> {
          try {
            go.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          over.set(true);
        },
        () -> {});
    SshComponent component = new SshComponent();
    Thread stopping =
        new Thread(
            () -> {
              component.stop();
              waited.set(over.get());
            });
    stopping.start();
    while (stopping.getState() != Thread.State.TIMED_WAITING && stopping.isAlive()) {
      LockSupport.parkNanos(200_000);
    }
    go.countDown();
    stopping.join();
    assertTrue(waited.get(), "the component went before the library had stopped");
  }

  private static Stream<Thread> added(Set<Thread> before) {
    return Thread.getAllStackTraces().keySet().stream().filter(each -> !before.contains(each));
  }

  private static boolean isInTheLibrary(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(frame -> frame.getClassName().startsWith("org.apache.sshd."));
  }
}
