// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.view.FileView;
import io.penstock.impl.view.FrameView;
import io.penstock.impl.view.PeekView;
import io.penstock.impl.view.SourceInputStream;
import io.penstock.impl.view.SourcePublisher;
import io.penstock.impl.view.SourceReader;
import io.penstock.spi.SegmentSource;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteConsumer;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSink;
import io.penstock.stream.FileMode;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Framing;
import io.penstock.stream.PeekSource;
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

/** A source: what its callers can do, over tries of the driver. */
public final class SourceEnd extends DrivenSource {
  static final int CHUNK = 64 * 1024;
  static final int SMALL = 16;
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);
  private static final VarHandle PUBLISHER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      PUBLISHER = lookup.findVarHandle(SourceEnd.class, "publisher", SourcePublisher.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

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
    if (!tryEnterOnce()) {
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
        if (limit == null) {
          // Only here, because most calls do not wait, and then no memory is touched for it.
          if (isTry(wait)) {
            return 0;
          }
          limit = ownLimit(wait);
        }
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
    // A full buffer does not tell how much there is.
    looks.gaveWay(brief, n > 0 && !dst.hasRemaining() ? Integer.MAX_VALUE : n);
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
      Arrivals with = arrivals();
      if (dsts[i].hasRemaining() || (with != null && with.atBoundary())) {
        return total;
      }
    }
    if (!any && isClosed()) {
      throw closedFault(false);
    }
    return total;
  }

  // ---- lending and handing over

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
      return Lending.lend(this, max, use, limit);
    } finally {
      endLending();
      exit();
    }
  }

  /** From here on a close waits: it comes before we look whether there was one. */
  void beginLending() {
    lender = Thread.currentThread();
    tellHopers();
  }

  void endLending() {
    lender = null;
    if (isClosed()) {
      wake();
    }
  }

  @Override
  boolean leavesSoon() {
    return lender == null && !passing && !asleep();
  }

  /** Whether what is read can be lent where it lies. */
  public boolean lends() {
    return driver() instanceof SegmentSource;
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
          !hasBack() && driver() instanceof SegmentSource segments && segments.segment() > 0;
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
  @Nullable ByteBuffer tryTake(int max, boolean waited) throws IOException {
    check(waited);
    int size = SMALL;
    if (!hasBack() && driver() instanceof SegmentSource segments) {
      do {
        ByteBuffer run = segments.take(max);
        if (run != null) {
          moved(run.remaining());
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
      return Transfer.move(this, sink, max, limit);
    } finally {
      exit();
    }
  }

  /** Says whether the holder of the turn waits for a sink. */
  void passes(boolean value) {
    passing = value;
    if (value) {
      tellHopers();
    }
  }

  // ---- long reads

  @Override
  public void readFully(ByteBuffer dst, Wait wait) throws IOException {
    LongReads.fill(this, dst, Objects.requireNonNull(wait, "wait"));
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
    return LongReads.gather(
        this, delimiter, limit, Objects.requireNonNull(wait, "wait"), Gather::toDelimiter);
  }

  @Override
  public ByteBuffer readAll(long limit, Wait wait) throws IOException {
    return LongReads.gatherAll(this, limit, wait, Gather::everything);
  }

  @Override
  public String readString(long limit, Wait wait) throws IOException {
    Line text = new Line(StandardCharsets.UTF_8, null);
    Object unused = LongReads.gatherAll(this, limit, wait, text);
    return Objects.requireNonNull(text.text(), "text");
  }

  @Override
  public @Nullable String readLine(Charset charset, int limit, Terminator terminator, Wait wait)
      throws IOException {
    Objects.requireNonNull(charset, "charset");
    Objects.requireNonNull(terminator, "terminator");
    positive(limit, "limit");
    Line line = new Line(charset, terminator);
    LongReads.gather(this, ByteSequence.LF, limit, Objects.requireNonNull(wait, "wait"), line);
    return line.text();
  }

  // ---- state

  /**
   * From now on the end and the failure of the transport are found, see {@link #whenMet}, also
   * without a reader.
   */
  public void watchEnd() {
    EndWatch watching = new EndWatch(this);
    addWaiter(watching);
    watching.wake();
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
      if (!await(limit, 0, () -> likely() || (tookSelection() && !busy()))) {
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
      engine.flushClosed(current);
      dropped += current.dropped() < 0 ? unread : current.dropped();
    }
    if (dropped > 0) {
      warnDropped(dropped);
    }
    closedNow();
  }

  // ---- views

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
  public FrameSource frames(Framing framing) {
    return new FrameView(
        this,
        framing,
        new FrameView.Access(
            this::unread,
            this::whenReady,
            engine::serial,
            engine.parker()::nanoTime,
            engine::schedule));
  }

  @Override
  public <L> ByteFile<L> file(FileMode<L> mode) {
    return FileView.of(this, this::unread, mode);
  }

  @Override
  public PeekSource peek(int limit, Wait wait) throws IOException {
    return new PeekView(this, this::unread, limit, wait);
  }

  private static void positive(int value, String what) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " is " + value + ", expected 1 or more");
    }
  }
}
