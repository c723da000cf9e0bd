// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static io.penstock.remote.impl.protocol.Simulation.MILLI;
import static io.penstock.remote.impl.protocol.Simulation.SECOND;

import io.penstock.remote.impl.protocol.SimulatedRegistry.Change;
import io.penstock.remote.impl.protocol.SimulatedRegistry.Server;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** A container of a simulation: its clock, its connection, and what it publishes and asks. */
final class SimulatedContainer implements ImportEffects, ExportEffects {
  final String node;
  final Imports imports;
  final Exports exports;
  final Beliefs beliefs;
  final Set<String> names = new LinkedHashSet<>();
  final Publications published;

  private final Simulation world;
  private final Simulation.Size size;
  private final long session;
  private final DriftingClock clock;
  private final Deque<Runnable> backlog = new ArrayDeque<>();
  private boolean alive = true;
  private long diedAt;

  // The connection.
  private Server server;
  private boolean linked;
  private boolean told;
  private boolean deaf;
  private boolean watching;
  private boolean beating;
  private long linkedSince;
  private long links;
  private long lastFromRegistry;
  private long lastSent;
  private long highest;
  private final Map<String, Long> sent = new HashMap<>();
  private final Set<Runnable> unanswered = new LinkedHashSet<>();

  // The clock.
  private long resumed;
  private long lastPause;
  private long reconnected;
  private long pausedUntil;
  private long mutedUntil;
  private long disturbedAt;
  private long pauses;
  private long wakeAt = Long.MAX_VALUE;

  SimulatedContainer(String node, Simulation world) {
    this.node = node;
    this.world = world;
    this.size = world.size();
    this.session = world.session();
    this.clock = new DriftingClock(world.random);
    this.published = new Publications(this, world);
    this.beliefs = new Beliefs(this, world);
    this.imports = world.parts().imports(node, session, world.parts().effects(this), clock());
    this.exports = world.parts().exports(session, this, clock());
    this.server = world.registry.nearest(null);
    this.resumed = world.now();
    this.disturbedAt = world.now();
  }

  long clock() {
    return clockAt(world.now());
  }

  long clockAt(long when) {
    return clock.at(when);
  }

  // ---- what is true of it

  boolean isAlive() {
    return alive;
  }

  long diedAt() {
    return diedAt;
  }

  Server server() {
    return server;
  }

  /** Whether it believes that the registry can be used. */
  boolean isTold() {
    return told;
  }

  boolean isPaused() {
    return pausedUntil > world.now();
  }

  /** Whether messages come to it. */
  boolean reaches() {
    return alive && linked && !deaf;
  }

  long linkedSince() {
    return linkedSince;
  }

  /** When it went on after a pause that it noticed. */
  long resumed() {
    return resumed;
  }

  /** When it went on after a pause that it may have noticed. */
  long lastPause() {
    return lastPause;
  }

  long reconnected() {
    return reconnected;
  }

  /** Whether nothing has kept it from hearing and answering for a time. */
  boolean isAttentive(long time) {
    return reaches() && linkedSince < world.now() - time && pausedUntil < world.now() - time;
  }

  /** Whether nothing has happened to it since then. */
  boolean isUndisturbed(long since) {
    return reaches() && disturbedAt < since && pausedUntil < since && mutedUntil < since;
  }

  // ---- life

  void begin() {
    for (int i = 0; i < size.imports(); i++) {
      names.add(world.anyName());
    }
    names.forEach(imports::watched);
    names.forEach(name -> world.registry.watch(name, this));
    published.publishSome();
    world.at(world.now() + world.between(0, 100 * MILLI), this::relink);
  }

  void kill() {
    if (!alive) {
      return;
    }
    alive = false;
    diedAt = world.now();
    linked = false;
    names.forEach(name -> world.registry.unwatch(name, this));
    world.died(this);
  }

  void pause(long length) {
    if (!isPaused()) {
      long from = world.now();
      long link = links;
      pauses++;
      pausedUntil = from + length;
      world.at(pausedUntil, () -> resume(from, length, link));
    }
  }

  private void resume(long from, long length, long link) {
    if (!alive || isPaused()) {
      return;
    }
    if (length > 100 * MILLI) {
      disturbedAt = world.now();
    }
    if (clock() - clockAt(from) > session / 4) {
      // An event before it may make it one of half a session.
      lastPause = world.now();
    }
    // By its own clock it notices that.
    if (clock() - clockAt(from) > session / 2) {
      resumed = world.now();
    }
    boolean whole = length > session && told && linked && !deaf && link == links;
    if (whole && reconnected < from && size.drops() == 0) {
      long checkAt = world.now() + SECOND;
      long pause = pauses;
      world.at(
          checkAt,
          () -> {
            // After a pause the dead are known at once, if nothing else has come between.
            if (alive && told && link == links && pause == pauses) {
              beliefs.mustKnowTheDead(from, checkAt - SECOND);
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
    if (!world.isQuiet() && world.random.nextInt(400) == 0) {
      boolean beyond = !world.isCalm() && world.random.nextInt(10) == 0;
      pause(beyond ? world.between(0, 2 * session) : world.between(0, 50 * MILLI));
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

  /** Wakes when something is due. */
  void plan() {
    long next = Math.min(imports.next(), exports.next());
    if (next != Long.MAX_VALUE && alive) {
      long when = Math.max(world.now(), clock.whenItShows(next)) + world.between(0, 2 * MILLI);
      if (when < wakeAt || wakeAt <= world.now()) {
        wakeAt = when;
        world.at(when, () -> wake(when));
      }
    }
  }

  private void wake(long when) {
    if (wakeAt == when) {
      wakeAt = Long.MAX_VALUE;
      step(
          () -> {
            imports.tick(clock());
            exports.tick(clock());
          });
    }
  }

  // ---- its connection

  /** Connects, or again: to a server that it can reach. */
  void relink() {
    if (!alive || (linked && !deaf)) {
      return;
    }
    boolean again = deaf && told;
    deaf = false;
    linked = true;
    watching = false;
    newLink();
    linkedSince = world.now();
    server = world.registry.nearest(server);
    if (again) {
      // The connection was given up and made anew.
      step(this::tellDisconnected);
    }
    ensure(links);
    showLife(links);
  }

  private void newLink() {
    links++;
    disturbedAt = world.now();
    List<Runnable> waiting = new ArrayList<>(unanswered);
    unanswered.clear();
    waiting.forEach(Runnable::run);
  }

  /** The registry counts as connected when somebody answers in the name of the leader. */
  private void ensure(long link) {
    if (!alive || link != links) {
      return;
    }
    if (world.registry.leaderFor(server) == null) {
      world.count("connected without a leader");
      world.at(world.now() + world.between(250 * MILLI, 1250 * MILLI), () -> ensure(link));
      return;
    }
    watching = true;
    sent.clear();
    fromRegistry(
        () -> {
          told = true;
          reconnected = world.now();
          imports.connected(clock());
          exports.connected(clock());
        });
    for (String name : names) {
      server.of(name).forEach(this::tell);
    }
    server.ofNode(node).forEach(this::tell);
    know(link, world.now());
  }

  /** It shows signs of life as soon as it is connected, also while nobody leads. */
  private void showLife(long link) {
    if (alive && link == links && !watching) {
      step(
          () -> {
            if (beating && link == links && !told) {
              shine();
            }
          });
      world.at(world.now() + session / 4, () -> showLife(link));
    }
  }

  /** Only the leader decides that these were all. An answer that knows less than we do is none. */
  private void know(long link, long since) {
    if (!alive || link != links) {
      return;
    }
    Server leader = world.registry.leaderFor(server);
    boolean doubtful =
        leader == null || (leader.reached() < highest && world.now() - since < 30 * SECOND);
    if (world.parts().asksTheLeader() && (doubtful || server.reached() < leader.reached())) {
      world.at(world.now() + 50 * MILLI, () -> know(link, since));
      return;
    }
    names.forEach(name -> fromRegistry(() -> imports.known(name, clock())));
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
    newLink();
    if (noticed) {
      linked = false;
      step(this::tellDisconnected);
    } else {
      deaf = true;
    }
    world.at(world.now() + length, this::relink);
  }

  /** A message of the registry, in order; lost with the connection. */
  private void fromRegistry(Runnable what) {
    if (!linked || deaf) {
      return;
    }
    long link = links;
    lastFromRegistry = Math.max(lastFromRegistry, world.now() + world.delay());
    world.at(
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

  /** Its server tells it of a change. */
  void tell(Change change) {
    if (!watching || change.sequence() <= sent.getOrDefault(change.key(), 0L)) {
      return;
    }
    sent.put(change.key(), change.sequence());
    fromRegistry(
        () -> {
          highest = Math.max(highest, change.sequence());
          beliefs.heard(change);
          if (change.stored()) {
            imports.stored(change.entry(), clock());
            if (change.entry().node().equals(node)) {
              exports.seen(change.entry(), clock());
            }
          } else {
            imports.removed(change.key(), clock());
            exports.lost(change.key(), clock());
          }
        });
  }

  // ---- what it publishes

  @Override
  public void put(RemoteEntry entry) {
    send(() -> world.registry.store(entry), done -> exports.stored(entry, done, clock()));
  }

  @Override
  public void remove(RemoteEntry entry) {
    send(() -> world.registry.erase(entry.key()), done -> exports.gone(entry, done, clock()));
  }

  /** A write: done or not, and answered or not; it has failed when no answer has come for long. */
  private void send(Runnable what, Consumer<Boolean> then) {
    long link = links;
    Consumer<Boolean> once = once(then);
    lastSent = Math.max(lastSent, world.now() + world.delay());
    world.at(
        lastSent,
        () -> {
          if (link != links || !reaches()) {
            world.at(world.now() + world.delay(), () -> once.accept(false));
            return;
          }
          world.registry.write(
              server,
              what,
              // The answer may be lost, though it was done.
              done ->
                  world.at(
                      world.now() + world.delay(), () -> once.accept(done && !world.isLost())));
          world.at(world.now() + SimulatedRegistry.PATIENCE, () -> once.accept(false));
        });
  }

  /** The first answer counts. A write that waits has failed when the connection is lost. */
  private Consumer<Boolean> once(Consumer<Boolean> then) {
    return new Consumer<>() {
      private final Runnable lost = () -> accept(false);
      private boolean over;

      {
        unanswered.add(lost);
      }

      @Override
      public void accept(Boolean done) {
        if (!over) {
          over = true;
          unanswered.remove(lost);
          step(() -> then.accept(done));
        }
      }
    };
  }

  @Override
  public void beat() {
    beating = true;
    shine();
  }

  private void shine() {
    if (world.now() < mutedUntil) {
      return;
    }
    for (SimulatedContainer each : world.followers(node)) {
      for (int copies = world.isLost() ? 0 : world.random.nextInt(50) == 0 ? 2 : 1;
          copies > 0;
          copies--) {
        shineOn(each);
      }
    }
  }

  private void shineOn(SimulatedContainer each) {
    long link = links;
    long other = each.links;
    Runnable arrives =
        () -> {
          if (each.reaches() && other == each.links) {
            each.step(() -> each.hear(node));
          }
        };
    world.at(
        world.now() + world.delay(),
        () -> {
          if (link != links || !reaches()) {
            return;
          }
          if (world.registry.carries(server, each.server)) {
            arrives.run();
          } else {
            world.registry.holdBeat(server, arrives);
          }
        });
  }

  /** Its beats are lost for a time. */
  void mute(long length) {
    mutedUntil = world.now() + length;
  }

  private void hear(String other) {
    if (told) {
      beliefs.heardBeat(other);
      imports.beat(other, clock());
    }
  }

  // ---- what it imports

  @Override
  public void follow(String other) {
    world.follow(other, this);
  }

  @Override
  public void unfollow(String other) {
    world.unfollow(other, this);
  }

  @Override
  public void purge(RemoteEntry entry) {
    beliefs.mayPurge(entry);
    // It looks first, and then removes what it has seen.
    send(
        () -> {
          Change there = world.registry.there(entry.key());
          if (there != null && there.entry().equals(entry)) {
            send(() -> world.registry.eraseIf(entry.key(), there.sequence()), done -> {});
          }
        },
        done -> {});
  }

  @Override
  public void ask(String other, long question) {
    // Waits by its own clock.
    long limit = clock.whenItShows(clock() + imports.patience());
    beliefs.asked(other, question);
    world.at(
        world.now() + world.delay(),
        () -> {
          SimulatedContainer target = world.container(other);
          boolean lost = !reaches() || world.isLost() || world.isLost();
          boolean finds = world.registry.finds(server, target.server);
          boolean silent = !finds && !world.registry.isNoticed();
          if (lost || silent || (finds && target.alive && target.deaf)) {
            answer(other, question, Answer.NO_ANSWER, limit);
          } else if (!finds || !target.reaches()) {
            answer(other, question, Answer.NO_RESPONDERS, world.now() + world.delay());
          } else {
            target.step(() -> target.answerTo(this, question, limit));
            if (target.isPaused()) {
              // Comes second if the other comes at all.
              answer(other, question, Answer.NO_ANSWER, limit);
            }
          }
        });
  }

  private void answerTo(SimulatedContainer asker, long question, long limit) {
    // A question has one answer: the first.
    long back = world.now() + world.delay();
    boolean comes = world.registry.carries(server, asker.server);
    if (back < limit && comes) {
      asker.answer(node, question, Answer.ALIVE, back);
    } else if (!comes) {
      asker.answer(node, question, Answer.NO_ANSWER, limit);
    }
  }

  private void answer(String other, long question, Answer answer, long when) {
    world.at(
        when,
        () ->
            step(
                () -> {
                  beliefs.answered(other, question, answer);
                  imports.answered(other, question, answer, clock());
                }));
  }

  @Override
  public void added(RemoteEntry entry) {
    beliefs.added(entry);
  }

  @Override
  public void changed(RemoteEntry old, RemoteEntry entry) {
    beliefs.changed(old, entry);
  }

  @Override
  public void removed(RemoteEntry entry, Removal why) {
    beliefs.removed(entry, why);
  }
}
