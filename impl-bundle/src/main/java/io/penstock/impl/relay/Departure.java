// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.HangUp;
import io.penstock.spi.Messages;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Hangs up the terminal of a program whose peer has gone: the program may go on for ever without
 * input.
 */
final class Departure {
  private static final System.Logger LOG = Messages.log("relay");

  /** How long a program may take to end by itself once the peer of its terminal has gone. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final Engine engine;
  private final Runnable hangUp;
  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private boolean departed;
  private boolean ended;
  private @Nullable Closeable watch;

  private Departure(Engine engine, Runnable hangUp) {
    this.engine = engine;
    this.hangUp = hangUp;
  }

  /**
   * Watches a peer.
   *
   * @param peer the channel to it
   * @param program the channel to its program
   * @param hangUp hangs up the terminal
   * @return null where the program has no terminal, or the peer cannot be watched
   */
  static @Nullable Departure watch(Engine engine, Channel peer, Channel program, Runnable hangUp) {
    HangUp terminal = program.facet(HangUp.class).orElse(null);
    DescriptorSource connection = peer.facet(DescriptorSource.class).orElse(null);
    if (terminal == null || connection == null) {
      return null;
    }
    Departure departure = new Departure(engine, hangUp);
    try {
      departure.keep(terminal.watch(connection, departure::departed));
      return departure;
    } catch (IOException e) {
      LOG.log(
          Level.INFO,
          "{0}: the terminal is not hung up when its peer goes: {1}",
          peer.name(),
          Faults.reason(e));
      return null;
    }
  }

  private void keep(Closeable value) {
    lock.lock();
    try {
      watch = value;
    } finally {
      lock.unlock();
    }
  }

  private void departed() {
    lock.lock();
    try {
      departed = true;
    } finally {
      lock.unlock();
    }
    hangUp();
  }

  /** All that the peer has sent was read. */
  void ended() {
    lock.lock();
    try {
      ended = true;
    } finally {
      lock.unlock();
    }
    hangUp();
  }

  /** What the peer has sent is for the program, whether the peer is there or not. */
  private void hangUp() {
    lock.lock();
    try {
      if (!departed || !ended) {
        return;
      }
    } finally {
      lock.unlock();
    }
    Future<?> unused = engine.schedule(GRACE, hangUp);
  }

  /** The conversation is over. */
  void close() {
    Closeable last;
    lock.lock();
    try {
      last = watch;
      watch = null;
    } finally {
      lock.unlock();
    }
    try {
      if (last != null) {
        last.close();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "what watches a peer could not be closed", e);
    }
  }
}
