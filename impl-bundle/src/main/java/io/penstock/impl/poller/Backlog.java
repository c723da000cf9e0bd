// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Account;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that were read from one source and not delivered. They are in the shared buffer until
 * another source needs that, or in a buffer of its own when there are many. It is lent to a source
 * that reads, until all is delivered: one that is idle, and has never held much, has none.
 *
 * <p>The polling thread uses it; {@link #giveBack} may come from any thread. Only the former moves
 * the bounds, with the lock, and so may look at them without.
 */
final class Backlog {
  /** What is cheaper to copy in front of the next read than to read behind it in small pieces. */
  private static final int FEW = 4 * 1024;

  private static final int LEAST = 256;

  /** What is smaller belongs to the weight of a connection. */
  private static final int COUNTED = 2048;

  private static final int MAX = Integer.MAX_VALUE - 8;
  private static final int GONE = 1 << 31;
  private static final VarHandle START;

  static {
    try {
      START = MethodHandles.lookup().findVarHandle(Backlog.class, "start", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Scratch scratch;
  // Null while it is lent to nobody.
  private @Nullable SourceEntry owner;
  private Scratch.@Nullable Room own;
  private boolean inShared;
  // With the highest bit once the bytes are being given back: then none can be taken any more.
  private volatile int start;
  private int limit;
  private boolean reading;
  private boolean returned;
  private boolean filled;
  private volatile @Nullable Account account;
  private int counted;

  /** An empty one, lent to nobody. */
  Backlog(Scratch scratch) {
    this.scratch = scratch;
  }

  /**
   * Lends it.
   *
   * @param source has it, and the account of what is kept between polls
   */
  void lend(SourceEntry source) {
    owner = source;
  }

  private SourceEntry owner() {
    return Objects.requireNonNull(owner, "owner");
  }

  /** How many bytes there are. */
  int size() {
    return limit - start();
  }

  /** Where the bytes begin in the {@link #window}. */
  int start() {
    return start & ~GONE;
  }

  /** Whether the bytes are being given back. Has the lock. */
  private boolean gone() {
    return start < 0;
  }

  /** Where the bytes are. */
  private Scratch.Room room() {
    Scratch.Room mine = inShared ? scratch.shared() : own;
    if (mine == null) {
      throw new IllegalStateException("there is no backlog to look at");
    }
    return mine;
  }

  /** All bytes, read-only; valid until the next {@link #fill} or {@link #keep} of any source. */
  ByteBuffer window() {
    return room().view().limit(limit).position(start()).order(ByteOrder.BIG_ENDIAN);
  }

  /**
   * Counts bytes as delivered. Returns false when they were given back meanwhile.
   *
   * @param from {@link #start}
   */
  boolean take(int from, int n) {
    // Without the lock, because there may be millions of frames in a second.
    return START.compareAndSet(this, from, from + n);
  }

  /** Whether the last read was given all it had room for, so that there may well be more. */
  boolean filled() {
    return filled;
  }

  /**
   * Reads more behind what is there, as {@link SourceEnd#read} does.
   *
   * @param most bytes, 1 or more
   */
  int fill(int most) throws IOException {
    ByteBuffer target;
    int heldFrom;
    int heldTo;
    boolean heldShared;
    int grown;
    if (!inShared && size() <= FEW) {
      scratch.makeWay();
    }
    scratch.lock.lock();
    try {
      // A source that was unregistered before it was lent this has not marked it.
      if (gone() || owner().gone()) {
        return 0;
      }
      heldFrom = start();
      heldTo = limit;
      heldShared = inShared;
      target = target();
      grown = grown();
      reading = true;
    } finally {
      scratch.lock.unlock();
    }
    count(grown);
    if (target.remaining() > most) {
      target.limit(target.position() + most);
    }
    int before = target.position();
    try {
      return owner().source().read(target, Wait.none());
    } finally {
      ByteBuffer back = null;
      scratch.lock.lock();
      try {
        reading = false;
        int n = target.position() - before;
        filled = !target.hasRemaining();
        limit += n;
        if (n == 0 && inShared && !heldShared) {
          // Nothing came: what was copied in front is still where it was.
          leaveShared();
          start = gone() ? heldFrom | GONE : heldFrom;
          limit = heldTo;
        }
        if (gone()) {
          back = copyOut();
        }
      } finally {
        scratch.lock.unlock();
      }
      if (back != null) {
        unread(back);
      }
    }
  }

  /** Where to read to, with room, behind what is there. Has the lock. */
  private ByteBuffer target() {
    int size = size();
    ByteBuffer shared = scratch.shared().bytes();
    Scratch.Room mine = own;
    if (size <= FEW || (inShared && shared.capacity() - size >= FEW)) {
      if (inShared || mine == null) {
        if (start() > 0) {
          shared.clear().position(start()).limit(limit).compact();
        }
      } else {
        shared.clear().put(mine.bytes().slice(start(), size));
      }
      inShared = true;
      scratch.holder(this);
      start = 0;
      limit = size;
      return shared.clear().position(size);
    }
    if (inShared || mine == null) {
      mine = toOwn(2 * size);
    } else if (mine.bytes().capacity() - limit < size / 2) {
      mine = makeRoom(mine, size);
    }
    return mine.bytes().clear().position(limit);
  }

  /** Has the lock. */
  private Scratch.Room makeRoom(Scratch.Room mine, int size) {
    ByteBuffer bytes = mine.bytes().slice(start(), size);
    Scratch.Room to = mine;
    if (mine.bytes().capacity() - size < size / 2) {
      to = makeOwn((int) Math.min(2L * size, MAX));
    }
    to.bytes().put(0, bytes, 0, size);
    start = 0;
    limit = size;
    return to;
  }

  private Scratch.Room makeOwn(int capacity) {
    Scratch.Room fresh = Scratch.Room.of(ByteBuffer.allocate(capacity));
    own = fresh;
    return fresh;
  }

  /** Moves the bytes out of the shared buffer. Has the lock. */
  private Scratch.Room toOwn(int capacity) {
    int size = size();
    Scratch.Room mine = own;
    if (mine == null || mine.bytes().capacity() < capacity) {
      mine = makeOwn(Math.max(LEAST, 2 * Integer.highestOneBit(Math.max(1, capacity - 1))));
    }
    // A read while memory is scarce leaves a limit there.
    mine.bytes().clear().put(0, scratch.shared().bytes(), start(), size);
    leaveShared();
    start = 0;
    limit = size;
    return mine;
  }

  /** Has the lock. */
  private void leaveShared() {
    inShared = false;
    scratch.leave(this);
  }

  /** Leaves the shared buffer to another source. */
  void makeWay() {
    settle(true);
  }

  /**
   * Ends a look: lets go of a buffer that holds nothing.
   *
   * @return whether this is lent to nobody from now on
   */
  boolean keep() {
    return settle(false);
  }

  private boolean settle(boolean inOwn) {
    int grown;
    scratch.lock.lock();
    try {
      if (gone()) {
        return false;
      }
      if (size() == 0) {
        drop();
        if (!inOwn && account == null) {
          filled = false;
          owner = null;
          return true;
        }
      } else if (inOwn && inShared) {
        toOwn(size());
      }
      grown = grown();
    } finally {
      scratch.lock.unlock();
    }
    count(grown);
    return false;
  }

  /** How much more memory is to be counted than before. Has the lock. */
  private int grown() {
    Scratch.Room mine = gone() ? null : own;
    int capacity = mine == null ? 0 : mine.bytes().capacity();
    int now = capacity < COUNTED ? 0 : capacity;
    int more = now - counted;
    counted = now;
    if (more != 0 && account == null) {
      account = owner().account();
    }
    return more;
  }

  private void count(int grown) {
    Account mine = account;
    if (mine == null || grown == 0) {
      return;
    }
    if (grown > 0) {
      mine.hold(grown);
    } else {
      mine.release(-grown);
    }
  }

  private void drop() {
    own = null;
    leaveShared();
    start = 0;
    limit = 0;
  }

  /** Has the lock. */
  private ByteBuffer copyOut() {
    boolean copied = false;
    try {
      ByteBuffer copy = ByteBuffer.allocate(size());
      if (copy.hasRemaining()) {
        copy.put(0, room().bytes(), start(), copy.capacity());
      }
      copied = true;
      return copy;
    } finally {
      // The bounds and the buffers stay: a framer may be looking at them.
      scratch.leave(this);
      if (!copied) {
        // For want of memory: nobody is to wait for bytes that cannot come back.
        returned = true;
        scratch.settled.signalAll();
      }
    }
  }

  /**
   * Puts the bytes back on the source; on return they are there. Any thread. Waits only while a
   * read, which never waits, is under way.
   *
   * @param source to which this was lent a moment ago
   */
  void giveBack(SourceEntry source) {
    ByteBuffer back = null;
    Account mine;
    scratch.lock.lock();
    try {
      if (owner != source) {
        // Everything was delivered.
        return;
      }
      boolean first = (int) START.getAndBitwiseOr(this, GONE) >= 0;
      mine = account;
      if (first && !reading) {
        back = copyOut();
      }
      while (back == null && !returned) {
        scratch.settled.awaitUninterruptibly();
      }
    } finally {
      scratch.lock.unlock();
    }
    if (mine != null) {
      // Also what a poll that runs beside this counts afterwards.
      mine.close();
    }
    if (back != null) {
      unread(back);
    }
  }

  private void unread(ByteBuffer back) {
    try {
      if (back.hasRemaining()) {
        owner().source().unread(back);
      }
    } finally {
      scratch.lock.lock();
      try {
        returned = true;
        scratch.settled.signalAll();
      } finally {
        scratch.lock.unlock();
      }
    }
  }
}
