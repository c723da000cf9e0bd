// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Account;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that were read from one source and not delivered. While the source is looked at they
 * are in the shared buffer, or in one of its own when there are many; between polls they are in its
 * own, if there are any.
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

  private final SourceEntry owner;
  private @Nullable ByteBuffer own;
  private @Nullable ByteBuffer ownView;
  private boolean inShared;
  // With the highest bit once the bytes are being given back: then none can be taken any more.
  private volatile int start;
  private int limit;
  private boolean reading;
  private boolean gone;
  private boolean returned;
  private boolean filled;
  private volatile @Nullable Account account;
  private int counted;

  /**
   * An empty one.
   *
   * @param owner has it, and the account of what is kept between polls
   */
  Backlog(SourceEntry owner) {
    this.owner = owner;
  }

  /** How many bytes there are. */
  int size() {
    return limit - start();
  }

  private Scratch scratch() {
    return owner.poller.scratch();
  }

  private int start() {
    return start & ~GONE;
  }

  /** All bytes, read-only; valid until the next {@link #fill} or {@link #keep}. */
  ByteBuffer window() {
    ByteBuffer view = inShared ? scratch().view() : ownView;
    if (view == null) {
      throw new IllegalStateException("there is no backlog to look at");
    }
    return view.clear().position(start()).limit(limit);
  }

  /** Counts bytes as delivered. Returns false when they were given back meanwhile. */
  boolean take(int n) {
    // Without the lock, because there may be millions of frames in a second.
    int from = start;
    return from >= 0 && START.compareAndSet(this, from, from + n);
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
    Scratch scratch = scratch();
    ByteBuffer target;
    int heldFrom;
    int heldTo;
    boolean heldShared;
    int grown;
    scratch.lock.lock();
    try {
      if (gone) {
        return 0;
      }
      heldFrom = start();
      heldTo = limit;
      heldShared = inShared;
      target = target();
      reading = true;
      grown = grown();
    } finally {
      scratch.lock.unlock();
    }
    count(grown);
    if (target.remaining() > most) {
      target.limit(target.position() + most);
    }
    int before = target.position();
    try {
      return owner.source().read(target, Wait.none());
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
          inShared = false;
          start = gone ? heldFrom | GONE : heldFrom;
          limit = heldTo;
        }
        if (gone) {
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
    ByteBuffer shared = scratch().shared();
    ByteBuffer mine = own;
    if (size <= FEW || (inShared && shared.capacity() - size >= FEW)) {
      if (inShared || mine == null) {
        shared.clear().position(start()).limit(limit).compact();
      } else {
        shared.clear().put(mine.slice(start(), size));
      }
      inShared = true;
      start = 0;
      limit = size;
      return shared.clear().position(size);
    }
    if (inShared || mine == null) {
      mine = toOwn(2 * size);
    } else if (mine.capacity() - limit < size / 2) {
      mine = makeRoom(mine, size);
    }
    return mine.clear().position(limit);
  }

  /** Has the lock. */
  private ByteBuffer makeRoom(ByteBuffer mine, int size) {
    ByteBuffer bytes = mine.slice(start(), size);
    if (mine.capacity() - size >= size / 2) {
      mine.put(0, bytes, 0, size);
    } else {
      mine = own((int) Math.min(2L * size, MAX));
      mine.put(0, bytes, 0, size);
    }
    start = 0;
    limit = size;
    return mine;
  }

  private ByteBuffer own(int capacity) {
    ByteBuffer fresh = ByteBuffer.allocate(capacity);
    own = fresh;
    ownView = fresh.asReadOnlyBuffer();
    return fresh;
  }

  /** Moves the bytes out of the shared buffer. Has the lock. */
  private ByteBuffer toOwn(int capacity) {
    int size = size();
    ByteBuffer mine = own;
    if (mine == null || mine.capacity() < capacity) {
      mine = own(Math.max(LEAST, 2 * Integer.highestOneBit(Math.max(1, capacity - 1))));
    }
    mine.put(0, scratch().shared(), start(), size);
    inShared = false;
    start = 0;
    limit = size;
    return mine;
  }

  /** Leaves the shared buffer to others. */
  void keep() {
    Scratch scratch = scratch();
    int grown;
    scratch.lock.lock();
    try {
      if (gone) {
        return;
      }
      if (size() == 0) {
        drop();
      } else if (inShared) {
        toOwn(size());
      }
      grown = grown();
    } finally {
      scratch.lock.unlock();
    }
    count(grown);
  }

  /** How much more memory is to be counted than before. Has the lock. */
  private int grown() {
    ByteBuffer mine = gone ? null : own;
    int now = mine == null || mine.capacity() < COUNTED ? 0 : mine.capacity();
    int more = now - counted;
    counted = now;
    if (more != 0 && account == null) {
      account = owner.account();
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
    ownView = null;
    inShared = false;
    start = 0;
    limit = 0;
  }

  /** Has the lock. */
  private ByteBuffer copyOut() {
    ByteBuffer copy = ByteBuffer.allocate(size());
    ByteBuffer from = inShared ? scratch().shared() : own;
    if (from != null) {
      copy.put(0, from, start(), copy.capacity());
    }
    // The bounds and the buffers stay: a framer may be looking at them.
    return copy;
  }

  /**
   * Puts the bytes back on the source; on return they are there. Any thread. Waits only while a
   * read, which never waits, is under way.
   */
  void giveBack() {
    Scratch scratch = scratch();
    ByteBuffer back = null;
    Account mine;
    scratch.lock.lock();
    try {
      boolean first = !gone;
      gone = true;
      mine = account;
      int unused = (int) START.getAndBitwiseOr(this, GONE);
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
    Scratch scratch = scratch();
    try {
      if (back.hasRemaining()) {
        owner.source().unread(back);
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
