// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Handshakes whose executor refuses some of them. */
class CrewTest {
  private static final int TASKS = 100;

  private final Queue<Runnable> taken = new ArrayDeque<>();
  private boolean refuses;

  @Test
  void whatWaitsIsRunEvenIfTheExecutorRefusesIt() {
    Crew crew = new Crew();
    List<Integer> run = new ArrayList<>();
    for (int i = 0; i < TASKS; i++) {
      int number = i;
      crew.execute(this::take, () -> run.add(number));
    }
    refuses = true;
    runTaken();
    assertEquals(IntStream.range(0, TASKS).boxed().toList(), run.stream().sorted().toList());
  }

  @Test
  void taskThatThrowsKeepsNobodyWaiting() {
    Crew crew = new Crew();
    List<Integer> run = new ArrayList<>();
    for (int i = 0; i < TASKS; i++) {
      int number = i;
      crew.execute(
          this::take,
          () -> {
            run.add(number);
            throw new IllegalStateException("planted");
          });
    }
    runTaken();
    assertEquals(TASKS, run.size());
  }

  @Test
  void refusalsCostNoPlace() {
    Crew crew = new Crew();
    refuses = true;
    for (int i = 0; i < TASKS; i++) {
      assertThrows(
          RejectedExecutionException.class, () -> crew.execute(this::take, () -> taken.clear()));
    }
    refuses = false;
    List<Integer> run = new ArrayList<>();
    crew.execute(this::take, () -> run.add(1));
    runTaken();
    assertEquals(List.of(1), run);
  }

  private void take(Runnable task) {
    if (refuses) {
      throw new RejectedExecutionException("planted");
    }
    taken.add(task);
  }

  private void runTaken() {
    for (Runnable next = taken.poll(); next != null; next = taken.poll()) {
      next.run();
    }
  }
}
