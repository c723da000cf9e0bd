// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sources that are refused for a while, because of what connections from them have done. What a
 * source does adds up; the table is bounded. Safe for use by any thread.
 */
final class Penalties {
  /**
   * How many sources the table has; for a further one the source that would be forgotten soonest is
   * removed.
   */
  static final int MAX_SOURCES = 16 * 1024;

  private static final Logger LOG = Messages.log("ssh.server");

  /** What a connection has done. */
  enum Deed {
    FAILED("its logins are refused"),
    SILENT("its connections do not try to log in"),
    LATE("its logins take too long");

    private final String words;

    Deed(String words) {
      this.words = words;
    }
  }

  /**
   * An entry of the table.
   *
   * @param end by the clock, from its zero
   * @param active whether the source is refused
   */
  private record Penalty(Source source, long end, boolean active) {}

  private final String name;
  private final PenaltyLimits limits;
  private final LongSupplier clock;
  private final long zero;

  private final ReentrantLock lock = new ReentrantLock();
  // Both guarded by the lock.
  private final Map<Source, Penalty> penalties = new HashMap<>();
  private final TreeSet<Penalty> byEnd =
      new TreeSet<>(
          Comparator.comparingLong(Penalty::end).thenComparing(each -> each.source().text()));

  /**
   * Makes an empty table.
   *
   * @param name the listener's, for logs
   * @param clock in nanoseconds, as that of the system
   */
  Penalties(String name, PenaltyLimits limits, LongSupplier clock) {
    this.name = name;
    this.limits = limits;
    this.clock = clock;
    this.zero = clock.getAsLong();
  }

  /** Where a peer comes from; null if that is nowhere, or a place that is never refused. */
  private @Nullable Source subject(@Nullable SocketAddress peer) {
    return peer instanceof InetSocketAddress inet
            && inet.getAddress() != null
            && !limits.exempts(inet.getAddress())
        ? Source.of(inet.getAddress())
        : null;
  }

  /** Whether a peer is refused now. */
  boolean refuses(@Nullable SocketAddress peer) {
    Source source = subject(peer);
    if (source == null) {
      return false;
    }
    lock.lock();
    try {
      forget(clock.getAsLong() - zero);
      Penalty penalty = penalties.get(source);
      return penalty != null && penalty.active();
    } finally {
      lock.unlock();
    }
  }

  /** Notes what the connection of a peer has done. */
  void add(@Nullable SocketAddress peer, Deed deed) {
    Source source = subject(peer);
    Duration more =
        switch (deed) {
          case FAILED -> limits.failed();
          case SILENT -> limits.silent();
          case LATE -> limits.late();
        };
    if (source == null || more.isZero()) {
      return;
    }
    boolean begins;
    long left;
    lock.lock();
    try {
      long now = clock.getAsLong() - zero;
      forget(now);
      Penalty before = penalties.remove(source);
      long start = now;
      if (before != null) {
        boolean unused = byEnd.remove(before);
        start = before.end();
      }
      left = Math.min(start - now + more.toNanos(), limits.most().toNanos());
      boolean was = before != null && before.active();
      boolean active = was || left > limits.least().toNanos();
      begins = active && !was;
      Penalty after = new Penalty(source, now + left, active);
      penalties.put(source, after);
      byEnd.add(after);
      if (penalties.size() > MAX_SOURCES) {
        penalties.remove(byEnd.pollFirst().source());
      }
    } finally {
      lock.unlock();
    }
    if (begins) {
      LOG.log(
          Level.INFO,
          "{0}: connections from {1} are refused for {2} seconds or more, because {3}"
              + " (per-source-penalties)",
          name,
          LogField.peer(source),
          TimeUnit.NANOSECONDS.toSeconds(left),
          LogField.cause(deed.words));
    }
  }

  /** With the lock held: those whose time is over. */
  private void forget(long now) {
    while (!byEnd.isEmpty() && byEnd.first().end() <= now) {
      penalties.remove(byEnd.pollFirst().source());
    }
  }

  /** How many sources are in the table. */
  int size() {
    lock.lock();
    try {
      return penalties.size();
    } finally {
      lock.unlock();
    }
  }
}
