// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.NotSupportedException;
import io.penstock.impl.buffer.Holding;
import io.penstock.impl.buffer.Rewinding;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.posix.HandleSource;
import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A source that tries its driver: one try at a time, and what was read but not used is kept in
 * front of the driver's bytes.
 */
public abstract class DrivenSource extends End implements ByteSource {
  private static final System.Logger LOG = Messages.log("core");
  static final int PEEK = 8 * 1024;
  private static final VarHandle BACK;
  private static final VarHandle READABLE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      BACK = lookup.findVarHandle(DrivenSource.class, "back", Front.class);
      READABLE = lookup.findVarHandle(DrivenSource.class, "readable", Level.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Made when it is first asked for.
  private volatile @Nullable Level readable;
  // Bytes before the driver's: a snapshot, never changed in place. Swapped with the turn, and by a
  // close.
  private volatile Front back = Front.EMPTY;
  boolean atEnd;
  private volatile @Nullable SourceDriver typed;
  // Where handles wait that came with the bytes; null where none can come.
  private volatile @Nullable Arrivals arrivals;
  private volatile boolean selected;

  DrivenSource(String name, Engine engine, Wait wait) {
    super(name, engine, wait);
  }

  @Override
  public @Nullable SourceDriver driver() {
    return typed;
  }

  @Override
  void keep(EndDriver value) {
    arrivals = value instanceof HandleSource source ? source.arrivals() : null;
    if (value instanceof Rewinding it) {
      it.rewindsBy(this::rewind);
    }
    typed = (SourceDriver) value;
  }

  @Override
  public boolean show(Onlooker onlooker) {
    SourceDriver current = typed;
    if (current == null) {
      return false;
    }
    TappedSource tapped = current instanceof TappedSource there ? there : TappedSource.of(current);
    tapped.add(onlooker);
    typed = tapped;
    return true;
  }

  @Override
  public void hide(Onlooker onlooker) {
    if (typed instanceof TappedSource tapped && tapped.remove(onlooker)) {
      typed = tapped.driver;
    }
  }

  @Override
  public void attach(EndDriver value) {
    super.attach(value);
    if (isClosed()) {
      try {
        value.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "{0}: closing the source failed", name(), e);
      }
    }
  }

  /** Has the driver go on elsewhere: what was looked at is forgotten. */
  private boolean rewind(Runnable move) {
    if (!turn().tryEnter()) {
      return false;
    }
    try {
      Front unused = takeBack();
      atEnd = false;
      move.run();
    } finally {
      passTurn();
    }
    return true;
  }

  // ---- one try

  int tryRead(ByteBuffer dst, boolean waited) throws IOException {
    return tryRead(dst, waited, null);
  }

  int tryRead(ByteBuffer dst, boolean waited, @Nullable LongRead by) throws IOException {
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
    if (n > 0) {
      moved(n);
      if (with != null) {
        with.read(n);
      }
    }
    return fromBack + Math.max(n, 0);
  }

  /** Where handles wait that came with the bytes; null where none can come. */
  public @Nullable Arrivals arrivals() {
    return arrivals;
  }

  /** Tells how far was read, or with a count below zero how much was put back. */
  void count(long n) {
    Arrivals with = arrivals;
    if (with != null && n != 0) {
      with.read(n);
    }
  }

  /** How much of what is in front one read may take, so that handles are bound to their bytes. */
  int most(int n) {
    Arrivals with = arrivals;
    return with == null ? n : (int) Math.min(n, with.most());
  }

  void nothingNow(boolean waited) throws IOException {
    selected = false;
    // A close that came meanwhile has dropped what was there: that is not "nothing now".
    check(waited);
    clearedReadable();
  }

  /** Reads for a long read; what has no account but this source's is loose. */
  static int read(SourceDriver driver, ByteBuffer dst, LongRead by) throws IOException {
    if (driver instanceof Holding it) {
      return it.hold(dst, by.frees);
    }
    int n = driver.read(dst);
    by.loose += Math.max(n, 0);
    return n;
  }

  @Nullable Holding holding() {
    return typed instanceof Holding it ? it : null;
  }

  // ---- what is in front of the driver

  int readBack(ByteBuffer dst, @Nullable LongRead by) {
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
  boolean tookBack(Front front, int n, @Nullable LongRead by) {
    int loose = Math.min(n, front.loose());
    Holding it = holding();
    if (by == null) {
      return it == null || n == loose || it.deliver(n - loose);
    }
    by.loose += loose;
    by.behind = front.size() - n;
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
  boolean deliver(LongRead by, int n) {
    int loose = Math.min(n, by.loose);
    by.loose -= loose;
    Holding it = holding();
    return it == null || n == loose || it.deliver(n - loose);
  }

  /**
   * Puts bytes that a long read did not deliver in front again, in a buffer that does not change
   * any more.
   */
  void giveBack(LongRead by, ByteBuffer rest) {
    putBack(by, rest, Integer.MAX_VALUE);
  }

  /**
   * Puts all that a look has read where it was: behind what others have put in front meanwhile,
   * which came before it.
   */
  void endLook(LongRead look, ByteBuffer all) {
    putBack(look, all, look.behind);
  }

  private void putBack(LongRead by, ByteBuffer rest, int behind) {
    Holding it = holding();
    if (it != null) {
      it.keep();
    }
    count(-rest.remaining());
    insert(rest, loose(Math.min(by.loose, rest.remaining())), behind);
  }

  /** How many of the bytes that are put back the driver goes on not counting. */
  private int loose(int n) {
    Holding it = n == 0 ? null : holding();
    return it != null && it.takeBack(n) ? 0 : n;
  }

  boolean swapBack(Front old, Front fresh) {
    return BACK.compareAndSet(this, old, fresh);
  }

  /** Takes everything out that is in front. */
  Front takeBack() {
    return (Front) BACK.getAndSet(this, Front.EMPTY);
  }

  /**
   * Puts bytes that were read behind those in front, in a buffer that no other code will change.
   *
   * @param loose how many of the first ones the driver does not count any more
   */
  void append(ByteBuffer bytes, int loose) {
    insert(bytes, loose, 0);
  }

  /** Puts bytes before the last ones in front, of which there may be fewer than told. */
  private void insert(ByteBuffer bytes, int loose, int last) {
    if (!bytes.hasRemaining()) {
      return;
    }
    Front old;
    do {
      old = back;
    } while (!swapBack(old, old.with(bytes, loose, last)));
    // A close marks first and then drops what is in front: one of the two sees the other.
    if (isClosed()) {
      dropBack();
    } else {
      wake();
    }
  }

  void dropBack() {
    long dropped = takeBack().loose();
    if (dropped > 0) {
      warnDropped(dropped);
    }
  }

  /** Puts bytes that were read but not used back in front; they are copied. */
  public void unread(ByteBuffer bytes) {
    count(-bytes.remaining());
    ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    insert(copy, loose(copy.remaining()), Integer.MAX_VALUE);
  }

  boolean hasBack() {
    return back.size() > 0;
  }

  // ---- what is there

  @Override
  String awaited() {
    return "bytes";
  }

  @Override
  public boolean likely() {
    if (isClosed() || failure() != null || absent()) {
      return true;
    }
    SourceDriver current = driver();
    return (hasBack() || (current != null && current.ready())) && !isStill();
  }

  @Override
  public void selected() {
    selected = true;
  }

  @Override
  boolean tookSelection() {
    return selected;
  }

  @Override
  long amount() {
    SourceDriver current = driver();
    return current == null ? 0 : current.available();
  }

  @Override
  public long buffered() {
    return back.size() + amount();
  }

  /**
   * Finds out whether a read would not wait, by looking ahead where only the operating system
   * knows.
   */
  boolean isReadable() {
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
    tellLeft();
    if (watched() && !likely() && !lookAheadOfSelector()) {
      clearedReadable();
    }
  }

  boolean lookAheadOfSelector() {
    SourceDriver current = driver();
    return current != null && current.selectable() != null && lookAhead();
  }

  /** Reads what is there to the front; true if there is something: bytes, the end, or a failure. */
  boolean lookAhead() {
    SourceDriver current = driver();
    if (current == null || atEnd) {
      return atEnd;
    }
    ByteBuffer ahead = ByteBuffer.allocate(PEEK);
    try {
      int n = Faults.answer(name(), current.read(ahead), -1);
      if (n > 0) {
        moved(n);
        // Another thread may have given back what was read before this.
        append(ahead.flip(), n);
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
      moved(n);
      append(ahead.flip(), n);
    }
    return any ? Ahead.BYTES : Ahead.NOTHING;
  }

  Ahead endAhead() {
    if (hasBack()) {
      // A reader must get these first, and finds the end behind them.
      return Ahead.ENOUGH;
    }
    atEnd = holding() == null;
    met();
    return Ahead.OVER;
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
    if (holding() != null) {
      // A buffer in memory knows. What has come meanwhile must stay in it, and count there.
      return false;
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

  void clearedReadable() {
    Level watchedLevel = readable;
    if (watchedLevel != null) {
      cleared(watchedLevel);
    }
  }

  void warnDropped(long dropped) {
    LOG.log(
        System.Logger.Level.WARNING,
        "{0}: {1} bytes were dropped unread, because the source was closed",
        name(),
        dropped);
  }
}
