// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.engine.Engine;
import io.penstock.pipe.PipeOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random sequences of operations, none of which waits, against a plain model. A failure tells its
 * seed and the shortest sequence that was found to fail.
 */
class PipeModelTest {
  private static final long UNBOUNDED = Long.MAX_VALUE;
  private static final int SEEDS = 60;

  private final List<String> warnings = new ArrayList<>();
  private final Logger logger = Logger.getLogger("io.penstock");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          warnings.add(new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };
  private final Engine engine = new Engine();

  @BeforeEach
  void start() {
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    // A closed engine does everything at once, in the calling thread.
    engine.close();
  }

  @AfterEach
  void stop() {
    logger.removeHandler(handler);
    logger.setUseParentHandlers(true);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 7, 16, 64, 100, 5000, 64 * 1024, UNBOUNDED})
  void behavesLikeTheModel(long capacity) {
    for (long seed = 0; seed < SEEDS; seed++) {
      check(capacity, seed);
    }
  }

  /** Other seeds and capacities, for as long as {@link Proof} says. */
  @Test
  @Timeout(Proof.TIMEOUT_SECONDS)
  void behavesLikeTheModelForLong() {
    long first = Proof.seed();
    Proof.Budget budget = Proof.budget();
    long seed = first;
    for (; budget.left(); seed++) {
      Random random = new Random(seed);
      long capacity =
          switch (random.nextInt(8)) {
            case 0 -> 64 * 1024;
            case 1 -> UNBOUNDED;
            case 2 -> 1 + random.nextInt(10_000);
            default -> 1 + random.nextInt(100);
          };
      check(capacity, seed);
    }
    if (budget.isLong()) {
      System.out.println("model: seeds " + first + " to " + (seed - 1));
    }
  }

  private void check(long capacity, long seed) {
    List<PipeOperation> steps = PipeOperation.sequence(seed, capacity);
    Throwable failure = failure(steps, capacity, seed);
    if (failure != null) {
      List<PipeOperation> few = shrink(steps, some -> failure(some, capacity, seed) != null);
      StringBuilder text = new StringBuilder();
      text.append("seed ").append(seed).append(", capacity ").append(capacity);
      text.append("; of ").append(steps.size()).append(" steps these fail:");
      few.forEach(step -> text.append("\n  ").append(step));
      throw new AssertionError(text.toString(), failure(few, capacity, seed));
    }
  }

  private static PipeOptions options(long capacity, long seed) {
    return Proof.declared(
        PipeOptions.defaults()
            .withName("modelled")
            .withCapacity(capacity)
            .withDirect(seed % 3 == 0),
        seed % 2 == 0,
        seed % 4 < 2);
  }

  private Throwable failure(List<PipeOperation> steps, long capacity, long seed) {
    try {
      run(steps, capacity, seed);
      return null;
    } catch (AssertionError | IOException | RuntimeException e) {
      return e;
    }
  }

  private void run(List<PipeOperation> steps, long capacity, long seed) throws IOException {
    ModelledPipe pipe = new ModelledPipe(options(capacity, seed), seed, engine, warnings);
    int i = 0;
    try {
      for (PipeOperation step : steps) {
        pipe.step(step);
        i++;
      }
      pipe.finish();
    } catch (AssertionError | RuntimeException e) {
      String at = i < steps.size() ? "step " + i + ", " + steps.get(i) : "the end";
      throw new AssertionError("at " + at + ": " + e.getMessage(), e);
    }
  }

  /** Leaves out what a failure does not need: halves first, then ever smaller pieces. */
  static <T> List<T> shrink(List<T> all, Predicate<List<T>> fails) {
    List<T> few = new ArrayList<>(all);
    for (int piece = Math.max(1, few.size() / 2); piece >= 1; piece /= 2) {
      boolean again = true;
      while (again) {
        again = false;
        for (int at = few.size() - piece; at >= 0; at -= piece) {
          List<T> fewer = new ArrayList<>(few.subList(0, at));
          fewer.addAll(few.subList(at + piece, few.size()));
          if (fails.test(fewer)) {
            few = fewer;
            again = true;
          }
        }
      }
    }
    return few;
  }

  @Test
  void shrinkingLeavesWhatMatters() {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      numbers.add(i);
    }
    assertEquals(List.of(17, 80), shrink(numbers, some -> some.contains(17) && some.contains(80)));
  }

  @Test
  void aSeedAlwaysMeansTheSame() {
    assertEquals(PipeOperation.sequence(5, 64), PipeOperation.sequence(5, 64));
    assertTrue(!PipeOperation.sequence(5, 64).equals(PipeOperation.sequence(6, 64)));
  }

  @Test
  void theModelRefusesAnotherByte() {
    ModelledPipe pipe = new ModelledPipe(options(8, 0), 0, engine, warnings);
    assertDoesNotThrow(() -> pipe.step(step(PipeOperation.Act.WRITE, 3)));
    pipe.model().bytes.remove(1);
    pipe.model().bytes.add((byte) '?');
    assertThrows(AssertionError.class, () -> pipe.step(step(PipeOperation.Act.READ, 3)));
  }

  private static PipeOperation step(PipeOperation.Act act, int size) {
    return new PipeOperation(act, size, 0, PipeOperation.Way.NOT_AT_ALL);
  }
}
