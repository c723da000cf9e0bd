// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.error.BrokenPipeException;
import io.penstock.impl.core.Faults;
import io.penstock.spi.SegmentSink;
import io.penstock.spi.SegmentSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A buffer of segments on one lock: private chunks that copies go to, and buffers that were given.
 * Both halves are drivers; each may be used by any thread.
 */
public final class MemoryPipe {
  private static final int CHUNK = 64 * 1024;
  private static final int FIRST_CHUNK = 4 * 1024;

  /** A run of bytes. The bytes from {@code data}'s position to {@code end} are unread. */
  private static final class Segment {
    private final ByteBuffer data;
    private final boolean own;
    private final @Nullable Runnable released;
    private int end;

    Segment(ByteBuffer data, boolean own, @Nullable Runnable released) {
      this.data = data;
      this.own = own;
      this.released = released;
      this.end = own ? 0 : data.limit();
    }

    int unread() {
      return end - data.position();
    }

    int room() {
      return own ? data.capacity() - end : 0;
    }
  }

  private final String name;
  private final long capacity;
  private final boolean direct;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Segment> segments = new ArrayDeque<>(2);
  private final Source source = new Source();
  private final Sink sink = new Sink();

  private long buffered;
  private long dropped;
  private long reads;
  private boolean ended;
  private boolean readerClosed;
  private boolean drainedTold;
  private @Nullable Throwable failure;
  private @Nullable Segment spare;
  private @Nullable Segment lent;
  private volatile Runnable sourceReady = () -> {};
  private volatile Runnable sinkReady = () -> {};
  private volatile Runnable onDrained = () -> {};

  /** A pipe without a name of its own. */
  public MemoryPipe(long capacity, boolean direct) {
    this("pipe", capacity, direct);
  }

  /**
   * Makes an empty pipe; it needs no memory for bytes before the first write.
   *
   * @param name for errors
   * @param capacity in bytes; {@link Long#MAX_VALUE} for no bound
   * @param direct whether copies are kept outside the heap
   */
  public MemoryPipe(String name, long capacity, boolean direct) {
    this.name = name;
    this.capacity = capacity;
    this.direct = direct;
  }

  /** The readable half. */
  public SegmentSource source() {
    return source;
  }

  /** The writable half. */
  public SegmentSink sink() {
    return sink;
  }

  /** Calls back once, when the stream was ended and everything was read. */
  public void onDrained(Runnable callback) {
    onDrained = callback;
    tellDrained();
  }

  /**
   * Cuts the stream: what is buffered is still read, then each read throws; writes throw at once.
   */
  public void abort(Throwable cause) {
    lock.lock();
    try {
      if (failure == null && !(ended && buffered == 0) && !readerClosed) {
        failure = cause;
      }
    } finally {
      lock.unlock();
    }
    sourceReady.run();
    sinkReady.run();
  }

  private void tellDrained() {
    boolean tell;
    lock.lock();
    try {
      tell = ended && buffered == 0 && failure == null && !drainedTold && !readerClosed;
      drainedTold |= tell;
    } finally {
      lock.unlock();
    }
    if (tell) {
      onDrained.run();
    }
  }

  private static void release(List<Segment> gone) {
    for (Segment segment : gone) {
      if (segment.released != null) {
        segment.released.run();
      }
    }
  }

  private final class Source implements SegmentSource {
    @Override
    public boolean ready() {
      lock.lock();
      try {
        return buffered > 0 || ended || failure != null;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onReady(Runnable ready) {
      sourceReady = ready;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      List<Segment> gone = new ArrayList<>(0);
      int n = 0;
      lock.lock();
      try {
        reads++;
        while (buffered > 0 && dst.hasRemaining()) {
          Segment head = segments.getFirst();
          int step = Math.min(head.unread(), dst.remaining());
          int at = head.data.position();
          dst.put(dst.position(), head.data, at, step).position(dst.position() + step);
          n += step;
          advance(head, step, gone);
        }
        if (n == 0) {
          if (failure != null) {
            throw Faults.again(name, failure);
          }
          n = ended ? -1 : 0;
        }
      } finally {
        lock.unlock();
        afterRead(gone);
      }
      return n;
    }

    /** Marks bytes of the head as read. Has the lock. */
    private void advance(Segment head, int n, List<Segment> gone) {
      head.data.position(head.data.position() + n);
      buffered -= n;
      if (head.unread() > 0) {
        return;
      }
      segments.removeFirst();
      if (head.own) {
        head.data.position(0);
        head.end = 0;
        spare = head;
      } else {
        gone.add(head);
      }
    }

    private void afterRead(List<Segment> gone) {
      release(gone);
      sinkReady.run();
      tellDrained();
    }

    @Override
    public @Nullable ByteBuffer take(int max) {
      List<Segment> gone = new ArrayList<>(0);
      ByteBuffer run;
      lock.lock();
      try {
        reads++;
        Segment head = segments.peekFirst();
        if (head == null || head.unread() == 0) {
          return null;
        }
        int n = Math.min(max, head.unread());
        int at = head.data.position();
        if (head.own || head.released != null) {
          run = ByteBuffer.allocate(n).put(0, head.data, at, n);
        } else {
          run = n == head.data.capacity() ? head.data.duplicate() : head.data.slice(at, n);
        }
        advance(head, n, gone);
      } finally {
        lock.unlock();
        afterRead(gone);
      }
      return run;
    }

    @Override
    public @Nullable ByteBuffer lend(int max) {
      lock.lock();
      try {
        reads++;
        Segment head = segments.peekFirst();
        if (head == null || head.unread() == 0) {
          return null;
        }
        lent = head;
        int n = Math.min(max, head.unread());
        return head.data.slice(head.data.position(), n).asReadOnlyBuffer();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void unlend(int consumed) {
      List<Segment> gone = new ArrayList<>(0);
      lock.lock();
      try {
        Segment head = lent;
        lent = null;
        if (head != null && head == segments.peekFirst() && consumed > 0) {
          advance(head, consumed, gone);
        }
      } finally {
        lock.unlock();
        afterRead(gone);
      }
    }

    @Override
    public long available() {
      lock.lock();
      try {
        return buffered;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long capacity() {
      return capacity;
    }

    @Override
    public void close() {
      List<Segment> gone = new ArrayList<>(0);
      lock.lock();
      try {
        if (readerClosed) {
          return;
        }
        readerClosed = true;
        dropped += buffered;
        buffered = 0;
        gone.addAll(segments);
        segments.clear();
        spare = null;
      } finally {
        lock.unlock();
      }
      release(gone);
      sinkReady.run();
    }
  }

  private final class Sink implements SegmentSink {
    @Override
    public boolean ready() {
      lock.lock();
      try {
        return buffered < capacity || readerClosed || failure != null || ended;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onReady(Runnable ready) {
      sinkReady = ready;
    }

    /** Has the lock. */
    private void check() throws IOException {
      if (failure != null) {
        throw Faults.again(name, failure);
      }
      if (readerClosed) {
        throw new BrokenPipeException(name, "nobody will read any more", dropped);
      }
      if (ended) {
        throw new BrokenPipeException(name, "the stream has ended", 0);
      }
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      int n;
      lock.lock();
      try {
        check();
        n = (int) Math.min(src.remaining(), Math.max(0, capacity - buffered));
        int left = n;
        while (left > 0) {
          Segment tail = tail(left);
          int step = Math.min(left, tail.room());
          tail.data.put(tail.end, src, src.position(), step);
          src.position(src.position() + step);
          tail.end += step;
          left -= step;
        }
        buffered += n;
      } finally {
        lock.unlock();
      }
      if (n > 0) {
        sourceReady.run();
      }
      return n;
    }

    private Segment tail(int want) {
      Segment tail = segments.peekLast();
      if (tail != null && tail.room() > 0) {
        return tail;
      }
      Segment fresh = spare;
      spare = null;
      if (fresh == null || (fresh.data.capacity() < want && fresh.data.capacity() < CHUNK)) {
        int size = want <= FIRST_CHUNK && segments.isEmpty() ? FIRST_CHUNK : CHUNK;
        size = (int) Math.min(size, Math.max(capacity, 1));
        fresh =
            new Segment(
                direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size), true, null);
      }
      segments.addLast(fresh);
      return fresh;
    }

    @Override
    public boolean give(ByteBuffer immutable, @Nullable Runnable released) throws IOException {
      lock.lock();
      try {
        check();
        if (buffered >= capacity) {
          return false;
        }
        segments.addLast(new Segment(immutable, false, released));
        buffered += immutable.remaining();
      } finally {
        lock.unlock();
      }
      sourceReady.run();
      return true;
    }

    @Override
    public void end() {
      lock.lock();
      try {
        ended = true;
      } finally {
        lock.unlock();
      }
      sourceReady.run();
      tellDrained();
    }

    @Override
    public long room() {
      lock.lock();
      try {
        return readerClosed || failure != null || ended
            ? 0
            : capacity == Long.MAX_VALUE ? capacity : Math.max(0, capacity - buffered);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long pending() {
      lock.lock();
      try {
        return buffered;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long dropped() {
      lock.lock();
      try {
        return dropped;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long reads() {
      lock.lock();
      try {
        return readerClosed ? Long.MAX_VALUE : reads;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      end();
    }
  }
}
