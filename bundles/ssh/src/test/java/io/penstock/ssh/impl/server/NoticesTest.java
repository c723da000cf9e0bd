// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** Clients that say more than observers keep up with. */
class NoticesTest {
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final List<String> told = new ArrayList<>();
  private final Notices notices = new Notices("test", tasks::add);
  private int size;

  private void resize(int to) {
    size = to;
    notices.size(() -> told.add("size " + size));
  }

  private void signal(String name) {
    assertTrue(notices.signal(() -> told.add(name)));
  }

  @Test
  void onlyTheNewestSizeWaits() {
    for (int i = 1; i <= 100_000; i++) {
      resize(i);
    }
    assertEquals(1, tasks.size());
    tasks.remove().run();
    assertEquals(List.of("size 100000"), told);
    resize(7);
    tasks.remove().run();
    assertEquals(List.of("size 100000", "size 7"), told);
  }

  @Test
  void signalsBeyondTheLimitAreDropped() {
    for (int i = 0; i < Notices.MAX_SIGNALS; i++) {
      signal("INT");
    }
    assertFalse(notices.signal(() -> told.add("too many")));
    assertEquals(1, tasks.size());
    tasks.remove().run();
    assertEquals(Notices.MAX_SIGNALS, told.size());
    assertFalse(told.contains("too many"));
    signal("TERM");
    tasks.remove().run();
    assertEquals("TERM", told.get(told.size() - 1));
  }

  @Test
  void orderIsKeptAndOneThatFailsIsNotTheEnd() {
    signal("HUP");
    resize(1);
    assertTrue(
        notices.signal(
            () -> {
              throw new IllegalStateException("an observer that fails");
            }));
    signal("INT");
    tasks.remove().run();
    assertEquals(List.of("HUP", "size 1", "INT"), told);
    assertTrue(tasks.isEmpty());
  }

  @Test
  void whatComesWhileAnObserverRunsIsToldAfterIt() {
    assertTrue(
        notices.signal(
            () -> {
              told.add("first");
              resize(2);
              resize(3);
              signal("second");
            }));
    tasks.remove().run();
    assertEquals(List.of("first", "size 3", "second"), told);
    assertTrue(tasks.isEmpty());
  }

  @Test
  void faultsAreNotTheEnd() {
    assertTrue(
        notices.signal(
            () -> {
              throw new OutOfMemoryError("on purpose");
            }));
    signal("INT");
    tasks.remove().run();
    assertEquals(List.of("INT"), told);
    boolean[] poor = {true};
    Notices starving =
        new Notices(
            "test",
            task -> {
              if (poor[0]) {
                throw new OutOfMemoryError("no thread");
              }
              tasks.add(task);
            });
    assertThrows(OutOfMemoryError.class, () -> starving.signal(() -> told.add("HUP")));
    poor[0] = false;
    assertTrue(starving.signal(() -> told.add("TERM")));
    tasks.remove().run();
    assertEquals(List.of("INT", "HUP", "TERM"), told);
  }
}
