// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.itests.storm.Step.Action;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The steps of a seed. Any part of such a list can be played as well, so that a list that fails can
 * be shortened: a step that has nothing to do does nothing.
 */
final class Plan {
  private static final List<Action> LIVES =
      List.of(Action.RESTART, Action.REFRESH, Action.UPDATE, Action.STOP, Action.UNINSTALL);
  private static final List<Action> CHANGES =
      List.of(Action.TUNE, Action.TUNE, Action.MOVE, Action.SPOIL, Action.RENEW);

  private Plan() {}

  /** So many steps of a seed. */
  static List<Step> of(long seed, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Step> steps = new ArrayList<>();
    Map<Integer, String> starts = new HashMap<>();
    for (int i = 0; i < count; i++) {
      String due = starts.remove(i);
      if (due != null) {
        steps.add(new Step(Action.START, due, 0));
        continue;
      }
      int kind = random.nextInt(20);
      int value = random.nextInt(100);
      if (kind < 2) {
        steps.add(new Step(Action.RESTART, pick(random, World.PLATFORM), 0));
      } else if (kind < 9) {
        Action action = pick(random, LIVES);
        String bundle = pick(random, World.BUNDLES);
        steps.add(new Step(action, bundle, 0));
        if (action == Action.STOP || action == Action.UNINSTALL) {
          int at = i + 1 + random.nextInt(3);
          while (starts.putIfAbsent(at, bundle) != null) {
            at++;
          }
        }
      } else {
        Action action = pick(random, CHANGES);
        steps.add(new Step(action, pick(random, Plumbing.targets(action)), value));
      }
    }
    return steps;
  }

  private static <T> T pick(SplittableRandom random, List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
