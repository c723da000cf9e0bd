// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.HandleSink;
import io.penstock.spi.EndDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Latch;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A sink that tries its driver: one try at a time, and what is known of the room and of what was
 * not read yet.
 */
public abstract class DrivenSink extends End implements ByteSink {
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);
  private static final VarHandle WRITABLE;
  private static final VarHandle READER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      WRITABLE = lookup.findVarHandle(DrivenSink.class, "writable", Level.class);
      READER = lookup.findVarHandle(DrivenSink.class, "reader", ReaderLatch.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Each is made when it is first asked for: an idle end must weigh little.
  private volatile @Nullable Level writable;
  private volatile @Nullable ReaderLatch reader;
  volatile boolean ended;
  private volatile boolean full;
  volatile @Nullable SinkDriver typed;
  private boolean readerUnseen;
  // Whether the transport took bytes before the latch that tells of it was first asked for.
  private volatile boolean tookUnseen;

  DrivenSink(String name, Engine engine, Wait wait) {
    super(name, engine, wait);
  }

  /** Bytes that were queued, and then cancelled or failed. */
  abstract long lost();

  @Override
  public @Nullable SinkDriver driver() {
    return typed;
  }

  @Override
  void keep(EndDriver value) {
    SinkDriver sink = (SinkDriver) value;
    readerUnseen = sink.reads() < 0;
    typed = sink;
  }

  @Override
  public boolean show(Onlooker onlooker) {
    SinkDriver current = typed;
    if (current == null) {
      return false;
    }
    TappedSink tapped = current instanceof TappedSink there ? there : TappedSink.of(current);
    tapped.add(onlooker);
    typed = tapped;
    return true;
  }

  @Override
  public void hide(Onlooker onlooker) {
    if (typed instanceof TappedSink tapped && tapped.remove(onlooker)) {
      typed = tapped.driver;
    }
  }

  private ReaderLatch latch() {
    ReaderLatch present = reader;
    if (present == null) {
      READER.compareAndSet(this, (ReaderLatch) null, new ReaderLatch(this));
      present = Objects.requireNonNull(reader, "reader");
      if (tookUnseen) {
        present.wrote();
      }
    }
    return present;
  }

  // ---- one try

  void checkSink(boolean waited) throws IOException {
    check(waited);
    if (absent()) {
      throw new NotSupportedException(name(), "writing", "this channel has no output");
    }
    if (ended) {
      throw new BrokenPipeException(name(), "the stream was ended by this side", 0);
    }
  }

  @Override
  void checkWaiter() throws IOException {
    checkSink(true);
  }

  int tryWrite(ByteBuffer src, boolean waited) throws IOException {
    return tryWrite(src, null, waited);
  }

  int tryWrite(ByteBuffer src, @Nullable Cargo cargo, boolean waited) throws IOException {
    checkSink(waited);
    SinkDriver current = driver();
    if (current == null) {
      return 0;
    }
    int want = src.remaining();
    int n;
    try {
      n = Faults.answer(name(), write(current, src, cargo), 0);
    } catch (HandleLimitException e) {
      // Nothing is broken.
      throw Faults.again(name(), e);
    } catch (IOException e) {
      met(e);
      if (isClosed()) {
        throw closedFault(waited);
      }
      throw Faults.again(name(), e);
    }
    wrote(n, want);
    return n;
  }

  static int write(SinkDriver driver, ByteBuffer src, @Nullable Cargo cargo) throws IOException {
    return cargo == null ? driver.write(src) : ((HandleSink) driver).write(src, cargo);
  }

  void wrote(int n, int want) {
    if (n > 0) {
      moved(n);
    }
    if (n < want) {
      awaitRoom();
    }
    if (n > 0 && readerUnseen) {
      if (!tookUnseen) {
        tookUnseen = true;
      }
      ReaderLatch asked = reader;
      if (asked != null) {
        asked.wrote();
      }
    }
  }

  // ---- readiness

  /** From now on there is no room, until the selector says so. */
  void awaitRoom() {
    full = true;
    clearedWritable();
  }

  @Override
  String awaited() {
    return "room";
  }

  @Override
  void refused() {
    clearedWritable();
  }

  void clearedWritable() {
    Level watchedLevel = writable;
    if (watchedLevel != null) {
      cleared(watchedLevel);
    }
  }

  /** Notifies the watchers if the remaining room has been used. */
  @Override
  void leaving() {
    if (watched() && !likely()) {
      clearedWritable();
    }
  }

  @Override
  long amount() {
    SinkDriver current = driver();
    return current == null ? 0 : Math.max(0, current.room());
  }

  @Override
  public boolean likely() {
    return isClosed() || ended || absent() || driverReady();
  }

  boolean driverReady() {
    if (failure() != null) {
      return true;
    }
    SinkDriver current = driver();
    if (current == null) {
      return false;
    }
    return current.ready() || (current.selectable() != null && !full);
  }

  @Override
  public void selected() {
    full = false;
  }

  @Override
  boolean tookSelection() {
    return !full;
  }

  boolean isWritable() {
    if (isClosed() || ended || failure() != null || absent()) {
      return true;
    }
    return queued() == 0 && likely();
  }

  // ---- room and emptiness

  @Override
  public long room() {
    if (isClosed() || ended || failure() != null || absent() || queued() > 0) {
      return 0;
    }
    SinkDriver current = driver();
    if (current == null) {
      return 0;
    }
    long room = current.room();
    if (room < 0) {
      room = likely() ? 1 : 0;
    }
    if (room == 0) {
      latch().clear();
      arm();
    }
    return room;
  }

  @Override
  public void awaitWritable(Wait wait) throws IOException {
    Limit limit = limit(Objects.requireNonNull(wait, "wait"));
    while (true) {
      checkSink(limit.hasWaited());
      SinkDriver current = driver();
      if (room() > 0) {
        return;
      }
      if (current != null && current.ready() && queued() == 0) {
        // Ready without room: a write would fail.
        checkBroken(current);
      }
      if (!await(limit, 0, () -> queued() == 0 && likely())) {
        throw new WouldBlockException(name(), "no room now", 0);
      }
    }
  }

  void checkBroken(SinkDriver current) throws IOException {
    if (!tryEnter()) {
      return;
    }
    try {
      current.write(EMPTY.duplicate());
    } catch (IOException e) {
      met(e);
      throw Faults.again(name(), e);
    } finally {
      exit();
    }
  }

  long waiting() {
    SinkDriver current = driver();
    return queued() + (current == null ? 0 : current.pending());
  }

  long dropped() {
    SinkDriver current = driver();
    return lost() + (current == null ? 0 : current.dropped());
  }

  @Override
  public void awaitEmpty(Wait wait) throws IOException {
    awaitNone(limit(Objects.requireNonNull(wait, "wait")), false);
  }

  @Override
  public void flush(Wait wait) throws IOException {
    hurry();
    awaitNone(limit(Objects.requireNonNull(wait, "wait")), true);
    hurry();
    long dropped = dropped();
    if (dropped > 0) {
      if (isClosed()) {
        throw closedFault(true);
      }
      throw new BrokenPipeException(
          name(), dropped + " bytes were dropped instead of being read", dropped);
    }
  }

  private void hurry() throws IOException {
    SinkDriver current = driver();
    if (current != null) {
      try {
        current.flush();
      } catch (IOException e) {
        met(e);
        throw Faults.again(name(), e);
      }
    }
  }

  private long unflushed() {
    SinkDriver current = driver();
    return queued() + (current == null ? 0 : current.unflushed());
  }

  /** Waits until nothing is unread, or for a flush until what was accepted is where it must be. */
  private void awaitNone(Limit limit, boolean flushes) throws IOException {
    LongSupplier left = flushes ? this::unflushed : this::waiting;
    long last = left.getAsLong();
    while (true) {
      boolean none = left.getAsLong() == 0;
      if (isClosed() && (!limit.hasWaited() || !none)) {
        throw closedFault(limit.hasWaited());
      }
      if (none) {
        return;
      }
      Throwable cause = failure();
      if (cause != null) {
        throw Faults.again(name(), cause);
      }
      long seen = left.getAsLong();
      if (flushes && seen != last) {
        last = seen;
        limit.progress();
      }
      if (!await(limit, 0, () -> left.getAsLong() == 0 || left.getAsLong() != seen)) {
        throw new WouldBlockException(
            name(), seen + " bytes are still " + (flushes ? "on their way" : "unread"), 0);
      }
    }
  }

  /**
   * Throws if accepted bytes cannot reach a reader any more.
   *
   * @throws IOException what a write would throw
   */
  public void checkDelivered() throws IOException {
    Throwable cause = failure();
    if (cause != null) {
      throw Faults.again(name(), cause);
    }
    SinkDriver current = driver();
    long dropped = dropped();
    if (dropped > 0) {
      if (current != null) {
        checkBroken(current);
      }
      throw new BrokenPipeException(name(), dropped + " bytes could not be delivered", dropped);
    }
  }

  @Override
  public long buffered() {
    return waiting();
  }

  /** How many accepted bytes would be lost if the transport were closed now. */
  public long unsent() {
    SinkDriver current = driver();
    return queued() + (current == null ? 0 : current.unsent());
  }

  @Override
  public Signal writable() {
    Level present = writable;
    if (present == null) {
      WRITABLE.compareAndSet(this, (Level) null, new Level(this, this::isWritable));
      present = Objects.requireNonNull(writable, "writable");
    }
    return present;
  }

  @Override
  public Latch reader() {
    return latch();
  }
}
