// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static io.penstock.remote.impl.protocol.Simulation.MILLI;
import static io.penstock.remote.impl.protocol.Simulation.SECOND;

import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The registry of a simulation: a stream on one server, or on three that can be split from each
 * other. One of them leads. Only it changes the stream, and only with a second server; the others
 * follow, in order. A container reads the copy of the server that it is connected to.
 */
final class SimulatedRegistry {
  /** How long a container waits for the answer to a write. */
  static final long PATIENCE = 5 * SECOND;

  /** How long after a split questions may find nobody on the other side, though beats pass. */
  private static final long INTEREST = 500 * MILLI;

  /** What has happened to one entry, in the order in which the leader has written it. */
  record Change(long sequence, RemoteEntry entry, boolean stored) {
    String key() {
      return entry.key();
    }
  }

  /** A server, with its copy of the stream. */
  final class Server {
    final int number;
    // Those with the same number see each other.
    private int side;
    private final Map<String, Map<String, Change>> byName = new HashMap<>();
    private final Map<String, Map<String, Change>> byNode = new HashMap<>();
    private int reached;
    // It has been away, and fetches what it has missed.
    private long behindUntil;
    // What waits for the other side, in order.
    private final Deque<Runnable> held = new ArrayDeque<>();
    private final List<Runnable> heldBeats = new ArrayList<>();

    Server(int number) {
      this.number = number;
    }

    /** How many changes it has. */
    int reached() {
      return reached;
    }

    /** The entries of a name, as it has them. */
    List<Change> of(String name) {
      return List.copyOf(byName.getOrDefault(name, Map.of()).values());
    }

    /** The entries of a container, as it has them. */
    List<Change> ofNode(String node) {
      return List.copyOf(byNode.getOrDefault(node, Map.of()).values());
    }

    private boolean sees(Server other) {
      return side == other.side;
    }

    private void reach(int last) {
      if (last <= reached) {
        return;
      }
      Collection<Change> news = log.subList(reached, last);
      if (last - reached > 1 && world.random.nextBoolean()) {
        // The stream has one message for each subject: those before it may have gone.
        Map<String, Change> latest = new LinkedHashMap<>();
        for (Change change : news) {
          latest.remove(change.key());
          latest.put(change.key(), change);
        }
        news = latest.values();
      }
      reached = last;
      List.copyOf(news).forEach(this::take);
    }

    private void take(Change change) {
      RemoteEntry entry = change.entry();
      note(byName.computeIfAbsent(entry.name(), n -> new TreeMap<>()), change);
      note(byNode.computeIfAbsent(entry.node(), n -> new TreeMap<>()), change);
      Set<SimulatedContainer> hear =
          new LinkedHashSet<>(watchers.getOrDefault(entry.name(), Set.of()));
      SimulatedContainer owner = world.container(entry.node());
      if (owner != null) {
        hear.add(owner);
      }
      for (SimulatedContainer each : hear) {
        if (each.server() == this) {
          each.tell(change);
        }
      }
    }
  }

  private static void note(Map<String, Change> there, Change change) {
    if (change.stored()) {
      there.put(change.key(), change);
    } else {
      there.remove(change.key());
    }
  }

  private final Simulation world;
  private final List<Server> servers = new ArrayList<>();
  private final List<Change> log = new ArrayList<>();
  private final Map<String, Change> truth = new TreeMap<>();
  private final Map<String, Long> erasedAt = new HashMap<>();
  private final Map<String, Long> erasedWith = new HashMap<>();
  private final Map<String, Set<SimulatedContainer>> watchers = new HashMap<>();
  private @Nullable Server leader;
  // Led before it was cut off, and does not know yet that it leads no more.
  private @Nullable Server former;
  private long ledSince;
  private long splitAt = Long.MIN_VALUE / 2;
  private long healedAt = Long.MIN_VALUE / 2;
  private int healedWith;
  private boolean split;
  private boolean noticed;
  private boolean sites;
  private int turn;
  private final long[][] joinedAt = new long[3][3];
  private final long[][] questionsFrom = new long[3][3];

  SimulatedRegistry(Simulation world, int servers) {
    this.world = world;
    for (int i = 0; i < servers; i++) {
      this.servers.add(new Server(i));
    }
    leader = this.servers.get(0);
  }

  // ---- which servers see each other

  /** Where a container connects to: a server that it can reach. */
  Server nearest(@Nullable Server before) {
    List<Server> near =
        servers.stream().filter(each -> before == null || !sites || each.sees(before)).toList();
    return near.get(world.random.nextInt(near.size()));
  }

  /** Whether messages pass from containers of one server to those of the other. */
  boolean carries(Server from, Server to) {
    return from.sees(to) && world.now() >= joinedAt[from.number][to.number];
  }

  /** Whether a question finds the node that is asked. */
  boolean finds(Server from, Server to) {
    return carries(from, to) && world.now() >= questionsFrom[from.number][to.number];
  }

  /** Since when all messages have passed between the containers of two servers. */
  long joinedAt(Server one, Server other) {
    return !one.sees(other)
        ? Long.MAX_VALUE
        : Math.max(
            joinedAt[one.number][other.number],
            Math.max(
                questionsFrom[one.number][other.number], questionsFrom[other.number][one.number]));
  }

  /** Whether a server says at once that it does not find the node that is asked. */
  boolean isNoticed() {
    return noticed;
  }

  boolean isSplit() {
    return split;
  }

  /** Changes with each split, each end of one, and each new leader. */
  int turn() {
    return turn;
  }

  long splitAt() {
    return splitAt;
  }

  long healedAt() {
    return healedAt;
  }

  /** A beat that may wait until the servers see each other again. */
  void holdBeat(Server from, Runnable beat) {
    if (!noticed && world.random.nextInt(4) == 0) {
      from.heldBeats.add(beat);
    }
  }

  /** The server that answers in the name of the leader, if there is one; it may be wrong. */
  @Nullable Server leaderFor(Server server) {
    if (former != null && former.sees(server)) {
      return former;
    }
    return leader != null && leader.sees(server) ? leader : null;
  }

  /** Whether there is a leader that can write. */
  boolean isLed() {
    return leader != null;
  }

  /** Since when a server has reached a leader that can write. */
  long ledSince(Server server) {
    return leader != null && leader.sees(server) ? ledSince : Long.MAX_VALUE;
  }

  // ---- splits

  /** Splits the servers: one from two, or each from each. */
  void split() {
    if (split) {
      return;
    }
    split = true;
    turn++;
    splitAt = world.now();
    noticed = world.random.nextBoolean();
    sites = world.random.nextBoolean();
    boolean all = world.random.nextInt(5) == 0;
    Server alone = servers.get(world.random.nextInt(servers.size()));
    for (Server each : servers) {
      each.side = each == alone ? 1 : all ? 2 + each.number : 0;
    }
    world.count(all ? "split of all" : "split of one");
    if (leader != null && (all || leader == alone)) {
      world.count("split from the leader");
      former = leader;
      leader = null;
      int mine = turn;
      world.at(world.now() + world.between(0, 4 * world.session()), () -> resign(mine));
      if (!all) {
        electLater(world.session() / 2, 3 * world.session());
      }
    }
    if (!sites) {
      for (SimulatedContainer each : world.living()) {
        if (each.server() == alone && world.random.nextInt(3) == 0) {
          moveLater(each);
        }
      }
    }
  }

  /** One of the lonely server comes to another. It may write before and after. */
  private void moveLater(SimulatedContainer some) {
    long when = world.now() + world.between(0, 3 * world.session());
    boolean told = world.random.nextBoolean();
    world.at(when, () -> some.cut(told, world.between(0, world.session())));
    if (world.random.nextInt(4) > 0) {
      long before = world.between(0, 500 * MILLI);
      boolean withdraws = world.random.nextBoolean();
      world.count("writes before and after it moves");
      world.at(when - before, () -> some.step(some.published::changeOne));
      world.at(
          when + world.between(world.session(), 2 * world.session()),
          () -> some.step(withdraws ? some.published::withdrawOne : some.published::changeOne));
    }
  }

  private void resign(int mine) {
    if (mine == turn) {
      former = null;
    }
  }

  private void electLater(long least, long most) {
    int mine = turn;
    world.at(
        world.now() + world.between(least, most),
        () -> {
          if (mine == turn && leader == null) {
            elect();
          }
        });
  }

  /** Two that see each other have all that was written. */
  private void elect() {
    for (Server each : servers) {
      if (servers.stream().filter(each::sees).count() > 1
          && (leader == null || world.random.nextBoolean())) {
        leader = each;
      }
    }
    if (leader != null) {
      ledSince = world.now();
      leader.reach(log.size());
      servers.forEach(this::follow);
      world.led();
    }
  }

  /** Ends the split. What the servers have missed comes within a session. */
  void heal() {
    if (!split) {
      return;
    }
    split = false;
    turn++;
    healedAt = world.now();
    healedWith = log.size();
    former = null;
    for (Server one : servers) {
      for (Server other : servers) {
        if (!one.sees(other)) {
          long from = healedAt + world.between(0, INTEREST);
          joinedAt[one.number][other.number] = from;
          questionsFrom[one.number][other.number] =
              noticed ? Math.max(from, healedAt + world.between(0, INTEREST)) : from;
        }
      }
    }
    servers.forEach(each -> each.side = 0);
    if (leader == null) {
      electLater(0, 2 * world.session());
    }
    for (Server each : servers) {
      each.behindUntil = healedAt + world.between(0, world.session());
      world.at(each.behindUntil, () -> follow(each));
      world.at(healedAt + world.between(0, world.session() / 2), () -> release(each));
      each.heldBeats.forEach(beat -> world.at(world.now() + INTEREST, beat));
      each.heldBeats.clear();
    }
    if (!world.isCalm()) {
      // Some come to a server that is still behind.
      for (SimulatedContainer each : world.living()) {
        if (world.random.nextInt(4) == 0) {
          long when = healedAt + world.between(0, world.session() / 2);
          world.at(when, () -> each.cut(true, world.between(0, 100 * MILLI)));
        }
      }
    }
    world.healed();
  }

  private void release(Server server) {
    while (!split && !server.held.isEmpty()) {
      world.count("late write");
      server.held.poll().run();
    }
  }

  // ---- writes

  /**
   * Has the leader write. Nothing may come of it, or something later, or something without an
   * answer.
   *
   * @param then hears once whether it was done, if that is known
   */
  void write(Server server, Runnable what, Consumer<Boolean> then) {
    if (leader != null && leader.sees(server) && server.held.isEmpty()) {
      what.run();
      world.at(
          world.now() + world.delay(),
          () -> {
            if (leader != null && leader.sees(server)) {
              then.accept(true);
            }
          });
      return;
    }
    world.count("unanswered write");
    if (!server.held.isEmpty() || (isHolding(server) && world.random.nextInt(4) > 0)) {
      server.held.add(
          () -> {
            if (leader != null) {
              what.run();
              then.accept(true);
            }
          });
    } else if (world.random.nextInt(4) == 0) {
      then.accept(false);
    }
  }

  /** Whether the connection to a leader on the other side is there, and nothing passes. */
  private boolean isHolding(Server server) {
    return split
        && !noticed
        && server != former
        && servers.stream().filter(server::sees).count() == 1;
  }

  /** Stores an entry. For the leader. */
  void store(RemoteEntry entry) {
    commit(entry, true);
  }

  /** Removes an entry of a node, whatever it is by now. For the leader. */
  void erase(String key) {
    Change there = truth.get(key);
    if (there != null) {
      commit(there.entry(), false);
    }
  }

  /** Removes what was written then, unless it was written again. For the leader. */
  void eraseIf(String key, long sequence) {
    Change there = truth.get(key);
    if (there != null && there.sequence() == sequence) {
      erase(key);
    }
  }

  private void commit(RemoteEntry entry, boolean stored) {
    Change change = new Change(log.size() + 1L, entry, stored);
    log.add(change);
    if (stored) {
      truth.put(change.key(), change);
    } else {
      truth.remove(change.key());
      erasedAt.put(change.key(), world.now());
      erasedWith.put(change.key(), change.sequence());
    }
    servers.forEach(this::follow);
  }

  private void follow(Server server) {
    int last = log.size();
    if (server == leader) {
      server.reach(last);
      return;
    }
    world.at(
        world.now() + world.delay(),
        () -> {
          if (leader != null && leader.sees(server) && world.now() >= server.behindUntil) {
            server.reach(last);
          }
        });
  }

  // ---- what is there

  void watch(String name, SimulatedContainer by) {
    watchers.computeIfAbsent(name, n -> new LinkedHashSet<>()).add(by);
  }

  void unwatch(String name, SimulatedContainer by) {
    watchers.get(name).remove(by);
  }

  /** Everything that is there in truth. */
  Collection<Change> all() {
    return truth.values();
  }

  /** What is there in truth. */
  @Nullable Change there(String key) {
    return truth.get(key);
  }

  /** The number of the change that has removed an entry last; 0 if none has. */
  long erasedWith(String key) {
    return erasedWith.getOrDefault(key, 0L);
  }

  /** When an entry was removed last; long ago if it was not. */
  long erasedAt(String key) {
    return erasedAt.getOrDefault(key, Long.MIN_VALUE / 2);
  }

  /** How many changes there were when the last split ended. */
  int healedWith() {
    return healedWith;
  }
}
