// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * One step of a model test, complete in itself, so that a list of steps still makes sense when some
 * of them are left out.
 *
 * @param act what is done
 * @param size how many bytes it is about: to write, to ask for, or the most that a long read may
 *     return
 * @param choice picks among variants: how the bytes are cut into parts, which delimiter, how much a
 *     callback uses
 * @param way how the call waits
 */
record PipeOperation(Act act, int size, int choice, Way way) {
  /** How a call waits: in none of these ways does it wait really. */
  enum Way {
    NOT_AT_ALL,
    UP_TO_ZERO,
    UNTIL_THE_PAST
  }

  /** What is done to a pipe. */
  enum Act {
    WRITE,
    WRITE_BY_SETTING,
    WRITE_GATHERED,
    WRITE_FULLY,
    WRITE_PARTS_FULLY,
    GIVE,
    GIVE_AND_BE_TOLD,
    WRITE_LATER,
    READ,
    READ_BY_SETTING,
    READ_SCATTERED,
    CONSUME,
    CONSUME_AND_THROW,
    TAKE,
    DRAIN,
    READ_UNTIL,
    READ_LINE,
    READ_FULLY,
    READ_ALL,
    TRANSFER,
    EMPTY_THE_DESTINATION,
    AWAIT_READABLE,
    AWAIT_WRITABLE,
    AWAIT_EMPTY,
    FLUSH,
    SET_READ_WAIT,
    SET_WRITE_WAIT,
    CLEAR_LATCH,
    TRIM,
    BREAK_THE_DESTINATION,
    END,
    ABORT,
    CLOSE_SINK,
    CLOSE_SOURCE,
    CLOSE;

    boolean isLast() {
      return compareTo(BREAK_THE_DESTINATION) >= 0;
    }
  }

  private static final Act[] ACTS = Act.values();

  /** A sequence of steps that depends on the seed alone. */
  static List<PipeOperation> sequence(long seed, long capacity) {
    Random random = new Random(seed);
    // Each run has its own favourites: a mix of everything would never fill the pipe, nor drain it.
    double[] weights = new double[ACTS.length];
    double sum = 0;
    for (Act act : ACTS) {
      double weight = Math.pow(random.nextDouble(), 4);
      weights[act.ordinal()] = act.isLast() ? 0 : weight + 0.01;
      sum += weights[act.ordinal()];
    }
    int length = 10 + random.nextInt(300);
    int quiet = length * (1 + random.nextInt(4)) / 4;
    List<PipeOperation> steps = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      Act act;
      if (i >= quiet && random.nextInt(8) == 0) {
        act = ACTS[Act.BREAK_THE_DESTINATION.ordinal() + random.nextInt(6)];
      } else {
        double at = random.nextDouble() * sum;
        int k = 0;
        while (k < ACTS.length - 1 && at >= weights[k]) {
          at -= weights[k++];
        }
        act = ACTS[k];
      }
      steps.add(
          new PipeOperation(
              act,
              size(random, capacity),
              random.nextInt(1 << 16),
              Way.values()[Math.max(0, random.nextInt(6) - 3)]));
    }
    return steps;
  }

  private static int size(Random random, long capacity) {
    int bound = (int) Math.min(capacity, 70_000);
    return switch (random.nextInt(10)) {
      case 0 -> random.nextInt(2);
      case 1, 2, 3 -> 1 + random.nextInt(8);
      case 4 -> Math.max(0, bound - 1 + random.nextInt(3));
      case 5 -> random.nextInt(2 * bound + 1);
      case 6 -> random.nextInt(20_000) < 2000 ? random.nextInt(20_000) : random.nextInt(300);
      default -> 1 + random.nextInt(Math.min(bound, 3000));
    };
  }

  @Override
  public String toString() {
    return act + " " + size + " (choice " + choice + ", " + way + ")";
  }
}
