// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What others wait for goes on after any fault, or tells them that it does not. */
class FaultsTest {
  private final List<String> done = new ArrayList<>();

  private static Error fault() {
    return new OutOfMemoryError("on purpose");
  }

  /** Has no thread to give for the first tasks. */
  private static final class Poor implements Executor {
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private int faults;

    Poor(int faults) {
      this.faults = faults;
    }

    @Override
    public void execute(Runnable task) {
      if (faults-- > 0) {
        throw fault();
      }
      tasks.add(task);
    }

    void runAll() {
      while (!tasks.isEmpty()) {
        tasks.remove().run();
      }
    }
  }

  @Test
  void laneGoesOnAfterATaskThatFails() {
    Poor threads = new Poor(0);
    Lanes lanes = new Lanes(threads, 1);
    lanes.execute(
        () -> {
          throw fault();
        });
    lanes.execute(() -> done.add("the next"));
    threads.runAll();
    lanes.execute(() -> done.add("a later one"));
    threads.runAll();
    assertEquals(List.of("the next", "a later one"), done);
  }

  @Test
  void laneIsThereAgainOnceThereIsAThread() {
    Poor threads = new Poor(1);
    Lanes lanes = new Lanes(threads, 1);
    assertThrows(OutOfMemoryError.class, () -> lanes.execute(() -> done.add("lost")));
    lanes.execute(() -> done.add("the next"));
    threads.runAll();
    assertEquals(List.of("the next"), done);
  }

  @Test
  void turnThatFailsSaysSo() {
    AtomicInteger failed = new AtomicInteger();
    Poor threads = new Poor(0);
    new SerialTask(
            threads,
            () -> {
              throw fault();
            },
            failed::incrementAndGet)
        .wake();
    threads.runAll();
    assertEquals(1, failed.get());
    new SerialTask(new Poor(1), () -> false, failed::incrementAndGet).wake();
    assertEquals(2, failed.get());
  }
}
