// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static io.penstock.remote.impl.protocol.Simulation.MILLI;
import static io.penstock.remote.impl.protocol.Simulation.SECOND;

import io.penstock.remote.impl.protocol.SimulatedRegistry.Change;
import io.penstock.remote.impl.protocol.Simulation.Wrong;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.RemoteEntry;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What a container of a simulation believes, and whether it may: compared with what is true. */
final class Beliefs {
  final Map<String, RemoteEntry> view = new HashMap<>();

  private final SimulatedContainer self;
  private final Simulation world;
  private final String node;
  private final long session;
  private final Map<String, Long> heard = new HashMap<>();
  private final Map<String, Long> beats = new HashMap<>();
  // The change by which it was told last that an entry is there.
  private final Map<String, Long> storedWith = new HashMap<>();
  private final Map<String, Integer> refusals = new HashMap<>();
  private final Map<String, Long> lastAsked = new HashMap<>();
  private final Map<String, Long> lastAskedAt = new HashMap<>();
  private final Set<String> givenUp = new HashSet<>();
  private final Map<String, Long> cameBack = new HashMap<>();

  Beliefs(SimulatedContainer self, Simulation world) {
    this.self = self;
    this.world = world;
    this.node = self.node;
    this.session = world.session();
  }

  // ---- what comes

  void heard(Change change) {
    if (change.stored()) {
      storedWith.put(change.key(), change.sequence());
    }
  }

  void heardBeat(String other) {
    heard.put(other, world.now());
    beats.put(other, world.now());
  }

  long lastBeat(String other) {
    return beats.getOrDefault(other, 0L);
  }

  void asked(String other, long question) {
    lastAsked.put(other, question);
    lastAskedAt.put(other, world.now());
  }

  void answered(String other, long question, Answer answer) {
    if (lastAsked.get(other) != question) {
      // Another question was asked since.
      return;
    }
    // An answer proves nothing if it was asked for before we were connected or went on.
    if (answer == Answer.ALIVE
        && lastAskedAt.get(other) > Math.max(self.resumed(), self.reconnected())) {
      heard.put(other, world.now());
    }
    if (answer == Answer.NO_RESPONDERS) {
      refusals.merge(other, 1, Integer::sum);
    } else {
      refusals.remove(other);
    }
  }

  // ---- what it makes of that

  void added(RemoteEntry entry) {
    world.count("added");
    SimulatedContainer owner = world.container(entry.node());
    if (!self.isTold()) {
      throw wrong(node + " adds " + entry + " while it is disconnected");
    }
    if (view.putIfAbsent(entry.key(), entry) != null) {
      throw wrong(node + " adds " + entry + " a second time");
    }
    if (givenUp.remove(entry.key())) {
      cameBack.put(entry.key(), world.now());
    }
    if (!owner.isAlive()) {
      if (world.now() - owner.diedAt() > session) {
        throw wrong(node + " adds the stale " + entry);
      }
      world.at(world.now() + session + SECOND + 100 * MILLI, () -> mustHaveGivenUp(owner));
    }
  }

  void changed(RemoteEntry old, RemoteEntry entry) {
    world.count("changed");
    if (!self.isTold()) {
      throw wrong(node + " changes " + entry + " while it is disconnected");
    }
    if (!old.equals(view.put(entry.key(), entry))) {
      throw wrong(node + " changes " + entry + " from something else");
    }
  }

  void removed(RemoteEntry entry, Removal why) {
    world.count("removed " + why);
    if (!self.isTold()) {
      throw wrong(node + " removes " + entry + " while it is disconnected");
    }
    if (view.remove(entry.key()) == null) {
      throw wrong(node + " removes " + entry + ", which it does not have");
    }
    SimulatedContainer owner = world.container(entry.node());
    if (why != Removal.WITHDRAWN) {
      mayGoAgain(entry, owner);
      givenUp.add(entry.key());
    }
    if (why == Removal.DEAD && refusals.getOrDefault(entry.node(), 0) < 3) {
      throw wrong(node + " removes " + entry + " as dead, having asked too seldom");
    }
    if (why == Removal.DEAD && self.reconnected() > self.lastPause()) {
      throw wrong(node + " removes " + entry + " as dead after a reconnection, and no pause");
    }
    if (!owner.isAlive()) {
      return;
    }
    switch (why) {
      case WITHDRAWN -> {
        if (world.registry.erasedWith(entry.key()) < storedWith.get(entry.key())) {
          throw wrong(node + " removes " + entry + ", which was not withdrawn");
        }
      }
      case SILENT -> maySilent(entry, owner);
      case DEAD -> mayDead(entry, owner);
    }
  }

  /** What came back after a split stays, unless something else has happened. */
  private void mayGoAgain(RemoteEntry entry, SimulatedContainer owner) {
    Long back = cameBack.get(entry.key());
    long healed = world.registry.healedAt();
    if (back != null && back > healed && owner.isAlive() && couldHear(owner, healed)) {
      throw wrong(
          "%s removes the living %s, which came back %d ms ago, after a split"
              .formatted(node, entry, (world.now() - back) / MILLI));
    }
  }

  /** Whether nothing was in the way between the two, but for the first moment after a split. */
  private boolean couldHear(SimulatedContainer owner, long since) {
    return world.size().drops() == 0
        && !world.registry.isSplit()
        && self.isUndisturbed(since)
        && owner.isUndisturbed(since);
  }

  private void maySilent(RemoteEntry entry, SimulatedContainer owner) {
    long now = world.now();
    long last = heard.getOrDefault(entry.node(), 0L);
    long since = Math.max(last, Math.max(self.resumed(), self.reconnected()));
    // A session is one of its own clock.
    if (self.clock() - self.clockAt(since) < session) {
      throw wrong(
          "%s removes the living %s after a silence of %d ms; it was heard %d ms ago, we went"
                  .formatted(node, entry, (now - since) / MILLI, (now - last) / MILLI)
              + " on %d ms ago and were connected %d ms ago"
                  .formatted((now - self.resumed()) / MILLI, (now - self.reconnected()) / MILLI));
    }
    boolean joined = world.registry.joinedAt(self.server(), owner.server()) < now - session;
    if (world.size().drops() == 0
        && joined
        && self.isAttentive(session)
        && owner.isAttentive(session)) {
      throw wrong(node + " removes the living " + entry + ", which would have answered");
    }
    world.count("removed a living one that was silent");
    if (!joined) {
      world.count("removed a living one on the other side");
    }
  }

  private void mayDead(RemoteEntry entry, SimulatedContainer owner) {
    long before = world.now() - SECOND - session;
    boolean apart = world.registry.joinedAt(self.server(), owner.server()) > before;
    if (owner.reaches() && owner.linkedSince() <= before && !apart) {
      throw wrong(node + " removes the living " + entry + " as dead");
    }
    world.count("removed a living one that was away");
  }

  void mayPurge(RemoteEntry entry) {
    world.count("purge");
    Long last = heard.get(entry.node());
    if (last != null && self.clock() - self.clockAt(last) < Math.max(60 * SECOND, 20 * session)) {
      throw wrong(node + " has the registry remove " + entry + ", which it has just heard");
    }
  }

  // ---- what it must make of that in time

  /** Checks that a dead one is given up in time; looks again if this one was not in a state to. */
  void mustHaveGivenUp(SimulatedContainer dead) {
    if (!self.isAlive() || view.values().stream().noneMatch(e -> e.node().equals(dead.node))) {
      return;
    }
    // What the dead one has sent may come when the servers see each other again.
    long since = Math.max(dead.diedAt() + 100 * MILLI, world.registry.healedAt() + SECOND);
    long base = Math.max(since, Math.max(self.lastPause(), self.reconnected()));
    boolean able = self.isTold() && !self.isPaused();
    long now = world.now();
    if (able && now - base > session + SECOND) {
      throw wrong(
          "%s still believes %s, dead for %d ms, and could have known for %d ms"
              .formatted(node, dead.node, (now - dead.diedAt()) / MILLI, (now - base) / MILLI));
    }
    world.at(Math.max(now, base) + session + SECOND + 100 * MILLI, () -> mustHaveGivenUp(dead));
  }

  /** Checks that it believes none that was dead at a time; not if a split was in the way. */
  void mustKnowTheDead(long from, long at) {
    if (world.registry.isSplit() || world.registry.healedAt() > from - session) {
      return;
    }
    for (RemoteEntry entry : view.values()) {
      SimulatedContainer owner = world.container(entry.node());
      if (!owner.isAlive() && owner.diedAt() < at) {
        throw wrong(node + " believes " + entry + " a second after its pause");
      }
    }
    world.count("quick look after a pause");
  }

  /** Checks that it has all that another has published for so long. */
  void mustHaveFound(SimulatedContainer owner, long since, boolean known) {
    for (RemoteEntry entry : owner.published.all()) {
      String key = entry.key();
      if (!self.names.contains(entry.name())
          || owner.published.offeredAt(entry) > since
          || world.registry.erasedAt(key) > since) {
        continue;
      }
      Change there = world.registry.there(key);
      if (known
          && (there == null
              || there.sequence() > world.registry.healedWith()
              || !there.entry().equals(entry))) {
        // The registry did not have it yet.
        continue;
      }
      world.count(known ? "found at once" : "found in time");
      if (!entry.equals(view.get(key))) {
        throw wrong(
            "%s has not found %s, published for %d ms, %d ms after it could"
                .formatted(
                    node,
                    entry,
                    (world.now() - owner.published.offeredAt(entry)) / MILLI,
                    (world.now() - since) / MILLI));
      }
    }
  }

  private Wrong wrong(String what) {
    return world.wrong(what);
  }
}
