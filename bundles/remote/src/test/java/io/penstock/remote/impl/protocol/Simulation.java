// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * Containers, a registry and a network in one thread and in a time of its own, with pauses, stalls
 * between two events, lost and doubled messages, cuts that are noticed and cuts that are not,
 * kills, restarts, and a registry that goes as a whole or is split. The clock of each container has
 * a start and a rate of its own. A seed says what happens. What is believed is compared with what
 * is true at each effect, and at the end.
 */
final class Simulation {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000 * MILLI;

  /** What a simulation has found. */
  static final class Wrong extends AssertionError {
    private static final long serialVersionUID = 1L;

    Wrong(String what) {
      super(what);
    }
  }

  /** What a simulation is made of; a planted fault replaces a part. */
  static class Parts {
    Imports imports(String self, long session, ImportEffects effects, long now) {
      return new Imports(self, true, session, effects, now);
    }

    Exports exports(long session, ExportEffects effects, long now) {
      return new Exports(true, session, effects, now);
    }

    List<RemoteEntry> order(Collection<RemoteEntry> all, Random random) {
      return Choice.order(all, Map.of(), random);
    }

    ImportEffects effects(ImportEffects real) {
      return real;
    }

    /** Whether only the leader of the registry decides which entries there are. */
    boolean asksTheLeader() {
      return true;
    }
  }

  /** How much there is of everything; with splits, the registry has three servers. */
  record Size(
      int containers,
      int names,
      int imports,
      int seconds,
      double drops,
      long session,
      boolean splits) {}

  /** The faults that leave those alone to whom they do not happen. */
  private static final int[] CALM = {0, 8, 8, 9, 10, 10, 11, 12, 15, 15};

  /** How long a split may last, at the most, for each second of the simulated time. */
  private static final long LONGEST = SECOND / 4;

  /** Within what time a write that has got no answer is done. */
  private static final long RETRY = SimulatedRegistry.PATIENCE + SECOND;

  private record Event(long at, long number, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int sooner = Long.compare(at, other.at);
      return sooner != 0 ? sooner : Long.compare(number, other.number);
    }
  }

  private final Parts parts;
  private final Size size;
  private final long session;
  final Random random;
  private final long seed;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long now = SECOND;
  private long numbers;
  private boolean quiet;
  private final boolean calm;

  final SimulatedRegistry registry;
  private final Map<String, Set<SimulatedContainer>> followers = new HashMap<>();
  private final Map<String, SimulatedContainer> byNode = new HashMap<>();
  private final List<SimulatedContainer> living = new ArrayList<>();
  private int made;

  /** What has happened, so that a run that tests nothing is seen. */
  final Map<String, Integer> counts = new TreeMap<>();

  Simulation(long seed, Size size, Parts parts) {
    this.seed = seed;
    this.size = size;
    this.session = size.session();
    this.parts = parts;
    // Seeds that are near each other would begin alike.
    this.random = new Random(seed * 0x9E3779B97F4A7C15L);
    this.registry = new SimulatedRegistry(this, size.splits() ? 3 : 1);
    // So that promises can be kept to those to whom nothing else has happened.
    this.calm = size.splits() && seed % 2 == 0;
  }

  Size size() {
    return size;
  }

  Parts parts() {
    return parts;
  }

  long session() {
    return session;
  }

  long now() {
    return now;
  }

  /** Whether nothing goes wrong any more. */
  boolean isQuiet() {
    return quiet;
  }

  /** Whether a message is lost now. */
  boolean isLost() {
    return !quiet && random.nextDouble() < size.drops();
  }

  /** Whether little goes wrong besides splits. */
  boolean isCalm() {
    return calm;
  }

  String anyName() {
    return "name" + random.nextInt(size.names());
  }

  List<SimulatedContainer> living() {
    return List.copyOf(living);
  }

  SimulatedContainer container(String node) {
    return byNode.get(node);
  }

  Set<SimulatedContainer> followers(String node) {
    return followers.getOrDefault(node, Set.of());
  }

  void follow(String node, SimulatedContainer by) {
    followers.computeIfAbsent(node, n -> new LinkedHashSet<>()).add(by);
  }

  void unfollow(String node, SimulatedContainer by) {
    followers.getOrDefault(node, new HashSet<>()).remove(by);
  }

  /** A container was killed. */
  void died(SimulatedContainer dead) {
    living.remove(dead);
    followers.values().forEach(each -> each.remove(dead));
    for (SimulatedContainer each : followers(dead.node)) {
      if (each.beliefs.view.values().stream().anyMatch(e -> e.node().equals(dead.node))) {
        at(now + session + SECOND + 100 * MILLI, () -> each.beliefs.mustHaveGivenUp(dead));
      }
    }
  }

  void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  void at(long when, Runnable what) {
    events.add(new Event(Math.max(now, when), numbers++, what));
  }

  long between(long least, long most) {
    return least + (long) (random.nextDouble() * (double) (most - least));
  }

  long delay() {
    // Mostly fast.
    return random.nextInt(50) == 0 ? between(0, 60 * MILLI) : between(100_000, 3 * MILLI);
  }

  Wrong wrong(String what) {
    return new Wrong("seed " + seed + " at " + now / MILLI + " ms: " + what);
  }

  /** Runs it to its end. */
  void run() {
    for (int i = 0; i < size.containers(); i++) {
      start();
    }
    long end = now + size.seconds() * SECOND;
    for (long t = now + SECOND; t < end; ) {
      at(t, this::fault);
      t += between(0, Math.max(20 * MILLI, 2_000 * MILLI / Math.max(1, size.containers() / 8)));
    }
    if (size.splits()) {
      at(now + between(3 * SECOND, 8 * SECOND), this::split);
    }
    at(end, this::heal);
    long stop = end + 6 * session + (size.splits() ? RETRY : 4 * SECOND);
    runUntil(stop);
    compare();
    // A node is dead for long after the first, and is asked once more within the second.
    long purge = Math.max(60 * SECOND, 20 * session) + 20 * session;
    if (size.seconds() * SECOND > purge) {
      // By slow clocks it takes longer.
      runUntil(stop + purge + purge / 50 + SECOND);
      compareLeft();
    }
  }

  private void runUntil(long stop) {
    while (!events.isEmpty() && events.peek().at() <= stop) {
      Event next = events.poll();
      now = next.at();
      next.what().run();
    }
    now = stop;
  }

  private void start() {
    SimulatedContainer fresh = new SimulatedContainer("n" + made++, this);
    byNode.put(fresh.node, fresh);
    living.add(fresh);
    fresh.begin();
  }

  // ---- faults

  private void fault() {
    if (quiet || living.isEmpty()) {
      return;
    }
    SimulatedContainer some = living.get(random.nextInt(living.size()));
    switch (calm ? CALM[random.nextInt(CALM.length)] : random.nextInt(16)) {
      case 0, 1 -> {
        count("kill");
        some.kill();
        at(now + between(0, 3 * SECOND), this::start);
      }
      case 2, 3, 4 -> {
        count("pause");
        some.pause(between(0, random.nextBoolean() ? session : 4 * session));
      }
      case 5 -> {
        count("cut noticed");
        some.cut(true, between(0, 3 * session));
      }
      case 6 -> {
        count("cut unnoticed");
        some.cut(false, between(0, 3 * session));
      }
      case 7 -> {
        if (random.nextInt(4) == 0) {
          count("registry down");
          long until = now + between(0, 4 * session);
          for (SimulatedContainer each : List.copyOf(living)) {
            each.cut(true, until - now + between(0, 2 * SECOND));
          }
        }
      }
      case 8, 9 -> {
        count("withdraw");
        some.step(some.published::withdrawOne);
      }
      case 10, 11 -> {
        count("publish");
        some.step(() -> some.published.publish(anyName()));
      }
      case 13 -> {
        count("killed while another is paused");
        SimulatedContainer victim = living.get(random.nextInt(living.size()));
        if (victim != some) {
          // The answer of the dead one may wait until the other goes on.
          victim.step(() -> victim.published.publish(some.names.iterator().next()));
          at(now + between(0, 12 * MILLI), () -> some.pause(between(session, 3 * session)));
          at(now + 15 * MILLI, victim::kill);
          at(now + between(0, 3 * SECOND), this::start);
        }
      }
      case 12 -> {
        count("removed by another");
        if (registry.isLed()) {
          some.published.loseOne();
        }
      }
      case 14 -> {
        count("beats lost");
        some.mute(between(session / 2, 2 * session));
      }
      default -> {
        count("other content");
        some.step(some.published::changeOne);
      }
    }
  }

  private void heal() {
    quiet = true;
    registry.heal();
    for (SimulatedContainer each : List.copyOf(living)) {
      each.relink();
    }
  }

  // ---- the servers of the registry

  /** Splits them, and heals that; then both again. */
  private void split() {
    if (quiet) {
      return;
    }
    registry.split();
    at(
        now + between(0, random.nextInt(3) > 0 ? 4 * session : LONGEST * size.seconds()),
        () -> {
          if (!quiet) {
            registry.heal();
            at(now + between(session, 16 * SECOND), this::split);
          }
        });
    if (registry.isLed()) {
      led();
    }
  }

  /** There is a leader while the servers are split: those who reach it go on. */
  void led() {
    if (registry.isSplit()) {
      check(now, now + 2 * session + RETRY, false);
    }
  }

  /** The servers see each other again. */
  void healed() {
    // What the servers have missed comes within a session. Then a beat leads to a question.
    check(now, now + session + session / 2 + SECOND, true);
    // Without a leader, and with writes that wait for an answer, it takes longer.
    check(now, now + 4 * session + RETRY, false);
  }

  /**
   * Checks at a time, if the servers are as they were, that those to whom nothing has happened have
   * found each other's entries.
   *
   * @param known only those entries that the registry had at the beginning
   */
  private void check(long since, long when, boolean known) {
    int turn = registry.turn();
    at(
        when,
        () -> {
          if (turn == registry.turn() && size.drops() == 0) {
            List<SimulatedContainer> these =
                living.stream().filter(each -> each.isUndisturbed(since)).toList();
            for (SimulatedContainer each : these) {
              for (SimulatedContainer other : these) {
                if (each != other && canFind(each, other, since, known)) {
                  each.beliefs.mustHaveFound(other, since, known);
                }
              }
            }
          }
        });
  }

  private boolean canFind(
      SimulatedContainer each, SimulatedContainer other, long since, boolean known) {
    if (known) {
      return each.isTold() && each.reconnected() < since;
    }
    // Who shares a server with another, or can reach the other's, and a leader.
    return registry.joinedAt(each.server(), other.server()) <= now - 2 * session
        && registry.ledSince(each.server()) <= Math.max(since, now - 2 * session - RETRY);
  }

  private void compare() {
    Map<String, Set<String>> published = new HashMap<>();
    for (SimulatedContainer each : living) {
      for (RemoteEntry entry : each.published.all()) {
        published.computeIfAbsent(entry.name(), n -> new HashSet<>()).add(entry.key());
        if (!isThere(entry)) {
          throw wrong(entry + " is published and not in the registry");
        }
      }
    }
    for (SimulatedContainer each : living) {
      Set<String> expected = new HashSet<>();
      each.names.forEach(name -> expected.addAll(published.getOrDefault(name, Set.of())));
      if (!expected.equals(each.beliefs.view.keySet())) {
        Set<String> missing = new HashSet<>(expected);
        missing.removeAll(each.beliefs.view.keySet());
        Set<String> more = new HashSet<>(each.beliefs.view.keySet());
        more.removeAll(expected);
        throw wrong(each.node + " misses " + missing + " and has " + more + " too many");
      }
      for (RemoteEntry entry : each.beliefs.view.values()) {
        if (!isThere(entry)) {
          throw wrong(each.node + " has an old content of " + entry);
        }
        long silent = now - each.beliefs.lastBeat(entry.node());
        if (!entry.node().equals(each.node) && silent > session / 4 + 100 * MILLI) {
          throw wrong(
              each.node + " has heard no beat of " + entry + " for " + silent / MILLI + " ms");
        }
      }
      for (String name : each.names) {
        List<RemoteEntry> of =
            each.beliefs.view.values().stream().filter(entry -> entry.name().equals(name)).toList();
        int last = Integer.MAX_VALUE;
        for (RemoteEntry entry : parts.order(of, random)) {
          if (entry.rank() > last) {
            throw wrong("rank " + entry.rank() + " is tried after rank " + last);
          }
          last = entry.rank();
        }
      }
    }
    // What nobody has removed is left of dead ones; a minute is longer than most runs.
    long left =
        registry.all().stream().filter(e -> !byNode.get(e.entry().node()).isAlive()).count();
    counts.put("left of the dead", (int) left);
  }

  private boolean isThere(RemoteEntry entry) {
    SimulatedRegistry.Change there = registry.there(entry.key());
    return there != null && entry.equals(there.entry());
  }

  /** What the dead have left has gone, unless nobody watches it. */
  private void compareLeft() {
    for (SimulatedRegistry.Change there : registry.all()) {
      RemoteEntry entry = there.entry();
      if (!byNode.get(entry.node()).isAlive()
          && living.stream().anyMatch(each -> each.names.contains(entry.name()))) {
        throw wrong(entry + " of a dead one is not removed");
      }
    }
  }
}
