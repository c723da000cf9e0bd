// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.core.Splicing;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Reactor;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.Splices;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Finds a shortcut for a direction when one pays, and leaves it again. */
final class Detour implements Splices.Holder {
  /** How much has to go across before a shortcut is looked for: finding one takes a while. */
  private static final long WORTH = 4 << 20;

  private final Engine engine;
  private final SourceEnd source;
  private final SinkEnd sink;
  private final PosixAccess posix;
  private final SendBuffer sendBuffer;
  private final Supplier<@Nullable Reactor> carrier;
  private final AtomicReference<@Nullable Shortcut> shortcut = new AtomicReference<>();
  private final LongSupplier lastMoved;
  private volatile boolean finished;

  // Of the direction's task: what has moved since a shortcut was last thought of, and whether one
  // was looked for.
  private long bytesSince;
  private int piecesSince;
  private boolean sought;

  /**
   * None yet.
   *
   * @param lastMoved when the direction has last moved bytes, in nanoseconds
   * @param carrier the thread on which the direction moves; null for any worker
   */
  Detour(
      Engine engine,
      SourceEnd source,
      SinkEnd sink,
      PosixAccess posix,
      SendBuffer sendBuffer,
      LongSupplier lastMoved,
      Supplier<@Nullable Reactor> carrier) {
    this.engine = engine;
    this.source = source;
    this.sink = sink;
    this.posix = posix;
    this.sendBuffer = sendBuffer;
    this.lastMoved = lastMoved;
    this.carrier = carrier;
  }

  /** The way to take; null for copying. */
  @Nullable Shortcut shortcut() {
    return shortcut.get();
  }

  /** The direction goes on after a wait. */
  void goesOn() {
    Shortcut fast = shortcut.get();
    if (fast != null) {
      fast.goesOn();
    }
  }

  /** Bytes went across; only of the direction's task. */
  void moved(int n) {
    if (sought) {
      return;
    }
    bytesSince += n;
    piecesSince++;
    if (bytesSince >= WORTH) {
      long mean = bytesSince / piecesSince;
      bytesSince = 0;
      piecesSince = 0;
      if (Shortcut.pays(mean, sendBuffer.takesWhole()) && !Shortcut.isHidden(source, sink)) {
        look();
      }
    }
  }

  private void look() {
    if (!Splicing.pays(source, sink)) {
      sought = true;
    } else if (posix.splices().take(this, lastMoved())) {
      sought = true;
      // It reads a folder, and other conversations wait for this thread.
      engine.execute(this::seek);
    }
  }

  private void seek() {
    Shortcut found = null;
    try {
      found = Shortcut.find(source, sink, posix, sendBuffer.most(), engine);
    } finally {
      if (found == null) {
        posix.splices().release(this);
      }
    }
    shortcut.set(found);
    if (finished) {
      close();
    }
  }

  /** Copying is better after all; only of the direction's task. */
  void useless() {
    close();
    // It pays again when nobody looks on any more.
    sought = !Shortcut.isHidden(source, sink);
  }

  /** The conversation is over. */
  void finish() {
    finished = true;
    close();
  }

  /** Leaves it, if there is one; what is on the way is lost. */
  void close() {
    Shortcut fast = shortcut.getAndSet(null);
    if (fast != null) {
      try {
        fast.close();
      } finally {
        posix.splices().release(this);
      }
    }
  }

  @Override
  public boolean isLoaded() {
    Shortcut fast = shortcut.get();
    return fast != null && fast.isLoaded();
  }

  @Override
  public long lastMoved() {
    return lastMoved.getAsLong();
  }

  @Override
  public void giveBack() {
    Reactor mine = carrier.get();
    boolean unused = mine != null && mine.execute(this::leave);
  }

  /** Only on the carrier's thread, where no task of the direction runs meanwhile. */
  private void leave() {
    if (shortcut.get() != null && !isLoaded()) {
      close();
      sought = false;
    }
  }
}
