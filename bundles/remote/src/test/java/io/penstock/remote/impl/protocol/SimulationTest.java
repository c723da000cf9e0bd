// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The rules of discovery, by seeds. A failure names its seed; {@code -Dremote.seed=N} runs only
 * that one, {@code -Dremote.seeds=N} runs more of them. Of the world of thousands, {@code
 * -Dremote.containers=N} has a larger one, and {@code -Dremote.long=true} more and longer ones.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bsimulation\\b.*",
    disabledReason = "tried in the build beside this one")
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("remote.seeds", 60);
  private static final boolean LONG = Boolean.getBoolean("remote.long");

  private static List<Long> seeds(int count) {
    Long only = Long.getLong("remote.seed");
    if (only != null) {
      return List.of(only);
    }
    List<Long> seeds = new ArrayList<>();
    for (long seed = 1; seed <= count; seed++) {
      seeds.add(seed);
    }
    return seeds;
  }

  private static Map<String, Integer> run(int count, Simulation.Size size, Simulation.Parts parts) {
    Map<String, Integer> sums = new TreeMap<>();
    for (long seed : seeds(count)) {
      Simulation simulation = new Simulation(seed, size, parts);
      simulation.run();
      simulation.counts.forEach((what, many) -> sums.merge(what, many, Integer::sum));
    }
    return sums;
  }

  private static void assertHappened(Map<String, Integer> counts, String... each) {
    for (String what : each) {
      assertTrue(counts.getOrDefault(what, 0) > 0, "never: " + what + ", of " + counts);
    }
  }

  @Test
  void theRulesHoldWhileMessagesAreLost() {
    Map<String, Integer> counts = run(SEEDS, Worlds.FEW, new Simulation.Parts());
    assertHappened(
        counts,
        "added",
        "changed",
        "kill",
        "pause",
        "cut noticed",
        "cut unnoticed",
        "registry down",
        "beats lost",
        "removed WITHDRAWN",
        "removed SILENT",
        "removed DEAD",
        "removed a living one that was silent");
  }

  @Test
  void theRulesHoldAndTheDeadAreSeenAtOnceAfterAPause() {
    assertHappened(run(SEEDS, Worlds.STRICT, new Simulation.Parts()), "quick look after a pause");
  }

  @Test
  void theRulesHoldWhileTheServersAreSplit() {
    Map<String, Integer> counts = run(SEEDS, Worlds.SPLIT_STRICT, new Simulation.Parts());
    assertHappened(
        counts,
        "split of one",
        "split of all",
        "split from the leader",
        "unanswered write",
        "late write",
        "connected without a leader",
        "removed a living one on the other side",
        "found at once",
        "found in time");
  }

  @Test
  void theRulesHoldWhileTheServersAreSplitAndMessagesAreLost() {
    assertHappened(
        run(SEEDS, Worlds.SPLIT, new Simulation.Parts()),
        "split of one",
        "removed a living one on the other side");
  }

  @Test
  void whatTheDeadHaveLeftIsRemoved() {
    assertHappened(run(Math.max(1, SEEDS / 6), Worlds.LONG, new Simulation.Parts()), "purge");
  }

  @Test
  void theRulesHoldWhileTheServersAreSplitForLong() {
    assertHappened(
        run(Math.max(1, SEEDS / 6), Worlds.SPLIT_LONG, new Simulation.Parts()),
        "purge",
        "found at once",
        "found in time");
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void theRulesHoldForThousandsOfContainers() {
    int containers = Integer.getInteger("remote.containers", 2000);
    Map<String, Integer> counts = new TreeMap<>();
    for (long seed : seeds(LONG ? 20 : 3)) {
      // By turns on one server, and on three that are split.
      Simulation.Size like = seed % 2 == 0 ? Worlds.SPLIT_SLOW : Worlds.FEW;
      Simulation simulation =
          new Simulation(seed, Worlds.of(containers, LONG ? 60 : 10, like), new Simulation.Parts());
      simulation.run();
      simulation.counts.forEach((what, many) -> counts.merge(what, many, Integer::sum));
    }
    assertHappened(counts, "added", "removed SILENT", "kill");
  }

  @ParameterizedTest
  @EnumSource
  void aPlantedFaultIsFound(PlantedFault fault) {
    assertTrue(isFound(SEEDS, fault, fault.sizes()), fault + " was not found");
  }

  @ParameterizedTest
  @EnumSource
  void aPlantedFaultIsFoundAmongHundreds(PlantedFault fault) {
    List<Simulation.Size> many = fault.sizes().stream().map(Worlds::many).toList();
    assertTrue(isFound(SEEDS, fault, many), fault + " was not found");
  }

  @Test
  void nothingIsFoundAmongHundredsWithoutAFault() {
    for (Simulation.Size size : List.of(Worlds.STRICT, Worlds.SPLIT_STRICT)) {
      assertHappened(
          run(Math.max(2, SEEDS / 100), Worlds.many(size), new Simulation.Parts()), "added");
    }
  }

  private static boolean isFound(int count, PlantedFault fault, List<Simulation.Size> sizes) {
    for (long seed : seeds(count)) {
      for (Simulation.Size size : sizes) {
        try {
          new Simulation(seed, size, fault.parts()).run();
        } catch (Simulation.Wrong e) {
          if (e.getMessage().contains(fault.saying())) {
            return true;
          }
        }
      }
    }
    return false;
  }
}
