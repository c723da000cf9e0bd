// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The directions of relays that move bytes without copies now. They are few, because each takes
 * four descriptors, and a user without privileges has 64 pipes of the largest size from the system:
 * those beyond have room for two pages. Safe for use by any thread.
 */
public final class Splices {
  static final int MOST = 32;

  /** After such a pause another one may have the place. */
  static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** One of them. */
  public interface Holder {
    /** Whether bytes are on the way, so that it cannot give its place back. */
    boolean isLoaded();

    /** When it has last moved bytes, in nanoseconds. */
    long lastMoved();

    /** Another one needs the place: it is to be released unless bytes are on the way by now. */
    void giveBack();
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Set<Holder> holders = new HashSet<>();

  /**
   * Takes a place, never waiting; to be released in the end. If there is none, the one that has
   * been idle for longest, and can, is asked to give its own back.
   *
   * @param now in nanoseconds
   * @return false if there is none now
   */
  public boolean take(Holder holder, long now) {
    @Nullable Holder idlest = null;
    lock.lock();
    try {
      if (holders.size() < MOST) {
        return holders.add(holder);
      }
      for (Holder each : holders) {
        if (!each.isLoaded() && (idlest == null || each.lastMoved() - idlest.lastMoved() < 0)) {
          idlest = each;
        }
      }
    } finally {
      lock.unlock();
    }
    if (idlest != null && now - idlest.lastMoved() > IDLE_NANOS) {
      idlest.giveBack();
    }
    return false;
  }

  /** Gives a place back. */
  public void release(Holder holder) {
    lock.lock();
    try {
      holders.remove(holder);
    } finally {
      lock.unlock();
    }
  }
}
