// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.view.Frames;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import org.jspecify.annotations.Nullable;

/**
 * What time the peer of one source has, by its framing's limits, and since when. With the turn to
 * poll, except where said.
 */
final class Pace {
  /** An instant, and which of several at the same. */
  record Alarm(long at, long number) {}

  private final SourceEntry entry;
  // In nanoseconds.
  private final long within;
  private final long idle;
  private long since;
  private boolean counting;
  private boolean starving;
  private long starvedAt;
  private boolean partial;
  private @Nullable Alarm alarm;
  private volatile boolean resumed;

  private Pace(SourceEntry entry, Framing framing) {
    this.entry = entry;
    this.within = nanos(framing.frameTimeout());
    this.idle = nanos(framing.idleTimeout());
  }

  /** Null for a framing without limits, so that a source without them pays nothing. */
  static @Nullable Pace of(SourceEntry entry, Framing framing) {
    Wait.Kind none = Wait.Kind.FOREVER;
    boolean limited = framing.frameTimeout().kind() != none || framing.idleTimeout().kind() != none;
    return limited ? new Pace(entry, framing) : null;
  }

  private static long nanos(Wait limit) {
    return limit.kind() == Wait.Kind.FOREVER ? Long.MAX_VALUE : limit.nanos();
  }

  SourceEntry entry() {
    return entry;
  }

  /** When it is looked at though nothing comes; it belongs to {@link Alarms}. */
  @Nullable Alarm alarm() {
    return alarm;
  }

  void alarm(@Nullable Alarm value) {
    alarm = value;
  }

  /** The time begins anew. Any thread. */
  void resume() {
    resumed = true;
  }

  /** The time is not the peer's: another cause delays the frame. */
  void stop() {
    counting = false;
    starving = false;
  }

  /** Without memory to read with, the time stands still; it does not begin anew. */
  void starves(Alarms alarms) {
    if (!starving) {
      starving = true;
      starvedAt = alarms.now();
    }
  }

  /**
   * Notes that the peer keeps us waiting.
   *
   * @param part whether a frame has begun
   * @param there how many bytes of it are there
   * @param anew whether a frame has come since the last time
   * @param all whether everything that is there was read, without which nobody is late
   * @throws StreamTimeoutException if the peer has had its time
   */
  void waits(Alarms alarms, boolean part, int there, boolean anew, boolean all)
      throws StreamTimeoutException {
    long limit = part ? within : idle;
    if (limit == Long.MAX_VALUE) {
      counting = false;
      return;
    }
    long now = alarms.now();
    if (starving) {
      starving = false;
      since += now - starvedAt;
    }
    if (!counting || part != partial || anew || resumed) {
      resumed = false;
      since = now;
      partial = part;
      counting = true;
    } else if (now - since >= limit && all) {
      throw new StreamTimeoutException(entry.end().name(), Frames.late(limit, part, there), 0);
    }
    alarms.set(this, since + limit);
  }
}
