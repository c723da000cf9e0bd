// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.impl.protocol.Peer.Belief;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What a container believes of the entries that others publish. The rules:
 *
 * <ul>
 *   <li>An entry is used only after its node has answered a question that was asked since the
 *       container was connected, and since it went on after a pause of its own. So an entry that a
 *       dead node has left is never used, and an old beat or answer proves nothing.
 *   <li>A living node is believed dead when nothing was heard of it for a session. The session
 *       begins anew when the container is connected again, and when it goes on after a pause: it
 *       could not have heard anything meanwhile. Shortly before the session is over, the node is
 *       asked, so that a few lost beats do no harm.
 *   <li>After a pause of its own the container asks at once, and twice more: if the registry says
 *       each time that the node is not there, it is dead. Not so after a reconnection, when the
 *       other nodes may still be on their way back.
 *   <li>While the container is disconnected, nothing is added and nothing is removed.
 *   <li>A dead node that beats is asked, and its entries are used again when it answers. Those of
 *       one that was silent and dead for long are removed for all.
 * </ul>
 *
 * <p>Driven by one thread at a time. It has no clock: each event brings the time, in nanoseconds,
 * which may have moved by any amount since the event before.
 */
public class Imports {
  private static final long MOST_BETWEEN = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long LEAST_PURGE = TimeUnit.MINUTES.toNanos(1);
  private static final int PURGE_SESSIONS = 20;
  private static final int FEW = 2;
  private static final int ENOUGH = 3;

  private final String self;
  private final boolean beats;
  private final long session;
  private final ImportEffects effects;
  private final Map<String, Peer> peers = new LinkedHashMap<>();
  private final Map<String, String> nodeOf = new HashMap<>();
  private final Set<String> watched = new HashSet<>();
  private final Set<String> known = new HashSet<>();
  // Told since the registry was connected; what is not among them when all are known has gone.
  private final Set<String> told = new HashSet<>();
  private boolean connected;
  private long last;
  private long questions;
  // When the next of all questions is due; perhaps earlier than it is.
  private long nextAsk = Long.MAX_VALUE;

  /**
   * Begins disconnected, and with nothing watched.
   *
   * @param self the own node: its entries are always believed
   * @param beats whether nodes show signs of life; otherwise each entry is believed
   * @param session how long a node may be silent, in nanoseconds
   */
  public Imports(String self, boolean beats, long session, ImportEffects effects, long now) {
    this.self = self;
    this.beats = beats;
    this.session = session;
    this.effects = effects;
    this.last = now;
  }

  // ---- what of the rules a simulation breaks, to see whether it notices

  /** Whether nothing may be believed or given up now. */
  boolean isFrozen() {
    return !connected;
  }

  /** Whether the time between two events is a pause of our own. */
  boolean isPause(long gap) {
    return gap > session / 2;
  }

  /** Whether an entry went while nobody could be told, once all of its name were told. */
  boolean isGone(RemoteEntry entry) {
    return !told.contains(entry.key());
  }

  /** From when on a node counts as silent once the registry can be used again. */
  long silentFrom(Peer peer, long now) {
    return now;
  }

  /** Whether an answer belongs to the question that was asked last. */
  boolean isCurrent(Peer peer, long question) {
    return peer.question == question;
  }

  /** Whether a node has been silent for too long. */
  boolean isSilent(Peer peer, long now) {
    return now - peer.heard >= session;
  }

  /** Whether a node has been silent for so long that it is asked before that is too long. */
  boolean isDoubtful(Peer peer, long now) {
    return now - peer.heard >= session - session / 4;
  }

  /** Whether a node has been dead for so long that its entries are removed for all. */
  boolean isDeadForLong(Peer peer, long now) {
    return now - peer.since >= Math.max(LEAST_PURGE, PURGE_SESSIONS * session);
  }

  /** Whether a dead node that beats has to be silent for as long again before that. */
  boolean isDoubtedByBeats() {
    return true;
  }

  /**
   * Whether a question that is planned is early enough for a node that has just shown itself. One
   * that has been dead for long is asked only once in a while.
   */
  boolean isAskedLater(Peer peer) {
    return peer.asking && peer.belief != Belief.DEAD;
  }

  /**
   * Whether the registry has said often enough that a node is not there: a node that was heard of
   * once more often than one that never was. One that lives may be on its way from one server to
   * another, which takes longer where the processors are busy.
   */
  boolean isRefused(Peer peer) {
    return peer.refusals >= (peer.belief == Belief.UNKNOWN ? FEW : ENOUGH);
  }

  /**
   * Whether it counts that the registry does not find a node that is believed in: after a pause of
   * our own. Otherwise its session is not over yet, and a beat may still come; after a reconnection
   * it may be on its way back as well.
   */
  boolean countsRefusals(Peer peer) {
    return peer.doubted;
  }

  /** Whether a further entry of a node may be used without asking it. */
  boolean isBelieved(Peer peer) {
    return peer.belief == Belief.ALIVE && peer.confirmed;
  }

  // ---- events

  /** A name is watched from now on. */
  public final void watched(String name) {
    watched.add(name);
  }

  /** A name is watched no more; its entries go, unless they are watched otherwise. */
  public final void unwatched(String name) {
    if (watched.remove(name)) {
      known.remove(name);
      for (RemoteEntry entry : all()) {
        if (!isWatched(entry.name())) {
          forget(entry.key());
        }
      }
    }
  }

  private boolean isWatched(String name) {
    return watched.contains(Registry.ALL) || watched.contains(name);
  }

  /** The registry can be used. */
  public final void connected(long now) {
    connected = true;
    last = now;
    told.clear();
    known.clear();
    for (Peer peer : peers.values()) {
      peer.heard = silentFrom(peer, now);
      peer.question = 0;
      peer.refusals = 0;
      peer.doubted = false;
      peer.asked = false;
      peer.asking = false;
      peer.confirmed = isSure(peer);
      if (peer.belief != Belief.ALIVE) {
        askAt(peer, now);
      }
    }
    scan(now);
  }

  /** The registry cannot be used. */
  public final void disconnected(long now) {
    connected = false;
    last = now;
  }

  /** An entry was found or stored. */
  public final void stored(RemoteEntry entry, long now) {
    advance(now);
    if (isFrozen() || !isWatched(entry.name())) {
      return;
    }
    String key = entry.key();
    told.add(key);
    Peer peer = peers.get(entry.node());
    if (peer == null) {
      peer = new Peer(entry.node(), now);
      peers.put(entry.node(), peer);
      if (!beats || entry.node().equals(self)) {
        peer.belief = Belief.ALIVE;
        peer.confirmed = true;
      } else {
        effects.follow(entry.node());
        askAt(peer, now);
      }
    }
    nodeOf.put(key, entry.node());
    RemoteEntry old = peer.entries.put(key, entry);
    if (peer.used.contains(key)) {
      if (!entry.equals(old)) {
        effects.changed(Objects.requireNonNull(old, key), entry);
      }
    } else if (isBelieved(peer)) {
      peer.used.add(key);
      effects.added(entry);
    } else {
      askOnce(peer, now);
    }
    step(peer, now);
  }

  /** An entry is not there any more. */
  public final void removed(String key, long now) {
    advance(now);
    if (!isFrozen()) {
      forget(key);
    }
  }

  /** All entries of a watched name were told. */
  public final void known(String name, long now) {
    advance(now);
    if (!isFrozen() && watched.contains(name)) {
      known.add(name);
      for (RemoteEntry entry : all()) {
        if ((name.equals(Registry.ALL) || name.equals(entry.name())) && isGone(entry)) {
          forget(entry.key());
        }
      }
    }
  }

  /** A node was heard. */
  public final void beat(String node, long now) {
    advance(now);
    Peer peer = peers.get(node);
    if (peer != null && !isFrozen()) {
      if (peer.belief == Belief.DEAD && isDoubtedByBeats()) {
        // It may live, though a question does not find it yet: its entries are not to go for all.
        peer.since = now;
      }
      if (peer.belief == Belief.ALIVE) {
        peer.heard = now;
        if (!peer.doubted) {
          peer.asked = false;
        }
      }
      if (peer.used.size() < peer.entries.size()) {
        askOnce(peer, now);
      }
      step(peer, now);
    }
  }

  /** A question was answered, or was not. */
  public final void answered(String node, long question, Answer answer, long now) {
    advance(now);
    Peer peer = peers.get(node);
    if (peer != null && !isFrozen() && isCurrent(peer, question)) {
      peer.question = 0;
      switch (answer) {
        case ALIVE -> alive(peer, now);
        case NO_RESPONDERS -> refused(peer, now);
        case NO_ANSWER -> unanswered(peer, now);
      }
      step(peer, now);
    }
  }

  private void alive(Peer peer, long now) {
    peer.heard = now;
    peer.refusals = 0;
    peer.doubted = false;
    peer.asked = false;
    peer.asking = false;
    peer.confirmed = true;
    peer.belief = Belief.ALIVE;
    for (RemoteEntry entry : peer.entries.values()) {
      if (peer.used.add(entry.key())) {
        effects.added(entry);
      }
    }
  }

  private void refused(Peer peer, long now) {
    peer.refusals++;
    if (peer.belief == Belief.DEAD) {
      if (isDeadForLong(peer, now)) {
        peer.entries.values().forEach(effects::purge);
      }
    } else if (peer.belief == Belief.ALIVE && !countsRefusals(peer)) {
      peer.refusals = 0;
    } else if (!isRefused(peer)) {
      askAt(peer, now + Math.min(MOST_BETWEEN, session / 4));
    } else if (peer.belief == Belief.UNKNOWN) {
      dead(peer, now);
    } else {
      giveUp(peer, Removal.DEAD, now);
    }
  }

  private void unanswered(Peer peer, long now) {
    peer.refusals = 0;
    if (peer.belief == Belief.UNKNOWN) {
      if (now - peer.since >= session) {
        dead(peer, now);
      } else {
        askAt(peer, now);
      }
    } else if (peer.belief == Belief.ALIVE && peer.doubted) {
      askAt(peer, now);
    }
  }

  /** Time has passed. */
  public final void tick(long now) {
    advance(now);
    scan(now);
  }

  /** When {@link #tick} is to be called again at the latest; {@link Long#MAX_VALUE} for never. */
  public final long next() {
    if (isFrozen() || peers.isEmpty() || !beats) {
      return Long.MAX_VALUE;
    }
    // Often enough for a pause to be told from the usual.
    return Math.min(last + session / 8, nextAsk);
  }

  /** How long a question may wait for its answer, in nanoseconds. */
  public final long patience() {
    return session / 4;
  }

  // ---- rules

  private void advance(long now) {
    long gap = now - last;
    last = now;
    if (beats && connected && isPause(gap)) {
      for (Peer peer : peers.values()) {
        if (!isSure(peer)) {
          peer.confirmed = false;
          peer.heard = now;
          peer.refusals = 0;
          peer.doubted = peer.belief == Belief.ALIVE;
          // An answer that has waited for us tells of the past.
          askAt(peer, now);
        }
      }
      scan(now);
    }
  }

  /** Whether nothing has to be heard of a node to believe in it. */
  private boolean isSure(Peer peer) {
    return !beats || peer.node.equals(self);
  }

  private void askOnce(Peer peer, long now) {
    if (!isAskedLater(peer) && peer.question == 0) {
      askAt(peer, now);
    }
  }

  private void askAt(Peer peer, long when) {
    peer.question = 0;
    peer.asking = true;
    peer.askAt = when;
    nextAsk = Math.min(nextAsk, when);
  }

  private void scan(long now) {
    nextAsk = Long.MAX_VALUE;
    for (Peer peer : new ArrayList<>(peers.values())) {
      step(peer, now);
      if (peer.asking) {
        nextAsk = Math.min(nextAsk, peer.askAt);
      }
    }
  }

  private void step(Peer peer, long now) {
    if (isFrozen() || isSure(peer)) {
      return;
    }
    boolean idle = !peer.asking && peer.question == 0;
    if (peer.belief == Belief.ALIVE) {
      if (isSilent(peer, now)) {
        giveUp(peer, Removal.SILENT, now);
      } else if (idle && !peer.asked && isDoubtful(peer, now)) {
        peer.asked = true;
        askAt(peer, now);
      }
    } else if (peer.belief == Belief.DEAD && idle && isDeadForLong(peer, now)) {
      // Once in a while: its entries may be removed, or it may live again.
      askAt(peer, now + session * PURGE_SESSIONS);
    }
    if (peer.asking && now - peer.askAt >= 0) {
      peer.asking = false;
      peer.question = ++questions;
      effects.ask(peer.node, peer.question);
    }
  }

  private void giveUp(Peer peer, Removal why, long now) {
    List<RemoteEntry> gone =
        peer.entries.values().stream().filter(each -> peer.used.contains(each.key())).toList();
    dead(peer, now);
    gone.forEach(entry -> effects.removed(entry, why));
  }

  private static void dead(Peer peer, long now) {
    peer.belief = Belief.DEAD;
    peer.confirmed = false;
    peer.used.clear();
    peer.since = now;
    peer.question = 0;
    peer.asking = false;
    peer.asked = false;
    peer.doubted = false;
    peer.refusals = 0;
  }

  private void forget(String key) {
    String node = nodeOf.remove(key);
    told.remove(key);
    Peer peer = node == null ? null : peers.get(node);
    if (peer == null) {
      return;
    }
    RemoteEntry entry = peer.entries.remove(key);
    if (entry != null && peer.used.remove(key)) {
      effects.removed(entry, Removal.WITHDRAWN);
    }
    if (peer.entries.isEmpty()) {
      peers.remove(peer.node);
      if (!isSure(peer)) {
        effects.unfollow(peer.node);
      }
    }
  }

  // ---- what is there

  /**
   * Whether the registry has told all entries of a watched name since it was connected. A name that
   * is watched by itself is told of by itself: what was told of all names may be older than the
   * watch, and lack an entry that somebody else has seen.
   */
  public final boolean isKnown(String name) {
    return known.contains(watched.contains(name) ? name : Registry.ALL);
  }

  /** Whether a name has entries whose node was asked and has not answered yet. */
  public final boolean isAsking(String name) {
    return peers.values().stream()
        .filter(peer -> peer.belief != Belief.DEAD)
        .flatMap(
            peer -> peer.entries.values().stream().filter(each -> !peer.used.contains(each.key())))
        .anyMatch(entry -> entry.name().equals(name));
  }

  private List<RemoteEntry> all() {
    return peers.values().stream().flatMap(peer -> peer.entries.values().stream()).toList();
  }

  /** Tells each entry, believed or not. */
  public final void describe(Describe each) {
    for (Peer peer : peers.values()) {
      for (RemoteEntry entry : peer.entries.values()) {
        each.entry(entry, peer.used.contains(entry.key()), peer.belief == Belief.DEAD, peer.heard);
      }
    }
  }

  /** Is told of each entry. */
  public interface Describe {
    /**
     * An entry.
     *
     * @param used whether it is believed
     * @param dead whether its node is
     * @param heard when its node showed the last sign of life, or since when silence has counted
     */
    void entry(RemoteEntry entry, boolean used, boolean dead, long heard);
  }
}
