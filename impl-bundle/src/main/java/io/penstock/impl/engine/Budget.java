// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A limit on the memory of buffers that hold bytes, and how much of it is used. Counted when a
 * buffer is filled, grows, shrinks or is let go; never for a single read or write.
 */
public final class Budget {
  private final String name;
  private final String cure;
  private final AtomicLong held = new AtomicLong();
  private volatile long limit;
  // Whether a holder had to wait for memory since the last relief.
  private volatile boolean missed;
  private final AtomicLong toldAt = new AtomicLong(Long.MIN_VALUE);

  /**
   * Makes an unused one.
   *
   * @param name whose memory it is, for errors
   * @param cure what an operator can change, for errors
   */
  Budget(String name, String cure, long limit) {
    this.name = name;
    this.cure = cure;
    this.limit = limit;
  }

  String name() {
    return name;
  }

  String cure() {
    return cure;
  }

  /** How many bytes are held. */
  public long held() {
    return held.get();
  }

  /** How many bytes may be held. */
  public long limit() {
    return limit;
  }

  /** Changes the limit; what is held already stays until the next shortage. */
  public void limit(long value) {
    limit = value;
  }

  /** Whether nothing more may be read into buffers; notes that a reader wanted to. */
  boolean isSpent() {
    if (!isReached()) {
      return false;
    }
    missed = true;
    return true;
  }

  /** Whether the limit is reached, without a note of it. */
  boolean isReached() {
    return held.get() >= limit;
  }

  /** Whether only small pieces should be read. */
  boolean isScarce() {
    long most = limit;
    return held.get() >= most - most / 4;
  }

  /** Whether a quarter of the limit has room for so many bytes more. */
  boolean isAmple(long bytes) {
    return held.get() <= limit / 4 - bytes;
  }

  /** Where a relief leaves off. */
  long calm() {
    long most = limit;
    return most - most / 2;
  }

  /** Whether a holder has waited since the last call of this method. */
  boolean tookMissed() {
    boolean was = missed;
    missed = false;
    return was;
  }

  void miss() {
    missed = true;
  }

  /** Whether the relief has something to do for it. */
  boolean needsRelief() {
    return missed || isReached();
  }

  /** Whether a line about it may be logged now: one in so many nanoseconds. */
  boolean mayTell(long now, long quiet) {
    long last = toldAt.get();
    return (last == Long.MIN_VALUE || now - last >= quiet) && toldAt.compareAndSet(last, now);
  }

  /** Adds bytes; returns whether the limit is reached by this. */
  boolean add(long bytes) {
    boolean reached = held.addAndGet(bytes) >= limit;
    if (reached) {
      missed = true;
    }
    return reached;
  }

  /** Takes bytes off; returns whether memory is not scarce any more by this. */
  boolean remove(long bytes) {
    long most = limit;
    long scarce = most - most / 4;
    long left = held.addAndGet(-bytes);
    return left < scarce && left + bytes >= scarce;
  }
}
