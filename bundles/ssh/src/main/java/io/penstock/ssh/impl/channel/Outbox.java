// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One stream to the peer. */
public final class Outbox implements SinkDriver {
  /**
   * Once so much is on its way to the socket, more waits outside, where it is bounded. The last
   * packet may exceed it: cut to what is left, packets would become ever smaller.
   */
  private static final int MAX_ON_ITS_WAY = 256 * 1024;

  private final OutgoingData out;
  private final boolean errors;
  private final AtomicInteger onItsWay = new AtomicInteger();
  private final AtomicLong dropped = new AtomicLong();
  private volatile Runnable ready = () -> {};
  private volatile boolean ended;

  /**
   * A stream of a channel.
   *
   * @param errors whether it is standard error
   */
  Outbox(OutgoingData out, boolean errors) {
    this.out = out;
    this.errors = errors;
  }

  /** There may be room, or a failure to tell of. */
  void wake() {
    ready.run();
  }

  boolean hasEnded() {
    return ended;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    out.checkWritable();
    int total = 0;
    while (src.hasRemaining() && onItsWay.get() < MAX_ON_ITS_WAY) {
      int n = out.send(errors, src, this);
      if (n == 0) {
        break;
      }
      total += n;
    }
    return total;
  }

  /** Counts what is handed to the connection. */
  void leaving(int bytes) {
    onItsWay.addAndGet(bytes);
    out.held().count(bytes);
  }

  /** Counts what the system has taken. */
  void left(int bytes, @Nullable Throwable failure) {
    uncount(bytes, failure != null);
    if (failure != null) {
      out.writeFailed(failure);
    }
    out.perhapsAllLeft();
    ready.run();
  }

  /** The connection has gone: what of it the library says nothing about any more is not held. */
  void dropAll() {
    uncount(Integer.MAX_VALUE, true);
    ready.run();
  }

  private void uncount(int most, boolean lost) {
    while (true) {
      int before = onItsWay.get();
      int gone = Math.min(before, most);
      if (lost) {
        // First: a flush that sees nothing on its way must see what was dropped.
        dropped.addAndGet(gone);
      }
      if (onItsWay.compareAndSet(before, before - gone)) {
        out.held().count(-gone);
        return;
      }
      if (lost) {
        dropped.addAndGet(-gone);
      }
    }
  }

  @Override
  public long dropped() {
    return dropped.get();
  }

  @Override
  public void end() throws IOException {
    ended = true;
    out.endIfAllHave();
  }

  @Override
  public long room() {
    return out.isWritable() ? -1 : 0;
  }

  @Override
  public long pending() {
    return onItsWay.get();
  }

  @Override
  public long unsent() {
    // Once the peer has gone nothing of it can be saved.
    return out.isWritable() ? onItsWay.get() : 0;
  }

  @Override
  public boolean ready() {
    return !out.isWritable()
        || out.hasSentEnd()
        || (out.hasWindow() && onItsWay.get() < MAX_ON_ITS_WAY);
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public void close() {
    // It was ended before, unless it was cut off, and then the peer must see no end.
  }
}
