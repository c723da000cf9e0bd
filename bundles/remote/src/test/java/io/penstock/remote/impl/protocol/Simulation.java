// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.channel.Endpoint;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Containers, a registry and a network in one thread and in a time of its own, with pauses, stalls
 * between two events, lost and doubled messages, cuts that are noticed and cuts that are not,
 * kills, restarts, and a registry that goes as a whole. The clock of each container has a start and
 * a rate of its own. A seed says what happens. What is believed is compared with what is true at
 * each effect, and at the end.
 */
final class Simulation {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000 * MILLI;

  /** By what part of the time a clock is too fast or too slow, at the most. */
  private static final double DRIFT = 0.01;

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
  }

  /** How much there is of everything. */
  record Size(int containers, int names, int imports, int seconds, double drops, long session) {}

  private record Event(long at, long number, Runnable what) {}

  private final Parts parts;
  private final Size size;
  private final long session;
  private final Random random;
  private final long seed;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::number));
  private long now = SECOND;
  private long numbers;
  private boolean quiet;

  // The registry.
  private final Map<String, RemoteEntry> store = new TreeMap<>();
  private final Map<String, Map<String, RemoteEntry>> byName = new HashMap<>();
  private final Map<String, Long> removedAt = new HashMap<>();
  private final Map<String, Set<Container>> watchers = new HashMap<>();
  private final Map<String, Set<Container>> followers = new HashMap<>();
  private final Map<String, Container> byNode = new HashMap<>();
  private final List<Container> living = new ArrayList<>();
  private int made;

  /** What has happened, so that a run that tests nothing is seen. */
  final Map<String, Integer> counts = new TreeMap<>();

  Simulation(long seed, Size size, Parts parts) {
    this.seed = seed;
    this.size = size;
    this.session = size.session();
    this.parts = parts;
    this.random = new Random(seed);
  }

  private void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  private void at(long when, Runnable what) {
    events.add(new Event(Math.max(now, when), numbers++, what));
  }

  private long between(long least, long most) {
    return least + (long) (random.nextDouble() * (double) (most - least));
  }

  private long delay() {
    // Mostly fast.
    return random.nextInt(50) == 0 ? between(0, 60 * MILLI) : between(100_000, 3 * MILLI);
  }

  private Wrong wrong(String what) {
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
    at(end, this::heal);
    long stop = end + 6 * session + 4 * SECOND;
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
    Container fresh = new Container("n" + made++);
    byNode.put(fresh.node, fresh);
    living.add(fresh);
    fresh.begin();
  }

  // ---- faults

  private void fault() {
    if (quiet || living.isEmpty()) {
      return;
    }
    Container some = living.get(random.nextInt(living.size()));
    switch (random.nextInt(16)) {
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
          for (Container each : List.copyOf(living)) {
            each.cut(true, until - now + between(0, 2 * SECOND));
          }
        }
      }
      case 8, 9 -> {
        count("withdraw");
        some.step(some::withdrawOne);
      }
      case 10, 11 -> {
        count("publish");
        some.step(some::publishOne);
      }
      case 13 -> {
        count("killed while another is paused");
        Container victim = living.get(random.nextInt(living.size()));
        if (victim != some) {
          // The answer of the dead one may wait until the other goes on.
          victim.step(() -> victim.publish(some.names.iterator().next()));
          at(now + between(0, 12 * MILLI), () -> some.pause(between(session, 3 * session)));
          at(now + 15 * MILLI, victim::kill);
          at(now + between(0, 3 * SECOND), this::start);
        }
      }
      case 12 -> {
        count("removed by another");
        if (!some.published.isEmpty()) {
          RemoteEntry victim = some.published.values().iterator().next();
          erase(victim.key(), victim, false);
        }
      }
      case 14 -> {
        count("beats lost");
        some.mutedUntil = now + between(session / 2, 2 * session);
      }
      default -> {
        count("other content");
        some.step(some::changeOne);
      }
    }
  }

  private void heal() {
    quiet = true;
    for (Container each : List.copyOf(living)) {
      each.relink();
    }
  }

  // ---- the registry

  /** Removes an entry: by its own node always, by another only if it is what that has seen. */
  private void erase(String key, RemoteEntry content, boolean own) {
    RemoteEntry there = store.get(key);
    if (there != null && (own || content.equals(there))) {
      store.remove(key);
      byName.get(content.name()).remove(key);
      removedAt.put(key, now);
      Set<Container> hear = new LinkedHashSet<>(watchers.getOrDefault(content.name(), Set.of()));
      Container owner = byNode.get(content.node());
      if (owner != null) {
        hear.add(owner);
      }
      hear.forEach(each -> each.fromRegistry(() -> each.hearRemoved(key)));
    }
  }

  private void store(RemoteEntry entry) {
    RemoteEntry old = store.put(entry.key(), entry);
    byName.computeIfAbsent(entry.name(), n -> new TreeMap<>()).put(entry.key(), entry);
    if (old != null && !old.equals(entry)) {
      removedAt.put(entry.key(), now);
    }
    for (Container each : watchers.getOrDefault(entry.name(), Set.of())) {
      each.fromRegistry(() -> each.imports.stored(entry, each.clock()));
    }
  }

  private void compare() {
    for (Container each : living) {
      Set<String> expected = new HashSet<>();
      for (Container other : living) {
        for (RemoteEntry entry : other.published.values()) {
          if (each.names.contains(entry.name())) {
            expected.add(entry.key());
            if (!entry.equals(store.get(entry.key()))) {
              throw wrong(entry + " is published and not in the registry");
            }
          }
        }
      }
      if (!expected.equals(each.view.keySet())) {
        Set<String> missing = new HashSet<>(expected);
        missing.removeAll(each.view.keySet());
        Set<String> more = new HashSet<>(each.view.keySet());
        more.removeAll(expected);
        throw wrong(each.node + " misses " + missing + " and has " + more + " too many");
      }
      for (RemoteEntry entry : each.view.values()) {
        if (!entry.equals(store.get(entry.key()))) {
          throw wrong(each.node + " has an old content of " + entry);
        }
        long silent = now - each.beats.getOrDefault(entry.node(), 0L);
        if (!entry.node().equals(each.node) && silent > session / 4 + 100 * MILLI) {
          throw wrong(
              each.node + " has heard no beat of " + entry + " for " + silent / MILLI + " ms");
        }
      }
      for (String name : each.names) {
        List<RemoteEntry> of =
            each.view.values().stream().filter(entry -> entry.name().equals(name)).toList();
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
    long left = store.values().stream().filter(e -> !byNode.get(e.node()).alive).count();
    counts.put("left of the dead", (int) left);
  }

  /** What the dead have left has gone, unless nobody watches it. */
  private void compareLeft() {
    for (RemoteEntry entry : store.values()) {
      if (!byNode.get(entry.node()).alive
          && living.stream().anyMatch(each -> each.names.contains(entry.name()))) {
        throw wrong(entry + " of a dead one is not removed");
      }
    }
  }

  /** A container. */
  private final class Container implements ImportEffects, ExportEffects {
    final String node;
    final Imports imports;
    final Exports exports;
    final Set<String> names = new LinkedHashSet<>();
    final Map<String, RemoteEntry> published = new TreeMap<>();
    final Map<String, RemoteEntry> view = new HashMap<>();
    final Map<String, Long> heard = new HashMap<>();
    final Map<String, Long> beats = new HashMap<>();
    private final Map<String, Integer> refusals = new HashMap<>();
    private final Map<String, Long> lastAsked = new HashMap<>();
    private final Map<String, Long> lastAskedAt = new HashMap<>();
    private final long offset = random.nextLong() >> 2;
    private final double drift = (2 * random.nextDouble() - 1) * DRIFT;
    private final Deque<Runnable> backlog = new ArrayDeque<>();
    boolean alive = true;
    long diedAt;
    private boolean linked;
    private boolean told;
    private boolean deaf;
    private long linkedSince;
    private long unlinkedAt = Long.MIN_VALUE / 2;
    private long resumed;
    private long lastPause;
    private long reconnected;
    private long pausedUntil;
    private long mutedUntil;
    private long pauses;
    private long lastFromRegistry;
    private long links;
    private long ids;
    private long wakeAt = Long.MAX_VALUE;

    Container(String node) {
      this.node = node;
      this.imports = parts.imports(node, session, parts.effects(this), clock());
      this.exports = parts.exports(session, this, clock());
      this.resumed = now;
    }

    long clock() {
      return clockAt(now);
    }

    private long clockAt(long when) {
      return offset + when + (long) ((double) when * drift);
    }

    /** When its clock shows a time; not before. */
    private long whenClockIs(long time) {
      return 1 + (long) ((double) (time - offset) / (1 + drift));
    }

    // ---- life

    void begin() {
      for (int i = 0; i < size.imports(); i++) {
        names.add("name" + random.nextInt(size.names()));
      }
      names.forEach(imports::watched);
      names.forEach(name -> watchers.computeIfAbsent(name, n -> new LinkedHashSet<>()).add(this));
      for (int i = random.nextInt(3); i >= 0; i--) {
        publishOne();
      }
      at(now + between(0, 100 * MILLI), this::relink);
    }

    void kill() {
      if (!alive) {
        return;
      }
      alive = false;
      diedAt = now;
      linked = false;
      unlinkedAt = now;
      living.remove(this);
      names.forEach(name -> watchers.get(name).remove(this));
      followers.values().forEach(each -> each.remove(this));
      for (Container each : living) {
        if (each.view.values().stream().anyMatch(entry -> entry.node().equals(node))) {
          at(now + session + SECOND + 100 * MILLI, () -> each.mustHaveGivenUp(this));
        }
      }
    }

    /**
     * Checks that a dead one is given up in time; looks again if this one was not in a state to.
     */
    void mustHaveGivenUp(Container dead) {
      if (!alive || view.values().stream().noneMatch(e -> e.node().equals(dead.node))) {
        return;
      }
      long base = Math.max(dead.diedAt + 100 * MILLI, Math.max(resumed, reconnected));
      boolean able = told && !isPaused();
      if (able && now - base > session + SECOND) {
        throw wrong(
            "%s still believes %s, dead for %d ms, and could have known for %d ms"
                .formatted(node, dead.node, (now - dead.diedAt) / MILLI, (now - base) / MILLI));
      }
      at(Math.max(now, base) + session + SECOND + 100 * MILLI, () -> mustHaveGivenUp(dead));
    }

    private boolean isPaused() {
      return pausedUntil > now;
    }

    void pause(long length) {
      if (!isPaused()) {
        long from = now;
        long link = links;
        pauses++;
        pausedUntil = now + length;
        at(pausedUntil, () -> resume(from, length, link));
      }
    }

    private void resume(long from, long length, long link) {
      if (!alive || isPaused()) {
        return;
      }
      if (clock() - clockAt(from) > session / 4) {
        // An event before it may make it one of half a session.
        lastPause = now;
      }
      // By its own clock it notices that.
      if (clock() - clockAt(from) > session / 2) {
        resumed = now;
      }
      if (length > session
          && told
          && linked
          && !deaf
          && link == links
          && reconnected < from
          && size.drops() == 0) {
        long checkAt = now + SECOND;
        long pause = pauses;
        at(
            checkAt,
            () -> {
              // After a pause the dead are known at once, if nothing else has come between.
              if (alive && told && link == links && pause == pauses) {
                for (RemoteEntry entry : view.values()) {
                  Container owner = byNode.get(entry.node());
                  if (!owner.alive && owner.diedAt < checkAt - SECOND) {
                    throw wrong(node + " believes " + entry + " a second after its pause");
                  }
                }
                count("quick look after a pause");
              }
            });
      }
      drain();
    }

    private void drain() {
      while (!backlog.isEmpty() && alive && !isPaused()) {
        backlog.poll().run();
        stall();
      }
      plan();
    }

    /** The clock may move between two events of one batch. */
    private void stall() {
      if (!quiet && random.nextInt(400) == 0) {
        pause(random.nextInt(10) == 0 ? between(0, 2 * session) : between(0, 50 * MILLI));
      }
    }

    /** Runs something of its own now, or when it goes on. */
    void step(Runnable what) {
      if (alive) {
        backlog.add(what);
        if (!isPaused()) {
          drain();
        }
      }
    }

    private void plan() {
      long next = Math.min(imports.next(), exports.next());
      if (next != Long.MAX_VALUE && alive) {
        long when = Math.max(now, whenClockIs(next)) + between(0, 2 * MILLI);
        if (when < wakeAt || wakeAt <= now) {
          wakeAt = when;
          at(
              when,
              () -> {
                if (wakeAt == when) {
                  wakeAt = Long.MAX_VALUE;
                  step(
                      () -> {
                        imports.tick(clock());
                        exports.tick(clock());
                      });
                }
              });
        }
      }
    }

    // ---- its connection

    void relink() {
      if (!alive || (linked && !deaf)) {
        return;
      }
      boolean again = deaf && told;
      deaf = false;
      linked = true;
      links++;
      linkedSince = now;
      long link = links;
      if (again) {
        // The connection was given up and made anew.
        step(this::tellDisconnected);
      }
      fromRegistry(
          () -> {
            told = true;
            reconnected = now;
            imports.connected(clock());
            exports.connected(clock());
          });
      for (String name : names) {
        List<RemoteEntry> there = List.copyOf(byName.getOrDefault(name, Map.of()).values());
        there.forEach(entry -> fromRegistry(() -> imports.stored(entry, clock())));
        fromRegistry(() -> imports.known(name, clock()));
      }
    }

    private void tellDisconnected() {
      told = false;
      imports.disconnected(clock());
      exports.disconnected();
    }

    void cut(boolean noticed, long length) {
      if (!linked || deaf) {
        return;
      }
      links++;
      unlinkedAt = now;
      if (noticed) {
        linked = false;
        step(this::tellDisconnected);
      } else {
        deaf = true;
      }
      at(now + length, this::relink);
    }

    /** A message of the registry, in order; lost with the connection. */
    void fromRegistry(Runnable what) {
      if (!linked || deaf) {
        return;
      }
      long link = links;
      lastFromRegistry = Math.max(lastFromRegistry, now + delay());
      at(
          lastFromRegistry,
          () -> {
            if (link == links) {
              step(
                  () -> {
                    if (link == links) {
                      what.run();
                    }
                  });
            }
          });
    }

    private boolean reaches() {
      return alive && linked && !deaf;
    }

    /** Whether nothing has kept it from hearing and answering for a time. */
    private boolean isAttentive(long time) {
      return reaches() && linkedSince < now - time && pausedUntil < now - time;
    }

    private boolean isLost() {
      return !quiet && random.nextDouble() < size.drops();
    }

    void hearRemoved(String key) {
      imports.removed(key, clock());
      exports.lost(key, clock());
    }

    // ---- what it publishes

    void publishOne() {
      publish("name" + random.nextInt(size.names()));
    }

    void publish(String name) {
      offer(entry(ids++, name));
    }

    private RemoteEntry entry(long id, String name) {
      return new RemoteEntry(
          node,
          id,
          name,
          Endpoint.tcp("h" + random.nextInt(1000), 1),
          random.nextInt(4),
          Map.of(),
          Map.of());
    }

    private void offer(RemoteEntry entry) {
      published.put(entry.key(), entry);
      exports.publish(entry, clock());
      plan();
    }

    void withdrawOne() {
      if (!published.isEmpty()) {
        String key = published.keySet().iterator().next();
        published.remove(key);
        exports.withdraw(key, clock());
      }
    }

    void changeOne() {
      if (!published.isEmpty()) {
        RemoteEntry old = published.values().iterator().next();
        offer(entry(old.id(), old.name()));
      }
    }

    @Override
    public void put(RemoteEntry entry) {
      send(() -> store(entry), done -> exports.stored(entry, done, clock()));
    }

    @Override
    public void remove(RemoteEntry entry) {
      send(() -> erase(entry.key(), entry, true), done -> exports.gone(entry, done, clock()));
    }

    private long lastSent;

    private void send(Runnable what, Consumer<Boolean> then) {
      long link = links;
      lastSent = Math.max(lastSent, now + delay());
      at(
          lastSent,
          () -> {
            boolean goes = link == links && reaches();
            if (goes) {
              what.run();
            }
            // The answer may be lost, though it was done.
            boolean told = goes && !isLost();
            at(now + delay(), () -> step(() -> then.accept(told)));
          });
    }

    @Override
    public void beat() {
      if (now < mutedUntil) {
        return;
      }
      for (Container each : followers.getOrDefault(node, Set.of())) {
        for (int copies = isLost() ? 0 : random.nextInt(50) == 0 ? 2 : 1; copies > 0; copies--) {
          long link = links;
          long other = each.links;
          at(
              now + delay(),
              () -> {
                if (link == links && reaches() && each.reaches() && other == each.links) {
                  each.step(() -> each.hear(node));
                }
              });
        }
      }
    }

    private void hear(String other) {
      heard.put(other, now);
      beats.put(other, now);
      imports.beat(other, clock());
    }

    // ---- what it imports

    @Override
    public void follow(String other) {
      followers.computeIfAbsent(other, n -> new LinkedHashSet<>()).add(this);
    }

    @Override
    public void unfollow(String other) {
      followers.getOrDefault(other, new HashSet<>()).remove(this);
    }

    @Override
    public void purge(RemoteEntry entry) {
      count("purge");
      Long last = heard.get(entry.node());
      if (last != null && clock() - clockAt(last) < Math.max(60 * SECOND, 20 * session)) {
        throw wrong(node + " has the registry remove " + entry + ", which it has just heard");
      }
      send(() -> erase(entry.key(), entry, false), done -> {});
    }

    @Override
    public void ask(String other, long question) {
      // Waits by its own clock.
      long limit = whenClockIs(clock() + imports.patience());
      lastAsked.put(other, question);
      lastAskedAt.put(other, now);
      at(
          now + delay(),
          () -> {
            Container target = byNode.get(other);
            boolean lost = !reaches() || isLost() || isLost();
            if (lost || (target.alive && target.deaf)) {
              answer(other, question, Answer.NO_ANSWER, limit);
            } else if (!target.reaches()) {
              answer(other, question, Answer.NO_RESPONDERS, now + delay());
            } else {
              target.step(
                  () -> {
                    // A question has one answer: the first.
                    long back = now + delay();
                    if (back < limit) {
                      answer(other, question, Answer.ALIVE, back);
                    }
                  });
              if (target.isPaused()) {
                // Comes second if the other comes at all.
                answer(other, question, Answer.NO_ANSWER, limit);
              }
            }
          });
    }

    private void answer(String other, long question, Answer answer, long when) {
      at(
          when,
          () ->
              step(
                  () -> {
                    // An answer proves nothing if another question was asked since, or if it was
                    // asked before we were connected or went on.
                    if (answer == Answer.ALIVE
                        && lastAsked.get(other) == question
                        && lastAskedAt.get(other) > Math.max(resumed, reconnected)) {
                      heard.put(other, now);
                    }
                    if (answer == Answer.NO_RESPONDERS && lastAsked.get(other) == question) {
                      refusals.merge(other, 1, Integer::sum);
                    } else if (answer != Answer.NO_RESPONDERS) {
                      refusals.remove(other);
                    }
                    imports.answered(other, question, answer, clock());
                  }));
    }

    @Override
    public void added(RemoteEntry entry) {
      count("added");
      Container owner = byNode.get(entry.node());
      if (!told) {
        throw wrong(node + " adds " + entry + " while it is disconnected");
      }
      if (view.putIfAbsent(entry.key(), entry) != null) {
        throw wrong(node + " adds " + entry + " a second time");
      }
      if (!owner.alive) {
        if (now - owner.diedAt > session) {
          throw wrong(node + " adds the stale " + entry);
        }
        at(now + session + SECOND + 100 * MILLI, () -> mustHaveGivenUp(owner));
      }
    }

    @Override
    public void changed(RemoteEntry old, RemoteEntry entry) {
      count("changed");
      if (!told) {
        throw wrong(node + " changes " + entry + " while it is disconnected");
      }
      if (!old.equals(view.put(entry.key(), entry))) {
        throw wrong(node + " changes " + entry + " from something else");
      }
    }

    @Override
    public void removed(RemoteEntry entry, Removal why) {
      count("removed " + why);
      if (!told) {
        throw wrong(node + " removes " + entry + " while it is disconnected");
      }
      if (view.remove(entry.key()) == null) {
        throw wrong(node + " removes " + entry + ", which it does not have");
      }
      Container owner = byNode.get(entry.node());
      if (why == Removal.DEAD && refusals.getOrDefault(entry.node(), 0) < 3) {
        throw wrong(node + " removes " + entry + " as dead, having asked too seldom");
      }
      if (why == Removal.DEAD && reconnected > lastPause) {
        throw wrong(node + " removes " + entry + " as dead after a reconnection, and no pause");
      }
      if (!owner.alive) {
        return;
      }
      switch (why) {
        case WITHDRAWN -> {
          if (!removedAt.containsKey(entry.key())) {
            throw wrong(node + " removes " + entry + ", which was never withdrawn");
          }
        }
        case SILENT -> {
          long since =
              Math.max(heard.getOrDefault(entry.node(), 0L), Math.max(resumed, reconnected));
          // A session is one of its own clock.
          if (clock() - clockAt(since) < session) {
            throw wrong(
                "%s removes the living %s after a silence of %d ms; it was heard %d ms ago, we went"
                        .formatted(
                            node,
                            entry,
                            (now - since) / MILLI,
                            (now - heard.getOrDefault(entry.node(), 0L)) / MILLI)
                    + " on %d ms ago and were connected %d ms ago"
                        .formatted((now - resumed) / MILLI, (now - reconnected) / MILLI));
          }
          if (size.drops() == 0 && isAttentive(session) && owner.isAttentive(session)) {
            throw wrong(node + " removes the living " + entry + ", which would have answered");
          }
          count("removed a living one that was silent");
        }
        case DEAD -> {
          boolean away = !owner.reaches() || now - owner.linkedSince < SECOND + session;
          if (!away) {
            throw wrong(node + " removes the living " + entry + " as dead");
          }
          count("removed a living one that was away");
        }
      }
    }
  }
}
