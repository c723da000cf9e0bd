// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Plays scenarios by seed. See proofs/simulation/run for the options; this adds {@code --classes},
 * the folders whose classes are simulated.
 */
public final class Main {
  private static final long MAX_STEPS = 3_000_000;
  private static final String WORLD = "io.penstock.simulation.world.";
  private static final List<String> SCENARIOS =
      List.of(
          "Stream",
          "Turns",
          "Limits",
          "Signals",
          "Polled",
          "Relayed",
          "Backlogged",
          "Reconnected",
          "Refused");
  private static final List<String> PREPARED =
      List.of(
          "io.penstock.channel.",
          "io.penstock.error.",
          "io.penstock.pipe.",
          "io.penstock.poller.",
          "io.penstock.relay.",
          "io.penstock.spi.",
          "io.penstock.stream.",
          "io.penstock.impl.",
          "io.penstock.simulation.world.");

  private final Map<String, Integer> given = new TreeMap<>();
  private final List<Scenario> scenarios = new ArrayList<>();
  private final Map<String, Tally> tallies = new LinkedHashMap<>();
  private double seconds = 60;
  private double hours;
  private long seeds = Long.MAX_VALUE;
  private Long seed;
  private Long from;
  private int most = 5;
  private int fixed;
  private boolean fresh = true;
  private boolean verbose;
  private String form = "long";
  private Path result;
  private String only = "";
  private int passed;
  private int failed;

  private static final class Tally {
    long runs;
    long steps;
    long switches;
    long conversations;
    double hours;
    int failures;
  }

  private record Outcome(Sim sim, Plan plan, String failure) {}

  private Main() {}

  /** Exits with 1 if a run has failed. */
  public static void main(String[] arguments) throws Exception {
    // Prepared before, because formats and loggers load much.
    String unused = String.format("%.3f", 0.5);
    Main main = new Main();
    main.read(arguments);
    System.exit(main.run());
  }

  private void read(String[] arguments) throws Exception {
    List<Path> folders = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      String option = arguments[i];
      switch (option) {
        case "--short" -> {
          form = "short";
          fixed = 60;
          fresh = false;
        }
        case "--verbose" -> verbose = true;
        case "--classes" -> {
          for (String each : arguments[++i].split(File.pathSeparator)) {
            folders.add(Path.of(each));
          }
        }
        case "--seconds" -> seconds = Double.parseDouble(arguments[++i]);
        case "--hours" -> {
          hours = Double.parseDouble(arguments[++i]);
          seconds = Double.MAX_VALUE;
        }
        case "--from" -> from = Long.parseLong(arguments[++i]);
        case "--stop" -> most = Integer.parseInt(arguments[++i]);
        case "--seeds" -> seeds = Long.parseLong(arguments[++i]);
        case "--seed" -> seed = Long.parseLong(arguments[++i]);
        case "--scenario" -> only = arguments[++i];
        case "--set" -> {
          for (String each : arguments[++i].split(",")) {
            String[] parts = each.split("=");
            given.put(parts[0], Integer.parseInt(parts[1]));
          }
        }
        case "--result" -> result = Path.of(arguments[++i]);
        default -> throw new IllegalArgumentException("unknown option " + option);
      }
    }
    SimLoader loader = new SimLoader(folders);
    for (String name : SCENARIOS) {
      try {
        Scenario scenario =
            (Scenario)
                Class.forName(WORLD + name, true, loader).getDeclaredConstructor().newInstance();
        if (only.isEmpty() || only.equals(scenario.name())) {
          scenarios.add(scenario);
        }
      } catch (ClassNotFoundException e) {
        System.err.println("no scenario " + name);
      }
    }
    if (scenarios.isEmpty()) {
      throw new IllegalArgumentException("there is no scenario " + only);
    }
    loader.prepare(PREPARED);
  }

  private Outcome play(Scenario scenario, long number, Map<String, Integer> set, boolean stacks) {
    Plan plan = new Plan(number, set);
    int spacing = new int[] {1, 3, 12, 50, 300}[plan.number("spacing", 0, 4)];
    int spurious = new int[] {0, 40}[plan.number("spurious", 0, 1)];
    Sim sim = new Sim(number, spacing, spurious, MAX_STEPS, stacks);
    sim.run(
        () -> {
          try {
            scenario.play(plan);
          } catch (Exception | Error e) {
            sim.blame(UncaughtHandlers.text(e));
          }
        });
    if (sim.failure() == null && !sim.left().isEmpty()) {
      sim.blame("nobody can go on, and nothing is to come: " + String.join("; ", sim.left()));
    }
    for (String line : sim.log()) {
      sim.blame("the product has logged " + line);
    }
    Tally tally = tallies.computeIfAbsent(scenario.name(), any -> new Tally());
    tally.runs++;
    tally.steps += sim.steps();
    tally.switches += sim.switches();
    tally.conversations += plan.conversations();
    tally.hours += (sim.now() - 1e9) / 3.6e12;
    return new Outcome(sim, plan, sim.failure());
  }

  private int run() throws IOException {
    long begun = System.nanoTime();
    if (seed != null) {
      System.out.println("seed " + seed + ", stacks are kept by " + Carrier.kind());
      for (Scenario scenario : scenarios) {
        one(scenario, seed);
      }
    } else {
      long first = from != null ? from : Dice.mix(System.nanoTime()) >>> 24;
      System.out.println(
          "first seed " + first + ", stacks are kept by " + Carrier.kind() + ", form " + form);
      for (int i = 1; i <= fixed; i++) {
        for (Scenario scenario : scenarios) {
          one(scenario, i);
        }
      }
      for (long i = 0; i < seeds && fresh && !enough(begun); i++) {
        for (Scenario scenario : scenarios) {
          if (!enough(begun)) {
            one(scenario, first + i);
          }
        }
        if (failed >= most) {
          break;
        }
      }
      if (failed == 0) {
        determinism();
      }
      report((System.nanoTime() - begun) / 1e9, first);
    }
    System.out.println(passed + " passed, " + failed + " failed");
    return failed == 0 && passed > 0 ? 0 : 1;
  }

  private boolean enough(long begun) {
    double simulated = tallies.values().stream().mapToDouble(t -> t.hours).sum();
    return (System.nanoTime() - begun) / 1e9 > seconds || (hours > 0 && simulated >= hours);
  }

  /** A seed is the same run each time, or a failure could not be repeated. */
  private void determinism() {
    for (Scenario scenario : scenarios) {
      long once = play(scenario, 1, given, false).sim.hash();
      long twice = play(scenario, 1, given, true).sim.hash();
      if (once != twice) {
        failed++;
        System.out.println("FAIL " + scenario.name() + ": seed 1 is not the same run twice");
      }
    }
  }

  private void one(Scenario scenario, long number) {
    if (verbose) {
      System.out.println(scenario.name() + " " + number);
    }
    Outcome outcome = play(scenario, number, given, false);
    if (outcome.failure == null) {
      passed++;
      return;
    }
    failed++;
    tallies.get(scenario.name()).failures++;
    Map<String, Integer> set = shorten(scenario, number, outcome);
    Outcome shortest = play(scenario, number, set, true);
    System.out.println("FAIL " + scenario.name() + ", seed " + number + ": " + outcome.failure);
    System.out.println("  shortened to " + shortest.sim.steps() + " steps: " + shortest.failure);
    List<String> story = shortest.sim.story();
    for (String line : story.subList(Math.max(0, story.size() - 60), story.size())) {
      System.out.println("    " + line);
    }
    for (String line : shortest.sim.left()) {
      System.out.println("    left: " + line);
    }
    StringBuilder options = new StringBuilder();
    set.forEach(
        (name, value) ->
            options.append(options.isEmpty() ? "" : ",").append(name).append('=').append(value));
    System.out.println(
        "  repeat: proofs/simulation/run --seed "
            + number
            + " --scenario "
            + scenario.name()
            + " --set '"
            + options
            + "'");
  }

  /** Makes number after number smaller as long as the run still fails. */
  private Map<String, Integer> shorten(Scenario scenario, long number, Outcome failing) {
    Map<String, Integer> best = new LinkedHashMap<>(failing.plan.chosen());
    Map<String, Integer> least = failing.plan.least();
    long until = System.nanoTime() + 10_000_000_000L;
    boolean better = true;
    while (better) {
      better = false;
      for (String name : List.copyOf(best.keySet())) {
        int floor = least.getOrDefault(name, 0);
        int now = best.get(name);
        for (int next : new int[] {floor, (floor + now) / 2, now - 1}) {
          if (next < now && next >= floor && System.nanoTime() < until) {
            Map<String, Integer> tried = new LinkedHashMap<>(best);
            tried.put(name, next);
            Outcome outcome = play(scenario, number, tried, false);
            if (outcome.failure != null) {
              best = tried;
              better = true;
              break;
            }
          }
        }
      }
    }
    return best;
  }

  private void report(double took, long first) throws IOException {
    StringBuilder rows = new StringBuilder();
    Tally sum = new Tally();
    System.out.printf(
        "%-12s %10s %12s %12s %14s %14s %8s%n",
        "scenario", "runs", "hours", "steps", "switches", "conversations", "failures");
    for (Map.Entry<String, Tally> each : tallies.entrySet()) {
      Tally t = each.getValue();
      sum.runs += t.runs;
      sum.steps += t.steps;
      sum.switches += t.switches;
      sum.hours += t.hours;
      sum.conversations += t.conversations;
      System.out.printf(
          "%-12s %10d %12.1f %12d %14d %14d %8d%n",
          each.getKey(), t.runs, t.hours, t.steps, t.switches, t.conversations, t.failures);
      rows.append(rows.isEmpty() ? "" : ",")
          .append(
              String.format(
                  "[\"%s\",\"%d\",\"%.1f\",\"%d\",\"%d\",\"%d\",\"%d\"]",
                  each.getKey(),
                  t.runs,
                  t.hours,
                  t.steps,
                  t.switches,
                  t.conversations,
                  t.failures));
    }
    if (result == null) {
      return;
    }
    String json =
        "{\"part\":\"simulation\",\"form\":\""
            + form
            + "\",\"seed\":"
            + first
            + ",\"seconds\":"
            + String.format("%.1f", took)
            + ",\"figures\":["
            + figure("simulated hours", String.format("%.1f", sum.hours), "h")
            + ","
            + figure("runs, each with a seed of its own", String.valueOf(sum.runs), "")
            + ","
            + figure("steps", String.valueOf(sum.steps), "")
            + ","
            + figure("switches of thread", String.valueOf(sum.switches), "")
            + ","
            + figure("conversations", String.valueOf(sum.conversations), "")
            + ","
            + figure("failures", String.valueOf(failed), "")
            + "],\"tables\":[{\"title\":\"Simulated\",\"columns\":[\"scenario\",\"runs\",\"hours\","
            + "\"steps\",\"switches\",\"conversations\",\"failures\"],\"rows\":["
            + rows
            + "]},"
            + Files.readString(Path.of(System.getProperty("penstock.outside")))
            + "],\"plots\":[],\"planted\":[]}\n";
    Files.createDirectories(result.getParent());
    Files.writeString(result, json);
  }

  private static String figure(String name, String value, String unit) {
    return "{\"name\":\"" + name + "\",\"value\":" + value + ",\"unit\":\"" + unit + "\"}";
  }
}
