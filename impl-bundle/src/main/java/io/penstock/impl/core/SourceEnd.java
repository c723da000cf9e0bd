// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.buffer.Holding;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Waiter;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.HandleSource;
import io.penstock.impl.posix.SplicePipe;
import io.penstock.impl.posix.SpliceSource;
import io.penstock.impl.view.FileView;
import io.penstock.impl.view.PeekView;
import io.penstock.impl.view.SourceInputStream;
import io.penstock.impl.view.SourcePublisher;
import io.penstock.impl.view.SourceReader;
import io.penstock.spi.Messages;
import io.penstock.spi.SegmentSource;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteConsumer;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FileMode;
import io.penstock.stream.PeekSource;
import io.penstock.stream.Signal;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A source over a driver. What a long read could not use is kept in front of the driver's bytes.
 */
public final class SourceEnd extends End implements ByteSource {
  private static final System.Logger LOG = Messages.log("core");
  private static final int CHUNK = 64 * 1024;
  private static final int PEEK = 8 * 1024;
  private static final int SMALL = 16;
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);
  private static final VarHandle BACK;
  private static final VarHandle READABLE;
  private static final VarHandle PUBLISHER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      BACK = lookup.findVarHandle(SourceEnd.class, "back", Front.class);
      READABLE = lookup.findVarHandle(SourceEnd.class, "readable", Level.class);
      PUBLISHER = lookup.findVarHandle(SourceEnd.class, "publisher", SourcePublisher.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Made when it is first asked for.
  private volatile @Nullable Level readable;
  // Bytes before the driver's: a snapshot, never changed in place. Swapped with the turn, and by a
  // close.
  private volatile Front back = Front.EMPTY;
  private boolean atEnd;
  // The driver again, without a cast for each call.
  private volatile @Nullable SourceDriver typed;
  // Where handles wait that came with the bytes; null where none can come.
  private volatile @Nullable Arrivals arrivals;
  private volatile boolean selected;
  private volatile @Nullable Thread lender;
  // Whether the holder of the turn waits for a sink.
  private volatile boolean passing;
  private volatile @Nullable SourcePublisher publisher;

  /** A source whose driver comes later. */
  public SourceEnd(String name, Engine engine, Wait wait) {
    super(name, engine, wait);
  }

  /** A source over a driver that is there already. */
  public SourceEnd(String name, Engine engine, Wait wait, SourceDriver driver) {
    this(name, engine, wait);
    attach(driver);
  }

  @Override
  public @Nullable SourceDriver driver() {
    return typed;
  }

  // ---- one try

  private int tryRead(ByteBuffer dst, boolean waited) throws IOException {
    return tryRead(dst, waited, null);
  }

  private int tryRead(ByteBuffer dst, boolean waited, @Nullable LongRead by) throws IOException {
    check(waited);
    if (absent()) {
      throw new NotSupportedException(name(), "reading", "this channel has no input");
    }
    int fromBack = readBack(dst, by);
    SourceDriver current = driver();
    if (current == null || !dst.hasRemaining()) {
      return fromBack;
    }
    Arrivals with = arrivals;
    if (fromBack > 0 && (with != null || !current.ready())) {
      return fromBack;
    }
    int n;
    try {
      n = Faults.answer(name(), by == null ? current.read(dst) : read(current, dst, by), -1);
    } catch (IOException e) {
      if (fromBack > 0) {
        return fromBack;
      }
      met(e);
      if (isClosed()) {
        throw closedFault(waited);
      }
      throw Faults.again(name(), e);
    }
    if (n == 0) {
      selected = false;
      if (fromBack == 0) {
        nothingNow(waited);
      }
    } else if (n < 0 && fromBack == 0) {
      // A driver that counts what a long read holds may still fail before that is delivered.
      atEnd = holding() == null;
      met();
      return -1;
    }
    if (with != null && n > 0) {
      with.read(n);
    }
    return fromBack + Math.max(n, 0);
  }

  /** Where handles wait that came with the bytes; null where none can come. */
  public @Nullable Arrivals arrivals() {
    return arrivals;
  }

  /** Tells how far was read, or with a count below zero how much was put back. */
  private void count(long n) {
    Arrivals with = arrivals;
    if (with != null && n != 0) {
      with.read(n);
    }
  }

  /** How much of what is in front one read may take, so that handles are bound to their bytes. */
  private int most(int n) {
    Arrivals with = arrivals;
    return with == null ? n : (int) Math.min(n, with.most());
  }

  private void nothingNow(boolean waited) throws IOException {
    selected = false;
    // A close that came meanwhile has dropped what was there: that is not "nothing now".
    check(waited);
    clearedReadable();
  }

  /** Reads for a long read; what has no account but this source's is loose. */
  private static int read(SourceDriver driver, ByteBuffer dst, LongRead by) throws IOException {
    if (driver instanceof Holding it) {
      return it.hold(dst, by.frees);
    }
    int n = driver.read(dst);
    by.loose += Math.max(n, 0);
    return n;
  }

  private @Nullable Holding holding() {
    return typed instanceof Holding it ? it : null;
  }

  private int readBack(ByteBuffer dst, @Nullable LongRead by) {
    while (true) {
      Front front = back;
      int n = Math.min(front.size(), dst.remaining());
      if (n == 0) {
        return 0;
      }
      n = most(n);
      int at = dst.position();
      dst.put(at, front.bytes(), front.bytes().position(), n).position(at + n);
      if (swapBack(front, front.after(n)) && tookBack(front, n, by)) {
        count(n);
        return n;
      }
      // Closed meanwhile, and dropped there; or another caller has put more in front of it.
      dst.position(at);
    }
  }

  /** Has the driver count what was taken out of the front; false if it was dropped before. */
  private boolean tookBack(Front front, int n, @Nullable LongRead by) {
    int loose = Math.min(n, front.loose());
    Holding it = holding();
    if (by == null) {
      return it == null || n == loose || it.deliver(n - loose);
    }
    by.loose += loose;
    if (it != null && by.frees) {
      it.free(n - loose);
    }
    return true;
  }

  /**
   * Delivers the first bytes that a long read has gathered.
   *
   * @return false if they were dropped by a close before
   */
  private boolean deliver(LongRead by, int n) {
    int loose = Math.min(n, by.loose);
    by.loose -= loose;
    Holding it = holding();
    return it == null || n == loose || it.deliver(n - loose);
  }

  /**
   * Puts bytes that a long read did not deliver in front again, in a buffer that does not change
   * any more.
   */
  private void giveBack(LongRead by, ByteBuffer rest) {
    Holding it = holding();
    if (it != null) {
      it.keep();
    }
    count(-rest.remaining());
    pushFront(rest, Math.min(by.loose, rest.remaining()));
  }

  private boolean swapBack(Front old, Front fresh) {
    return BACK.compareAndSet(this, old, fresh);
  }

  /** Takes everything out that is in front. */
  private Front takeBack() {
    return (Front) BACK.getAndSet(this, Front.EMPTY);
  }

  /**
   * Puts bytes in front of everything, in a buffer that no other code will change.
   *
   * @param loose how many of the first ones the driver does not count any more
   */
  private void pushFront(ByteBuffer bytes, int loose) {
    if (!bytes.hasRemaining()) {
      return;
    }
    Front old;
    do {
      old = back;
    } while (!swapBack(old, old.behind(bytes, loose)));
    // A close marks first and then drops what is in front: one of the two sees the other.
    if (isClosed()) {
      dropBack();
    } else {
      wake();
    }
  }

  private void dropBack() {
    long dropped = takeBack().loose();
    if (dropped > 0) {
      warnDropped(dropped);
    }
  }

  /** Puts bytes that were read but not used back in front; they are copied. */
  public void unread(ByteBuffer bytes) {
    count(-bytes.remaining());
    ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    pushFront(copy, copy.remaining());
  }

  @Override
  public boolean likely() {
    if (isClosed() || failure() != null || absent() || hasBack()) {
      return true;
    }
    SourceDriver current = driver();
    return current != null && current.ready();
  }

  private boolean hasBack() {
    return back.size() > 0;
  }

  @Override
  public void selected() {
    selected = true;
  }

  @Override
  boolean tookSelection() {
    return selected;
  }

  /**
   * Finds out whether a read would not wait, by looking ahead where only the operating system
   * knows.
   */
  private boolean isReadable() {
    if (likely()) {
      return true;
    }
    SourceDriver current = driver();
    if (current == null || current.selectable() == null || !turn().tryEnter()) {
      return false;
    }
    try {
      return likely() || lookAhead();
    } finally {
      passTurn();
    }
  }

  /** Notifies the watchers if the remaining bytes have been taken. */
  @Override
  void leaving() {
    for (Waiter waiter : waiters()) {
      if (waiter instanceof EndWatch watching) {
        watching.left();
      }
    }
    if (watched() && !likely() && !lookAheadOfSelector()) {
      clearedReadable();
    }
  }

  /**
   * From now on the end and the failure of the transport are found, see {@link #whenMet}, also
   * without a reader.
   */
  public void watchEnd() {
    EndWatch watching = new EndWatch(this);
    addWaiter(watching);
    watching.wake();
  }

  /** What a look ahead has found. */
  enum Ahead {
    /** Nothing. */
    NOTHING,
    /** Bytes, which wait in front now. */
    BYTES,
    /** That as many bytes wait unread as may. */
    ENOUGH,
    /** The end or a failure, and no bytes before the end. */
    OVER
  }

  /** Reads to the front until there is nothing or enough. Only with the turn. */
  Ahead readAhead() {
    SourceDriver current = driver();
    boolean any = false;
    while (current != null && (current.selectable() != null || current.ready())) {
      int room = PEEK - back.size();
      // Bytes that a driver keeps in memory stay in its account. Handles that are not taken must
      // not gather.
      if (room <= 0
          || (current.selectable() == null && current.available() > 0)
          || (arrivals != null && hasBack())) {
        return Ahead.ENOUGH;
      }
      ByteBuffer ahead = ByteBuffer.allocate(room);
      int n;
      try {
        n = Faults.answer(name(), current.read(ahead), -1);
      } catch (IOException e) {
        met(e);
        return Ahead.OVER;
      }
      if (n < 0) {
        return endAhead();
      }
      if (n == 0) {
        selected = false;
        break;
      }
      any = true;
      append(ahead.flip());
    }
    return any ? Ahead.BYTES : Ahead.NOTHING;
  }

  private Ahead endAhead() {
    if (hasBack()) {
      // A reader must get these first, and finds the end behind them.
      return Ahead.ENOUGH;
    }
    atEnd = holding() == null;
    met();
    return Ahead.OVER;
  }

  /**
   * Puts bytes that were read behind those in front, in a buffer that no other code will change.
   */
  private void append(ByteBuffer bytes) {
    Front old;
    Front fresh;
    do {
      old = back;
      fresh = new Front(bytes, bytes.remaining()).behind(old.bytes(), old.loose());
    } while (!swapBack(old, fresh));
    if (isClosed()) {
      dropBack();
    } else {
      wake();
    }
  }

  @Override
  long amount() {
    SourceDriver current = driver();
    return current == null ? 0 : current.available();
  }

  private boolean lookAheadOfSelector() {
    SourceDriver current = driver();
    return current != null && current.selectable() != null && lookAhead();
  }

  /** Reads what is there to the front; true if there is something: bytes, the end, or a failure. */
  private boolean lookAhead() {
    SourceDriver current = driver();
    if (current == null || atEnd) {
      return atEnd;
    }
    ByteBuffer ahead = ByteBuffer.allocate(PEEK);
    try {
      int n = Faults.answer(name(), current.read(ahead), -1);
      if (n > 0) {
        pushFront(ahead.flip(), n);
      } else if (n < 0) {
        atEnd = true;
        met();
      } else {
        selected = false;
      }
      return n != 0;
    } catch (IOException e) {
      // The read will meet it again and throw it.
      return true;
    }
  }

  // ---- reading

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return read0(dst, null);
  }

  @Override
  public int read(ByteBuffer dst, Wait wait) throws IOException {
    return read0(dst, Objects.requireNonNull(wait, "wait"));
  }

  private int read0(ByteBuffer dst, @Nullable Wait wait) throws IOException {
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("the destination is read-only");
    }
    if (!dst.hasRemaining()) {
      if (isClosed()) {
        throw closedFault(false);
      }
      return 0;
    }
    Limit limit = null;
    if (!tryEnter()) {
      limit = enter(wait);
      if (limit == null) {
        return 0;
      }
    }
    try {
      handsOver(false);
      pace(dst.remaining(), wait);
      while (true) {
        int n = tryRead(dst, limit != null && limit.hasWaited());
        if (n != 0) {
          return n;
        }
        // Only here, because most calls do not wait, and then no memory is touched for it.
        limit = limit == null ? ownLimit(wait) : limit;
        n = limit.none() ? 0 : tryAgain(dst, limit);
        if (n != 0) {
          return n;
        }
        if (!await(limit, 0)) {
          return 0;
        }
      }
    } finally {
      exit();
    }
  }

  /**
   * Reads what is there, or what comes sooner than a thread could be woken; never parks.
   *
   * @return as a read that is told not to wait
   * @throws IOException as a read
   */
  public int readSoon(ByteBuffer dst) throws IOException {
    if (!tryEnter()) {
      return 0;
    }
    try {
      int n = tryRead(dst, false);
      return n == 0 ? tryAgain(dst, Long.MAX_VALUE) : n;
    } finally {
      exit();
    }
  }

  /**
   * Tries for as long as that pays where only the operating system knows what there is: waking a
   * parked thread takes longer than many a peer needs to answer.
   */
  private int tryAgain(ByteBuffer dst, Limit limit) throws IOException {
    limit.waited();
    return tryAgain(dst, limit.left());
  }

  private int tryAgain(ByteBuffer dst, long left) throws IOException {
    Spinner looks = onlySystemKnows() ? spinner() : null;
    if (looks == null) {
      return 0;
    }
    long budget = looks.budget(left);
    if (budget > 0) {
      long start = engine.parker().nanoTime();
      do {
        Thread.onSpinWait();
        int n = tryRead(dst, true);
        if (n != 0) {
          looks.found();
          return n;
        }
      } while (engine.parker().nanoTime() - start < budget);
      looks.inVain();
      if (budget == left) {
        // The time is up, and what came since the last try was still in time.
        return tryRead(dst, true);
      }
    }
    if (!looks.givesWay(left)) {
      return 0;
    }
    boolean brief = looks.away(this);
    int n = tryRead(dst, true);
    looks.gaveWay(brief, n != 0);
    return n;
  }

  @Override
  public long read(ByteBuffer[] dsts) throws IOException {
    return read(dsts, 0, dsts.length);
  }

  @Override
  public long read(ByteBuffer[] dsts, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, dsts.length);
    long total = 0;
    boolean any = false;
    for (int i = offset; i < offset + length; i++) {
      if (!dsts[i].hasRemaining()) {
        continue;
      }
      int n;
      try {
        n = any ? read(dsts[i], Wait.none()) : read(dsts[i]);
      } catch (IOException e) {
        if (total > 0) {
          // The next read will meet it again, after what was read here.
          return total;
        }
        throw e;
      }
      any = true;
      if (n < 0) {
        return total > 0 ? total : -1;
      }
      total += n;
      Arrivals with = arrivals;
      if (dsts[i].hasRemaining() || (with != null && with.atBoundary())) {
        return total;
      }
    }
    if (!any && isClosed()) {
      throw closedFault(false);
    }
    return total;
  }

  @Override
  public int consume(int max, ByteConsumer use, Wait wait) throws IOException {
    positive(max, "max");
    Objects.requireNonNull(use, "use");
    Limit limit = begin(Objects.requireNonNull(wait, "wait"));
    if (limit == null) {
      return 0;
    }
    beginLending();
    try {
      while (true) {
        check(limit.hasWaited());
        ByteBuffer run = hasBack() ? null : lendSegment(max);
        if (run == null) {
          int n = fillBack(limit.hasWaited());
          if (n < 0) {
            return -1;
          }
          if (n == 0) {
            if (!await(limit, 0)) {
              return 0;
            }
            continue;
          }
        }
        return run == null ? lendBack(max, use) : lend(run, use);
      }
    } finally {
      endLending();
      exit();
    }
  }

  private @Nullable ByteBuffer lendSegment(int max) {
    return driver() instanceof SegmentSource segments ? segments.lend(max) : null;
  }

  /** Makes sure that there is something in front. */
  private int fillBack(boolean waited) throws IOException {
    if (hasBack()) {
      return 1;
    }
    if (driver() instanceof SegmentSource segments && !segments.ready()) {
      nothingNow(waited);
      return 0;
    }
    ByteBuffer ahead = ByteBuffer.allocate(PEEK);
    LongRead look = new LongRead(false);
    int n = tryRead(ahead, waited, look);
    if (n > 0) {
      giveBack(look, ahead.flip());
    }
    return n;
  }

  private int lendBack(int max, ByteConsumer use) throws IOException {
    Front all = takeBack();
    int most = most(all.size());
    int used = 0;
    try {
      int n = Math.min(max, most);
      ByteBuffer run = all.bytes().slice(all.bytes().position(), n).asReadOnlyBuffer();
      use.accept(run);
      used = run.position();
      return used;
    } finally {
      boolean unused = tookBack(all, used, null);
      count(used);
      Front rest = all.after(used);
      pushFront(rest.bytes(), rest.loose());
    }
  }

  private int lend(ByteBuffer run, ByteConsumer use) throws IOException {
    int start = run.position();
    int used = 0;
    try {
      use.accept(run);
      used = run.position() - start;
      return used;
    } finally {
      if (driver() instanceof SegmentSource segments) {
        segments.unlend(used);
      }
    }
  }

  /** From here on a close waits: it comes before we look whether there was one. */
  private void beginLending() {
    lender = Thread.currentThread();
    tellHopers();
  }

  private void endLending() {
    lender = null;
    if (isClosed()) {
      wake();
    }
  }

  /**
   * A copy of the descriptor, if bytes can be moved from it without a copy.
   *
   * @return to be closed; null if they cannot
   * @throws IOException if there is none
   */
  public @Nullable Descriptor spliceable() throws IOException {
    return typed instanceof SpliceSource splicing ? splicing.spliceable() : null;
  }

  /**
   * Moves what is there into a pipe; never waits.
   *
   * @param pipe empty
   * @param own what {@link #spliceable()} gave
   * @param most bytes, 1 or more
   * @return how many bytes, -1 for the end; 0 for nothing now, or if what comes next can only be
   *     read, and then {@link #available()} tells of it
   * @throws IOException as a read
   */
  public int splice(SplicePipe pipe, Descriptor own, int most) throws IOException {
    if (!tryEnter()) {
      return 0;
    }
    try {
      check(false);
      if (hasBack() || !(typed instanceof SpliceSource splicing)) {
        return 0;
      }
      int n;
      try {
        n = splicing.splice(pipe, own, most);
      } catch (IOException e) {
        met(e);
        if (isClosed()) {
          throw closedFault(false);
        }
        throw Faults.again(name(), e);
      }
      if (n == 0) {
        nothingNow(false);
      } else if (n < 0) {
        atEnd = true;
        met();
      }
      return n;
    } finally {
      exit();
    }
  }

  /** Whether what is read can be lent where it lies. */
  public boolean lends() {
    return typed instanceof SegmentSource;
  }

  /**
   * Takes the next run of bytes if it is a segment that can be handed over as it is; never waits.
   *
   * @param max the most bytes, 1 or more
   * @return null if it is not
   * @throws IOException if the source is closed or has failed
   */
  public @Nullable ByteBuffer takeSegment(int max) throws IOException {
    if (!tryEnter()) {
      return null;
    }
    try {
      check(false);
      boolean whole =
          !hasBack() && typed instanceof SegmentSource segments && segments.segment() > 0;
      return whole ? tryTake(max, false) : null;
    } finally {
      exit();
    }
  }

  @Override
  public @Nullable ByteBuffer take(int max, Wait wait) throws IOException {
    positive(max, "max");
    Objects.requireNonNull(wait, "wait");
    Limit limit = null;
    if (!tryEnter()) {
      limit = enter(wait);
      if (limit == null) {
        return EMPTY.duplicate();
      }
    }
    try {
      handsOver(true);
      pace(1, wait);
      while (true) {
        ByteBuffer run = tryTake(max, limit != null && limit.hasWaited());
        if (run == null || run.hasRemaining()) {
          return run;
        }
        limit = limit == null ? ownLimit(wait) : limit;
        if (!await(limit, 0)) {
          return EMPTY.duplicate();
        }
      }
    } finally {
      exit();
    }
  }

  /** The next run; empty for nothing now; null at the end. */
  private @Nullable ByteBuffer tryTake(int max, boolean waited) throws IOException {
    check(waited);
    int size = SMALL;
    if (!hasBack() && driver() instanceof SegmentSource segments) {
      do {
        ByteBuffer run = segments.take(max);
        if (run != null) {
          return run;
        }
        if (!segments.ready()) {
          nothingNow(waited);
          return EMPTY;
        }
        // Ready: what has come since is taken, too, and only an end or a failure is left to a read.
      } while (segments.available() > 0);
    } else {
      long known = available();
      size = (int) Math.min(max, known > 0 ? known : CHUNK);
    }
    ByteBuffer copy = ByteBuffer.allocate(size);
    int n = tryRead(copy, waited);
    return n < 0 ? null : copy.flip();
  }

  @Override
  public ByteBuffer drain() throws IOException {
    if (isClosed()) {
      throw closedFault(false);
    }
    if (begin(Wait.none()) == null) {
      return EMPTY.duplicate();
    }
    try {
      Gather gather = new Gather(false);
      // As much as is there now: a writer may go on as room becomes free.
      long left = available();
      while (left > 0) {
        ByteBuffer space = gather.space((int) Math.min(left, CHUNK));
        int n;
        try {
          n = tryRead(space, false);
        } catch (IOException e) {
          if (gather.size() == 0) {
            throw e;
          }
          break;
        }
        if (n <= 0) {
          break;
        }
        gather.added(n);
        left -= n;
      }
      return gather.take(gather.size());
    } finally {
      exit();
    }
  }

  @Override
  public long transferTo(ByteSink sink, long max, Wait wait) throws IOException {
    Objects.requireNonNull(sink, "sink");
    if (max < 0) {
      throw new IllegalArgumentException("max is " + max + ", expected 0 or more");
    }
    if (max == 0) {
      if (isClosed()) {
        throw closedFault(false);
      }
      return 0;
    }
    Limit limit = begin(Objects.requireNonNull(wait, "wait"));
    if (limit == null) {
      return 0;
    }
    try {
      return transfer(sink, max, limit);
    } finally {
      exit();
    }
  }

  private long transfer(ByteSink sink, long max, Limit limit) throws IOException {
    long moved = 0;
    while (moved < max) {
      ByteBuffer run;
      LongRead by = new LongRead(false);
      try {
        run = tryHold((int) Math.min(max - moved, CHUNK), limit.hasWaited(), by);
      } catch (IOException e) {
        if (moved > 0) {
          return moved;
        }
        throw e;
      }
      if (run == null) {
        return moved > 0 ? moved : -1;
      }
      if (!run.hasRemaining()) {
        if ((moved > 0 && limit.none()) || !await(limit, moved)) {
          return moved;
        }
        continue;
      }
      int start = run.position();
      boolean stop;
      try {
        stop = pass(run, sink, limit);
      } catch (StreamTimeoutException e) {
        // The sink cannot know what had been moved before.
        moved += run.position() - start;
        StreamTimeoutException all =
            new StreamTimeoutException(
                e.stream(), "no room in time after " + moved + " bytes were moved", moved);
        all.initCause(e.getCause());
        throw all;
      } catch (IOException e) {
        moved += run.position() - start;
        if (moved > 0) {
          return moved;
        }
        throw e;
      } finally {
        // Moved even if a close has counted them as dropped meanwhile.
        boolean unused = deliver(by, run.position() - start);
        giveBack(by, run);
      }
      moved += run.position() - start;
      limit.progress();
      if (stop) {
        return moved;
      }
    }
    return moved;
  }

  /** The next run, which may come back; empty for nothing now; null at the end. */
  private @Nullable ByteBuffer tryHold(int max, boolean waited, LongRead by) throws IOException {
    if (holding() == null) {
      ByteBuffer run = tryTake(max, waited);
      by.loose = run == null ? 0 : run.remaining();
      return run;
    }
    ByteBuffer copy = ByteBuffer.allocate((int) Math.min(max, Math.max(SMALL, available())));
    return tryRead(copy, waited, by) < 0 ? null : copy.flip();
  }

  /** Writes a run; true when told not to wait and the sink has no more room. */
  private boolean pass(ByteBuffer run, ByteSink sink, Limit limit) throws IOException {
    passing = true;
    tellHopers();
    try {
      while (run.hasRemaining()) {
        int n = sink.write(run, limit.rest());
        if (n == 0) {
          return true;
        }
        limit.progress();
      }
      return false;
    } finally {
      passing = false;
    }
  }

  @Override
  boolean leavesSoon() {
    return lender == null && !passing && !asleep();
  }

  @Override
  public void readFully(ByteBuffer dst, Wait wait) throws IOException {
    Objects.requireNonNull(wait, "wait");
    if (!dst.hasRemaining()) {
      if (isClosed()) {
        throw closedFault(false);
      }
      return;
    }
    Limit limit = begin(wait);
    if (limit == null) {
      throw new WouldBlockException(name(), "another reader has the turn", 0);
    }
    int start = dst.position();
    boolean whole = false;
    LongRead by = new LongRead(true);
    try {
      if (holding() != null && !hasBack() && available() >= dst.remaining()) {
        // Nothing will have to come back.
        by.loose = tryRead(dst, limit.hasWaited());
      }
      while (dst.hasRemaining()) {
        int n = tryRead(dst, limit.hasWaited(), by);
        int got = dst.position() - start;
        if (n < 0) {
          throw new EndOfStreamException(
              name(), "ended after " + got + " of " + (dst.limit() - start) + " bytes", got);
        }
        if (n > 0) {
          limit.progress();
        } else if (!await(limit, got)) {
          throw new WouldBlockException(
              name(), "only " + got + " of " + (dst.limit() - start) + " bytes are there", got);
        }
      }
      if (!deliver(by, dst.position() - start)) {
        throw closedFault(limit.hasWaited());
      }
      whole = true;
    } finally {
      if (!whole) {
        int got = dst.position() - start;
        giveBack(by, ByteBuffer.allocate(got).put(dst.slice(start, got)).flip());
        dst.position(start);
      }
      exit();
    }
  }

  @Override
  public @Nullable ByteBuffer readUntil(ByteSequence delimiter, int limit, Wait wait)
      throws IOException {
    if (delimiter.length() == 0 || delimiter.length() > limit) {
      throw new IllegalArgumentException(
          "the delimiter has "
              + delimiter.length()
              + " bytes, expected 1 to the limit of "
              + limit);
    }
    return gather(delimiter, limit, Objects.requireNonNull(wait, "wait"), Gather::toDelimiter);
  }

  @Override
  public ByteBuffer readAll(long limit, Wait wait) throws IOException {
    return gatherAll(limit, wait, Gather::everything);
  }

  @Override
  public String readString(long limit, Wait wait) throws IOException {
    Line text = new Line(StandardCharsets.UTF_8, null);
    Object unused = gatherAll(limit, wait, text);
    return Objects.requireNonNull(text.text(), "text");
  }

  private ByteBuffer gatherAll(long limit, Wait wait, Gather.Finish finish) throws IOException {
    if (limit < 0) {
      throw new IllegalArgumentException("the limit is " + limit + ", expected 0 or more");
    }
    int max = (int) Math.min(limit, Integer.MAX_VALUE - 8);
    ByteBuffer all = gather(null, max, Objects.requireNonNull(wait, "wait"), finish);
    return Objects.requireNonNull(all, "everything");
  }

  @Override
  public @Nullable String readLine(Charset charset, int limit, Terminator terminator, Wait wait)
      throws IOException {
    Objects.requireNonNull(charset, "charset");
    Objects.requireNonNull(terminator, "terminator");
    positive(limit, "limit");
    Line line = new Line(charset, terminator);
    gather(ByteSequence.LF, limit, Objects.requireNonNull(wait, "wait"), line);
    return line.text();
  }

  private @Nullable ByteBuffer gather(
      @Nullable ByteSequence delimiter, int max, Wait wait, Gather.Finish finish)
      throws IOException {
    Limit limit = begin(wait);
    if (limit == null) {
      throw new WouldBlockException(name(), "another reader has the turn", 0);
    }
    Gather gather = new Gather(delimiter == null);
    try {
      while (true) {
        int match = delimiter == null ? -1 : gather.find(delimiter, max);
        if (match >= 0) {
          return delivered(gather, finish.finish(gather, match, false), limit);
        }
        SourceDriver current = driver();
        long capacity = delimiter == null || current == null ? Long.MAX_VALUE : current.capacity();
        boolean full = gather.size() >= max || (gather.size() >= capacity && isLast(gather));
        // A last part that just fits is whole: the end comes next, and not more.
        if (full && delimiter != null && (current == null || !current.ended())) {
          throw new BufferFullException(
              name(),
              "no delimiter within "
                  + gather.size()
                  + " bytes, "
                  + (gather.size() >= max ? "the limit" : "all that the capacity allows"),
              gather.size());
        }
        // One byte more than allowed tells too much from just enough.
        long ask = full ? 1 : Math.min(max - gather.size(), Math.max(PEEK, available()));
        ByteBuffer space = gather.space((int) Math.min(ask, CHUNK));
        int n = tryRead(space, limit.hasWaited(), gather);
        if (n > 0) {
          gather.added(n);
          limit.progress();
          if (full) {
            throw new BufferFullException(
                name(), "there are more than " + (gather.size() - 1) + " bytes", gather.size());
          }
        } else if (n < 0) {
          return delivered(gather, finish.finish(gather, gather.size(), true), limit);
        } else if (!await(limit, gather.size())) {
          throw new WouldBlockException(
              name(), "only " + gather.size() + " bytes are there", gather.size());
        }
      }
    } finally {
      giveBack(gather, gather.rest());
      exit();
    }
  }

  /** Whether nothing is buffered behind what was gathered. */
  private boolean isLast(Gather gather) {
    return available() == (holding() == null ? 0 : gather.size() - gather.loose);
  }

  /** Delivers what was taken out of what was gathered. */
  private @Nullable ByteBuffer delivered(Gather gather, @Nullable ByteBuffer result, Limit limit)
      throws IOException {
    if (!deliver(gather, gather.taken())) {
      gather.take(0);
      throw closedFault(limit.hasWaited());
    }
    return result;
  }

  // ---- state

  @Override
  public long available() {
    long front = back.loose();
    SourceDriver current = driver();
    return isClosed() ? 0 : front + (current == null ? 0 : current.available());
  }

  @Override
  public boolean ended() {
    if (isClosed() || hasBack() || (holding() != null && available() > 0)) {
      return false;
    }
    if (atEnd) {
      return true;
    }
    SourceDriver current = driver();
    if (current == null || current.available() > 0) {
      return false;
    }
    if (current.ended()) {
      return true;
    }
    // Looking ahead is reading, and must not overlap with the one caller that needs no turn.
    if (isAlone() || !(current.ready() || current.selectable() != null) || !turn().tryEnter()) {
      return false;
    }
    try {
      // The holder of the turn may have left bytes in front meanwhile: the bytes looked at come
      // behind.
      return !hasBack() && lookAhead() && atEnd;
    } finally {
      passTurn();
    }
  }

  @Override
  public void awaitReadable(Wait wait) throws IOException {
    Limit limit = limit(Objects.requireNonNull(wait, "wait"));
    while (true) {
      if (isClosed()) {
        throw closedFault(limit.hasWaited());
      }
      if (isReadable()) {
        return;
      }
      if (!await(limit, 0, () -> likely() || (selected && !busy()))) {
        throw new WouldBlockException(name(), "nothing to read now", 0);
      }
    }
  }

  @Override
  public Wait readWait() {
    return setting();
  }

  @Override
  public void readWait(Wait wait) {
    setting(wait);
  }

  @Override
  public Signal readable() {
    Level present = readable;
    if (present == null) {
      READABLE.compareAndSet(this, (Level) null, new Level(this, this::isReadable));
      present = Objects.requireNonNull(readable, "readable");
    }
    return present;
  }

  @Override
  void refused() {
    clearedReadable();
  }

  private void clearedReadable() {
    Level watchedLevel = readable;
    if (watchedLevel != null) {
      cleared(watchedLevel);
    }
  }

  @Override
  public InputStream inputStream() {
    return new SourceInputStream(this, this::unread);
  }

  @Override
  public Reader reader(Charset charset) {
    return new SourceReader(this, this::unread, Objects.requireNonNull(charset, "charset"));
  }

  @Override
  public Flow.Publisher<ByteBuffer> publisher() {
    SourcePublisher made = publisher;
    if (made == null) {
      SourcePublisher fresh =
          new SourcePublisher(this, this::unread, this::whenReady, engine.serial());
      PUBLISHER.compareAndSet(this, (SourcePublisher) null, fresh);
      made = Objects.requireNonNull(publisher, "publisher");
    }
    return made;
  }

  @Override
  public <L> ByteFile<L> file(FileMode<L> mode) {
    return FileView.of(this, this::unread, mode);
  }

  @Override
  public PeekSource peek(int limit, Wait wait) throws IOException {
    return new PeekView(this, this::unread, limit, wait);
  }

  @Override
  public boolean isOpen() {
    return !isClosed();
  }

  @Override
  public void close() throws IOException {
    if (!markClosed()) {
      return;
    }
    awaitQuietly(() -> lender == null || lender == Thread.currentThread());
    SourceDriver current = driver();
    long dropped = takeBack().loose();
    if (current != null) {
      long unread = current.available();
      current.close();
      engine.flushClosed();
      dropped += current.dropped() < 0 ? unread : current.dropped();
    }
    if (dropped > 0) {
      warnDropped(dropped);
    }
    closedNow();
  }

  @Override
  void keep(io.penstock.spi.EndDriver value) {
    arrivals = value instanceof HandleSource source ? source.arrivals() : null;
    typed = (SourceDriver) value;
  }

  @Override
  public void attach(io.penstock.spi.EndDriver value) {
    super.attach(value);
    if (isClosed()) {
      try {
        value.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, name() + ": closing the source failed", e);
      }
    }
  }

  private void warnDropped(long dropped) {
    LOG.log(
        System.Logger.Level.WARNING,
        "{0}: {1} bytes were dropped unread, because the source was closed",
        name(),
        dropped);
  }

  private static void positive(int value, String what) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " is " + value + ", expected 1 or more");
    }
  }
}
