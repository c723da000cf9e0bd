// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.spi.RemoteEntry;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a container publishes. The rules:
 *
 * <ul>
 *   <li>Each entry is stored again whenever the container is connected, when storing failed, and
 *       when somebody else has removed it.
 *   <li>An entry that is withdrawn is removed again and again until the registry says that it is
 *       not there: a living node would make others believe it.
 *   <li>A write that was not answered may be done late, by a server that could not pass it on
 *       before, and after what was written by another server since. So what the registry has of
 *       this node is compared with what it publishes: an old content is replaced, and what was
 *       withdrawn is removed once more.
 *   <li>A container that publishes anything beats four times in a session.
 * </ul>
 *
 * <p>Driven by one thread at a time. It has no clock: each event brings the time, in nanoseconds.
 */
public class Exports {
  private enum State {
    /** To be stored, when connected and not before its time. */
    WANTED,
    STORING,
    STORED,
    /** To be removed, when connected and not before its time. */
    UNWANTED,
    REMOVING
  }

  private static final class Export {
    RemoteEntry entry;
    State state = State.WANTED;
    long at;

    /** Whether something else was told of it while it was stored or removed. */
    boolean doubted;

    /** Whether it was stored once more because something else was told of it, and that goes on. */
    boolean replaced;

    Export(RemoteEntry entry) {
      this.entry = entry;
    }
  }

  private final boolean beats;
  private final long session;
  private final ExportEffects effects;
  private final Map<String, Export> exports = new LinkedHashMap<>();

  /** Those that are to be stored or removed: few of many, most of the time. */
  private final Set<Export> waiting = new LinkedHashSet<>();

  private boolean connected;
  private long beatAt;

  /**
   * Begins disconnected.
   *
   * @param beats whether nodes show signs of life
   * @param session how long a node may be silent, in nanoseconds
   */
  public Exports(boolean beats, long session, ExportEffects effects, long now) {
    this.beats = beats;
    this.session = session;
    this.effects = effects;
    this.beatAt = now;
  }

  // ---- what of the rules a simulation breaks, to see whether it notices

  /** Whether an entry that somebody else has removed is stored again. */
  boolean isRestored() {
    return true;
  }

  /** Whether an entry is stored again when it is not known that it was. */
  boolean isTriedAgain() {
    return true;
  }

  /** Whether what the registry has of this node is compared with what it publishes. */
  boolean isCompared() {
    return true;
  }

  // ---- events

  /** Publishes an entry, in place of one with the same key. */
  public final void publish(RemoteEntry entry, long now) {
    Export export = exports.get(entry.key());
    if (export == null) {
      export = new Export(entry);
      exports.put(entry.key(), export);
    }
    export.entry = entry;
    export.replaced = false;
    wait(export, State.WANTED, now);
    run(now);
  }

  /** Withdraws an entry. */
  public final void withdraw(String key, long now) {
    Export export = exports.get(key);
    if (export != null) {
      // Also one that was never stored as far as we know: the answer may have been lost.
      wait(export, State.UNWANTED, now);
      run(now);
    }
  }

  /** The registry can be used. */
  public final void connected(long now) {
    connected = true;
    beatAt = now;
    for (Export export : exports.values()) {
      switch (export.state) {
        case WANTED, STORING, STORED -> wait(export, State.WANTED, now);
        case UNWANTED, REMOVING -> wait(export, State.UNWANTED, now);
      }
    }
    run(now);
  }

  /** The registry cannot be used. */
  public final void disconnected() {
    connected = false;
  }

  /** What came of storing. */
  public final void stored(RemoteEntry entry, boolean done, long now) {
    Export export = exports.get(entry.key());
    if (export != null && export.state == State.STORING && export.entry.equals(entry)) {
      if (!done && isTriedAgain()) {
        wait(export, State.WANTED, now + session / 2);
      } else if (export.doubted) {
        replace(export, now);
      } else {
        export.state = State.STORED;
      }
    }
    run(now);
  }

  /** What came of removing. */
  public final void gone(RemoteEntry entry, boolean done, long now) {
    Export export = exports.get(entry.key());
    if (export != null && export.state == State.REMOVING) {
      if (!done) {
        wait(export, State.UNWANTED, now + session / 2);
      } else if (export.doubted) {
        wait(export, State.UNWANTED, now);
      } else {
        exports.remove(entry.key());
      }
    }
    run(now);
  }

  /** An entry of ours is not in the registry any more. */
  public final void lost(String key, long now) {
    Export export = exports.get(key);
    if (export != null && isRestored()) {
      if (export.state == State.STORED) {
        wait(export, State.WANTED, now);
      } else if (export.state == State.STORING) {
        export.doubted = true;
      }
    }
    run(now);
  }

  /** The registry has an entry of ours: what was stored last, or an older one that came late. */
  public final void seen(RemoteEntry entry, long now) {
    if (isCompared()) {
      compare(entry, now);
    }
    run(now);
  }

  private void compare(RemoteEntry entry, long now) {
    Export export = exports.get(entry.key());
    if (export == null) {
      export = new Export(entry);
      exports.put(entry.key(), export);
      wait(export, State.UNWANTED, now);
      return;
    }
    boolean same = export.entry.equals(entry);
    switch (export.state) {
      case STORED -> {
        if (same) {
          export.replaced = false;
        } else {
          replace(export, now);
        }
      }
      case STORING -> export.doubted |= !same;
      case REMOVING -> export.doubted = true;
      case WANTED, UNWANTED -> {
        // It is written anyway.
      }
    }
  }

  /** At once, but with a pause if that has not helped: no loop is to go as fast as it can. */
  private void replace(Export export, long now) {
    wait(export, State.WANTED, export.replaced ? now + session / 2 : now);
    export.replaced = true;
  }

  /** Time has passed. */
  public final void tick(long now) {
    run(now);
  }

  /** When {@link #tick} is to be called again at the latest; {@link Long#MAX_VALUE} for never. */
  public final long next() {
    if (!connected || exports.isEmpty()) {
      return Long.MAX_VALUE;
    }
    long next = beats ? beatAt : Long.MAX_VALUE;
    for (Export export : waiting) {
      if (next == Long.MAX_VALUE || export.at - next < 0) {
        next = export.at;
      }
    }
    return next;
  }

  /** Whether everything that is withdrawn is gone. */
  public final boolean isClear() {
    return exports.values().stream()
        .noneMatch(each -> each.state == State.UNWANTED || each.state == State.REMOVING);
  }

  /** Whether the registry is known to have an entry. */
  public final boolean isStored(String key) {
    Export export = exports.get(key);
    return export != null && export.state == State.STORED;
  }

  private void wait(Export export, State state, long at) {
    export.state = state;
    export.at = at;
    waiting.add(export);
  }

  private void run(long now) {
    if (!connected || exports.isEmpty()) {
      return;
    }
    if (beats && now - beatAt >= 0) {
      beatAt = now + session / 4;
      effects.beat();
    }
    // What is done may answer at once, and so change what waits.
    for (Export export : List.copyOf(waiting)) {
      if (now - export.at < 0 || !waiting.remove(export)) {
        continue;
      }
      export.doubted = false;
      if (export.state == State.WANTED) {
        export.state = State.STORING;
        effects.put(export.entry);
      } else if (export.state == State.UNWANTED) {
        export.state = State.REMOVING;
        effects.remove(export.entry);
      }
    }
  }
}
