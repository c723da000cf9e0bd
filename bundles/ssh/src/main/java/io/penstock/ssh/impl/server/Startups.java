// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a listener: those that have not logged in yet have a separate limit from those
 * that have, so that a peer that only connects takes no user's place. Safe for use by any thread.
 */
final class Startups {
  private static final Logger LOG = Messages.log("ssh.server");

  /** Between two lines in the log about connections that were cut to make room. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  /** Peers without an address are of one source. */
  private static final Source NOWHERE = new Source("");

  /** A connection, as far as it matters here. */
  interface Connection {
    /** Where it comes from; null where there are no addresses. */
    @Nullable Source source();

    /** How many bytes the peer has sent. */
    long heard();
  }

  private final String name;
  private final StartLimits limits;
  private final int mostSessions;
  private final IntSupplier chance;

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock; the oldest first.
  private final Map<Connection, Source> waiting = new LinkedHashMap<>();
  private final Map<Source, Integer> counts = new HashMap<>();
  private final Set<Connection> in = new HashSet<>();
  private int cut;
  private boolean told;
  private long toldAt;

  /** Those of a listener. */
  Startups(String name, ServerOptions options) {
    this(
        name,
        options.startLimits(),
        options.mostSessions(),
        () -> ThreadLocalRandom.current().nextInt(100));
  }

  Startups(String name, StartLimits limits, int mostSessions, IntSupplier chance) {
    this.name = name;
    this.limits = limits;
    this.mostSessions = mostSessions;
    this.chance = chance;
  }

  /**
   * A connection has come.
   *
   * @return which one is to be cut for it; null for none
   */
  @Nullable Connection come(Connection fresh) {
    Source source = fresh.source() == null ? NOWHERE : fresh.source();
    Connection least = null;
    boolean tell = false;
    int lost = 0;
    lock.lock();
    try {
      if (limits.exceeded(waiting.size(), chance.getAsInt())) {
        least = least();
        remove(least);
        cut++;
        long now = System.nanoTime();
        tell = !told || now - toldAt > QUIET.toNanos();
        if (tell) {
          told = true;
          toldAt = now;
          lost = cut;
          cut = 0;
        }
      }
      waiting.put(fresh, source);
      int unused = counts.merge(source, 1, Integer::sum);
    } finally {
      lock.unlock();
    }
    if (least != null && tell) {
      LOG.log(
          Level.WARNING,
          "{0}: too many connections on which nobody has logged in (max-startups): cut to make room"
              + " for others: {1}, the last from {2}",
          name,
          lost,
          least.source() == null ? "a peer without an address" : least.source());
    }
    return least;
  }

  /**
   * With the lock held: the connection to cut. It is chosen from the older half of the source that
   * has most connections, so that a peer that has just come has its time. Of these it is the one
   * whose peer has sent least, and of several such the oldest.
   */
  private Connection least() {
    int most = 0;
    for (int count : counts.values()) {
      most = Math.max(most, count);
    }
    List<Connection> crowd = new ArrayList<>();
    for (Map.Entry<Connection, Source> each : waiting.entrySet()) {
      if (counts.getOrDefault(each.getValue(), 0) == most) {
        crowd.add(each.getKey());
      }
    }
    Connection least = crowd.get(0);
    long heard = least.heard();
    for (int i = 1; i < (crowd.size() + 1) / 2 && heard > 0; i++) {
      long others = crowd.get(i).heard();
      if (others < heard) {
        least = crowd.get(i);
        heard = others;
      }
    }
    return least;
  }

  /** With the lock held. */
  private boolean remove(Connection connection) {
    Source source = waiting.remove(connection);
    if (source == null) {
      return false;
    }
    Integer unused = counts.computeIfPresent(source, (key, count) -> count == 1 ? null : count - 1);
    return true;
  }

  /**
   * A user logs in; false if there is no place left for that, or the connection was cut meanwhile.
   */
  boolean enter(Connection connection) {
    boolean full;
    lock.lock();
    try {
      full = in.size() >= mostSessions;
      if (!full && remove(connection)) {
        return in.add(connection);
      }
    } finally {
      lock.unlock();
    }
    if (full) {
      LOG.log(
          Level.WARNING,
          "{0}: a login was refused, because {1} connections are logged in (max-sessions)",
          name,
          mostSessions);
    }
    return false;
  }

  /** A connection has gone. */
  void leave(Connection connection) {
    lock.lock();
    try {
      if (!remove(connection)) {
        boolean unused = in.remove(connection);
      }
    } finally {
      lock.unlock();
    }
  }
}
