// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.buffer.Offering;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Waiter;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.HandleSink;
import io.penstock.impl.posix.SplicePipe;
import io.penstock.impl.posix.SpliceSink;
import io.penstock.impl.view.FileView;
import io.penstock.impl.view.SinkOutputStream;
import io.penstock.impl.view.SinkSubscriber;
import io.penstock.impl.view.SinkWriter;
import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.SegmentSink;
import io.penstock.spi.SinkDriver;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSubscriber;
import io.penstock.stream.FileMode;
import io.penstock.stream.Latch;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A sink over a driver, with a queue of asynchronous parts in front of it.
 *
 * <p>Only the holder of the turn may call the driver. While parts are queued the pump has the turn,
 * so that a synchronous write waits behind them.
 */
public final class SinkEnd extends End implements ByteSink {
  private static final System.Logger LOG = Messages.log("core");

  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private static final VarHandle QUEUE;
  private static final VarHandle WRITABLE;
  private static final VarHandle READER;
  private static final VarHandle ON_ATTACH;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      QUEUE = lookup.findVarHandle(SinkEnd.class, "queue", WriteQueue.class);
      WRITABLE = lookup.findVarHandle(SinkEnd.class, "writable", Level.class);
      ON_ATTACH = lookup.findVarHandle(SinkEnd.class, "onAttach", Runnable.class);
      READER = lookup.findVarHandle(SinkEnd.class, "reader", ReaderLatch.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Each is made when it is first asked for: an idle end must weigh little.
  private volatile @Nullable WriteQueue queue;
  private volatile @Nullable Level writable;
  private volatile @Nullable ReaderLatch reader;
  private volatile boolean ended;
  private volatile boolean full;
  // The driver again, without a cast for each call.
  private volatile @Nullable SinkDriver typed;
  private boolean readerUnseen;
  // The bytes that the waiting call would write. Belongs to the holder of the turn.
  private @Nullable ByteBuffer waitsWith;
  // Whether the transport took bytes before the latch that tells of it was first asked for.
  private volatile boolean tookUnseen;
  private volatile @Nullable IOException endFailure;
  // What is to be cut short, if it is more than this sink.
  private volatile @Nullable Consumer<Throwable> onCut;

  @SuppressWarnings("unused")
  private volatile @Nullable Runnable onAttach;

  /** A sink whose driver comes later. */
  public SinkEnd(String name, Engine engine, Wait wait) {
    super(name, engine, wait);
  }

  /** A sink over a driver that is there already. */
  public SinkEnd(String name, Engine engine, Wait wait, SinkDriver driver) {
    this(name, engine, wait);
    attach(driver);
  }

  private WriteQueue queue() {
    WriteQueue present = queue;
    if (present == null) {
      Leading first = channel() instanceof Leading leading ? leading : null;
      QUEUE.compareAndSet(this, (WriteQueue) null, new WriteQueue(engine.serial(), first));
      present = Objects.requireNonNull(queue, "queue");
    }
    return present;
  }

  private long inQueue() {
    WriteQueue present = queue;
    return present == null ? 0 : present.queued();
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

  @Override
  void refused() {
    clearedWritable();
  }

  private void clearedWritable() {
    Level watchedLevel = writable;
    if (watchedLevel != null) {
      cleared(watchedLevel);
    }
  }

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
  public void attach(EndDriver value) {
    super.attach(value);
    runAttached();
  }

  @Override
  public void attachNothing() {
    super.attachNothing();
    runAttached();
  }

  /** Notifies the watchers if the remaining room has been used. */
  @Override
  void leaving() {
    if (watched() && !likely()) {
      clearedWritable();
    }
  }

  @Override
  boolean shared() {
    WriteQueue present = queue;
    return present != null && present.pumping();
  }

  @Override
  long amount() {
    SinkDriver current = driver();
    return current == null ? 0 : Math.max(0, current.room());
  }

  /** Ends a task that was given the turn. */
  private void leave() {
    leaving();
    passTurn();
  }

  private void runAttached() {
    Runnable task = (Runnable) ON_ATTACH.getAndSet(this, null);
    if (task != null) {
      task.run();
    }
  }

  @Override
  public void fail(Throwable cause) {
    super.fail(cause);
    failQueue(cause);
    queue().endIsOver(cause);
    runAttached();
    queue().settled().complete(null);
  }

  // ---- one try

  private void checkSink(boolean waited) throws IOException {
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

  private int tryWrite(ByteBuffer src, boolean waited) throws IOException {
    return tryWrite(src, null, waited);
  }

  private int tryWrite(ByteBuffer src, @Nullable Cargo cargo, boolean waited) throws IOException {
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

  private static int write(SinkDriver driver, ByteBuffer src, @Nullable Cargo cargo)
      throws IOException {
    return cargo == null ? driver.write(src) : ((HandleSink) driver).write(src, cargo);
  }

  private void wrote(int n, int want) {
    if (n < want) {
      full = true;
      clearedWritable();
    }
    if (n > 0 && readerUnseen) {
      tookUnseen = true;
      ReaderLatch asked = reader;
      if (asked != null) {
        asked.wrote();
      }
    }
  }

  @Override
  public boolean likely() {
    return isClosed() || ended || absent() || driverReady();
  }

  private boolean driverReady() {
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

  private boolean isWritable() {
    if (isClosed() || ended || failure() != null || absent()) {
      return true;
    }
    return inQueue() == 0 && likely();
  }

  // ---- writing

  @Override
  public int write(ByteBuffer src) throws IOException {
    return write0(src, null);
  }

  @Override
  public int write(ByteBuffer src, Wait wait) throws IOException {
    return write0(src, Objects.requireNonNull(wait, "wait"));
  }

  private boolean nothing(boolean empty) throws IOException {
    if (empty && isClosed()) {
      throw closedFault(false);
    }
    return empty;
  }

  /**
   * Waits for room. Once that takes longer, a reader may take from the buffer itself.
   *
   * @return how many bytes were taken from it meanwhile; -1 when told not to wait
   */
  private int awaitRoom(Limit limit, ByteBuffer src, long moved) throws IOException {
    boolean again;
    int taken = 0;
    waitsWith = src;
    try {
      again = await(limit, moved);
    } finally {
      waitsWith = null;
      if (typed instanceof Offering driver) {
        taken = driver.withdraw(src);
      }
    }
    return again ? taken : -1;
  }

  /**
   * Writes as many bytes as there is room for; if there is none, yields to the thread that makes
   * room, and tries once more; never parks.
   *
   * @return as a write that is told not to wait
   * @throws IOException as a write
   */
  public int writeSoon(ByteBuffer src) throws IOException {
    if (!tryEnter()) {
      return 0;
    }
    try {
      int n = tryWrite(src, false);
      Spinner looks = n == 0 && onlySystemKnows() ? spinner() : null;
      if (looks == null || !looks.givesWay(Long.MAX_VALUE)) {
        return n;
      }
      boolean brief = looks.away(this);
      n = tryWrite(src, false);
      looks.gaveWay(brief, n > 0);
      return n;
    } finally {
      exit();
    }
  }

  @Override
  void lookedInVain() {
    ByteBuffer src = waitsWith;
    if (src != null && typed instanceof Offering driver) {
      driver.offer(src);
    }
  }

  private int write0(ByteBuffer src, @Nullable Wait wait) throws IOException {
    if (nothing(!src.hasRemaining())) {
      return 0;
    }
    Limit limit = null;
    if (!tryEnter()) {
      checkSink(false);
      limit = enter(wait);
      if (limit == null) {
        return 0;
      }
    }
    try {
      handsOver(false);
      pace(src.remaining(), wait);
      while (true) {
        int n = tryWrite(src, limit != null && limit.hasWaited());
        if (n != 0) {
          return n;
        }
        // Only here, because most calls do not wait, and then no memory is touched for it.
        limit = limit == null ? ownLimit(wait) : limit;
        int taken = awaitRoom(limit, src, 0);
        if (taken != 0) {
          return Math.max(0, taken);
        }
      }
    } finally {
      exit();
    }
  }

  @Override
  public long write(ByteBuffer[] srcs) throws IOException {
    return write(srcs, 0, srcs.length);
  }

  @Override
  public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, srcs.length);
    int first = offset;
    while (first < offset + length && !srcs[first].hasRemaining()) {
      first++;
    }
    if (nothing(first == offset + length)) {
      return 0;
    }
    checkSink(false);
    Limit limit = begin(null);
    if (limit == null) {
      return 0;
    }
    try {
      long total = 0;
      for (int i = first; i < offset + length; i++) {
        while (srcs[i].hasRemaining()) {
          int n;
          try {
            n = tryWrite(srcs[i], limit.hasWaited());
          } catch (IOException e) {
            if (total > 0) {
              return total;
            }
            throw e;
          }
          total += n;
          if (n == 0) {
            int taken = total > 0 ? -1 : awaitRoom(limit, srcs[i], 0);
            if (taken < 0) {
              return total;
            }
            total += taken;
          }
        }
      }
      return total;
    } finally {
      exit();
    }
  }

  /** Whether handles can be sent with the bytes. */
  public boolean carries() {
    return typed instanceof HandleSink handles && handles.carries();
  }

  /**
   * Writes, and sends handles with the first byte; where the sink {@link #carries()} them.
   *
   * @param src not empty
   * @return as a write; 0 if told not to wait, and then nothing was sent
   * @throws IOException as a write
   */
  public int send(ByteBuffer src, Cargo cargo, Wait wait) throws IOException {
    checkSink(false);
    Limit limit = begin(Objects.requireNonNull(wait, "wait"));
    if (limit == null) {
      return 0;
    }
    try {
      handsOver(false);
      while (true) {
        int n = tryWrite(src, cargo, limit.hasWaited());
        if (n != 0 || !await(limit, 0)) {
          return n;
        }
      }
    } finally {
      exit();
    }
  }

  /**
   * A copy of the descriptor, if bytes can be moved to it without a copy.
   *
   * @return to be closed; null if they cannot
   * @throws IOException if there is none
   */
  public @Nullable Descriptor spliceable() throws IOException {
    return typed instanceof SpliceSink splicing ? splicing.spliceable() : null;
  }

  /**
   * Moves out of a pipe what there is room for; never waits.
   *
   * @param pipe not empty
   * @param own what {@link #spliceable()} gave
   * @return as a write that is told not to wait
   * @throws IOException as a write
   */
  public int splice(SplicePipe pipe, Descriptor own) throws IOException {
    if (!tryEnter()) {
      return 0;
    }
    try {
      checkSink(false);
      if (!(typed instanceof SpliceSink splicing)) {
        return 0;
      }
      int want = pipe.content();
      int n;
      try {
        n = splicing.splice(pipe, own);
      } catch (IOException e) {
        met(e);
        if (isClosed()) {
          throw closedFault(false);
        }
        throw Faults.again(name(), e);
      }
      wrote(n, want);
      return n;
    } finally {
      exit();
    }
  }

  /** Whether a buffer can be handed over without a copy. */
  public boolean takesSegments() {
    return typed instanceof SegmentSink;
  }

  @Override
  public int give(ByteBuffer immutable, Wait wait) throws IOException {
    return give0(immutable, null, wait);
  }

  @Override
  public int give(ByteBuffer immutable, Runnable released, Wait wait) throws IOException {
    Objects.requireNonNull(released, "released");
    return give0(immutable, () -> engine.execute(released), wait);
  }

  private int give0(ByteBuffer immutable, @Nullable Runnable released, Wait wait)
      throws IOException {
    Objects.requireNonNull(wait, "wait");
    if (nothing(!immutable.hasRemaining())) {
      if (released != null) {
        released.run();
      }
      return 0;
    }
    checkSink(false);
    Limit limit = null;
    if (!tryEnter()) {
      limit = enter(wait);
      if (limit == null) {
        return 0;
      }
    }
    boolean mine = true;
    try {
      handsOver(true);
      pace(1, wait);
      int size = immutable.remaining();
      while (true) {
        boolean waited = limit != null && limit.hasWaited();
        checkSink(waited);
        SinkDriver current = driver();
        boolean accepted = false;
        if (current instanceof SegmentSink segments) {
          try {
            accepted = segments.give(immutable, released);
          } catch (IOException e) {
            met(e);
            throw Faults.again(name(), e);
          }
          wrote(accepted ? size : 0, size);
        } else if (current != null) {
          ByteBuffer rest = immutable.duplicate();
          accepted = tryWrite(rest, waited) > 0;
          if (accepted && rest.hasRemaining()) {
            mine = false;
            queueRest(rest, released);
          } else if (accepted && released != null) {
            released.run();
          }
        }
        if (accepted) {
          return size;
        }
        limit = limit == null ? ownLimit(wait) : limit;
        if (!await(limit, 0)) {
          return 0;
        }
      }
    } finally {
      if (mine) {
        exit();
      }
    }
  }

  /** Leaves what the transport did not take of a given buffer, and the turn, to the pump. */
  private void queueRest(ByteBuffer rest, @Nullable Runnable released) {
    queue().addRest(new WriteQueue.Part(new ByteBuffer[] {rest}, released));
    pumpWhenReady();
  }

  @Override
  public void writeFully(ByteBuffer src, Wait wait) throws IOException {
    writeFully(new ByteBuffer[] {src}, wait);
  }

  @Override
  public void writeFully(CharSequence text, Wait wait) throws IOException {
    writeFully(
        new ByteBuffer[] {ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8))}, wait);
  }

  @Override
  public void writeFully(ByteBuffer[] parts, Wait wait) throws IOException {
    Objects.requireNonNull(wait, "wait");
    long left = 0;
    for (ByteBuffer part : parts) {
      left += part.remaining();
    }
    if (nothing(left == 0)) {
      return;
    }
    checkSink(false);
    Limit limit = begin(wait);
    if (limit == null) {
      throw new WouldBlockException(name(), "no room for any of " + left + " bytes", 0);
    }
    try {
      long total = 0;
      for (ByteBuffer part : parts) {
        while (part.hasRemaining()) {
          int n = tryWrite(part, limit.hasWaited());
          if (n == 0) {
            n = awaitRoom(limit, part, total);
          }
          if (n > 0) {
            total += n;
            limit.progress();
          } else if (n < 0) {
            throw new WouldBlockException(
                name(), "room for only " + total + " of " + left + " bytes", total);
          }
        }
      }
    } finally {
      exit();
    }
  }

  // ---- asynchronous writes

  @Override
  public CompletionStage<Void> writeAsync(ByteBuffer... parts) {
    ByteBuffer[] copies = new ByteBuffer[parts.length];
    for (int i = 0; i < parts.length; i++) {
      copies[i] = parts[i].duplicate();
    }
    return queue(new WriteQueue.Part(copies, null));
  }

  /**
   * As {@link #writeAsync}, with handles that go with the first byte.
   *
   * @param cargo closed when it is done
   * @param parts not empty
   */
  public CompletionStage<Void> sendAsync(Cargo cargo, ByteBuffer... parts) {
    ByteBuffer[] copies = new ByteBuffer[parts.length];
    for (int i = 0; i < parts.length; i++) {
      copies[i] = parts[i].duplicate();
    }
    return queue(new WriteQueue.Part(copies, null, cargo));
  }

  private CompletionStage<Void> queue(WriteQueue.Part part) {
    WriteQueue pending = queue();
    WriteQueue.Added added = WriteQueue.Added.REFUSED;
    IOException refused = null;
    try {
      checkSink(false);
      added = pending.add(part);
      if (added == WriteQueue.Added.REFUSED) {
        // Ended or closed since the look above.
        checkSink(false);
        refused = new BrokenPipeException(name(), "the stream was ended by this side", 0);
      }
    } catch (IOException e) {
      refused = e;
    }
    if (refused != null) {
      IOException cause = refused;
      part.letGo();
      pending.complete(() -> part.done().completeExceptionally(cause));
      return part.done();
    }
    if (watched()) {
      clearedWritable();
    }
    if (added == WriteQueue.Added.FIRST) {
      whenTurn(this::pump);
    }
    // The caller's own: nothing here depends on it, and a copy would wrap the failure.
    return part.done();
  }

  /**
   * Runs a task with the turn, which the task must pass on: now if the turn is free, else on a
   * worker.
   */
  private void whenTurn(Runnable task) {
    if (turn().enter(() -> engine.execute(task)).immediate()) {
      task.run();
    }
  }

  /** Writes what is queued. Has the turn, and passes it on when there is nothing left. */
  private void pump() {
    WriteQueue pending = queue();
    while (true) {
      WriteQueue.Part part = pending.next();
      if (part == null) {
        leave();
        wake();
        return;
      }
      try {
        if (!write(pending, part)) {
          pumpWhenReady();
          return;
        }
        pending.finish(part, null);
      } catch (HandleLimitException e) {
        // Nothing of it went, and nothing is broken.
        pending.finish(part, e);
      } catch (IOException e) {
        failQueue(Faults.told(name(), e));
      }
    }
  }

  private void pumpWhenReady() {
    // An empty queue means that a close has cancelled what was in it: the turn must be passed on.
    whenReady(() -> driverReady() || queue().isEmpty(), () -> engine.execute(this::pump));
  }

  private boolean write(WriteQueue pending, WriteQueue.Part part) throws IOException {
    Throwable cause = failure();
    if (cause != null) {
      throw Faults.again(name(), cause);
    }
    SinkDriver current = driver();
    if (current == null) {
      return false;
    }
    ByteBuffer buffer;
    while ((buffer = part.current()) != null) {
      ByteBuffer next = buffer;
      int want = next.remaining();
      Cargo cargo = part.cargo();
      int n = pending.attempt(part, () -> write(current, next, cargo), this::cancelNotBegun);
      wrote(n, want);
      if (n == 0) {
        return false;
      }
      wake();
    }
    return true;
  }

  private void cancelNotBegun() {
    queue().fail(new CancellationException(name() + ": closed before the write began"), false);
    wake();
  }

  private void failQueue(Throwable cause) {
    WriteQueue pending = queue;
    if (pending != null) {
      pending.fail(cause, true);
    }
    wake();
  }

  private long lost() {
    WriteQueue pending = queue;
    return pending == null ? 0 : pending.lost();
  }

  @Override
  public long queued() {
    return inQueue();
  }

  // ---- room and emptiness

  @Override
  public long room() {
    if (isClosed() || ended || failure() != null || absent() || inQueue() > 0) {
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
  public boolean ended() {
    return ended || isClosed();
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
      if (current != null && current.ready() && inQueue() == 0) {
        // Ready without room: a write would fail.
        checkBroken(current);
      }
      if (!await(limit, 0, () -> inQueue() == 0 && likely())) {
        throw new WouldBlockException(name(), "no room now", 0);
      }
    }
  }

  private void checkBroken(SinkDriver current) throws IOException {
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

  private boolean empty() {
    SinkDriver current = driver();
    return inQueue() == 0 && (current == null || current.pending() == 0);
  }

  private long waiting() {
    SinkDriver current = driver();
    return inQueue() + (current == null ? 0 : current.pending());
  }

  private long dropped() {
    SinkDriver current = driver();
    return lost() + (current == null ? 0 : current.dropped());
  }

  @Override
  public void awaitEmpty(Wait wait) throws IOException {
    awaitEmpty(limit(Objects.requireNonNull(wait, "wait")), false);
  }

  @Override
  public void flush(Wait wait) throws IOException {
    awaitEmpty(limit(Objects.requireNonNull(wait, "wait")), true);
    long dropped = dropped();
    if (dropped > 0) {
      if (isClosed()) {
        throw closedFault(true);
      }
      throw new BrokenPipeException(
          name(), dropped + " bytes were dropped instead of being read", dropped);
    }
  }

  private void awaitEmpty(Limit limit, boolean restart) throws IOException {
    long last = waiting();
    while (true) {
      boolean empty = empty();
      if (isClosed() && (!limit.hasWaited() || !empty)) {
        throw closedFault(limit.hasWaited());
      }
      if (empty) {
        return;
      }
      Throwable cause = failure();
      if (cause != null) {
        throw Faults.again(name(), cause);
      }
      long seen = waiting();
      if (restart && seen != last) {
        last = seen;
        limit.progress();
      }
      if (!await(limit, 0, () -> empty() || waiting() != seen)) {
        throw new WouldBlockException(name(), seen + " bytes are still unread", 0);
      }
    }
  }

  // ---- the end

  @Override
  public void end() throws IOException {
    CompletableFuture<Void> unused = beginEnd();
    IOException refused = endFailure;
    if (refused != null && failure() == null && !isClosed()) {
      throw Faults.again(name(), refused);
    }
  }

  @Override
  public CompletionStage<Void> endAsync() {
    return beginEnd().minimalCompletionStage();
  }

  private CompletableFuture<Void> beginEnd() {
    WriteQueue pending = queue();
    boolean first = pending.end() && failure() == null;
    ended = true;
    if (first) {
      wake();
      whenTurn(this::endNow);
    }
    return pending.endDone();
  }

  /** Has the turn. */
  private void endNow() {
    if (driver() == null && !absent() && failure() == null) {
      // Still connecting: the end goes out when there is somewhere to.
      onAttach = this::endNow;
      if ((driver() == null && failure() == null) || ON_ATTACH.getAndSet(this, null) == null) {
        return;
      }
    }
    SinkDriver current = driver();
    try {
      if (current != null) {
        current.end();
        engine.flushClosed();
      }
      queue().endIsOver(whyCut());
    } catch (IOException e) {
      endFailure = e;
      queue().endIsOver(e);
    } finally {
      leave();
    }
  }

  /** Why the peer has not got everything that was to come before the end; null if it has. */
  private @Nullable Throwable whyCut() {
    Throwable cause = failure();
    long dropped = lost();
    return cause != null || dropped == 0
        ? cause
        : new BrokenPipeException(
            name(), dropped + " bytes before the end were dropped unwritten", dropped);
  }

  /**
   * Reports something before all later reports of asynchronous writes.
   *
   * @return false if no such report was asked for, and nothing was done
   */
  public boolean tellFirst(Runnable task) {
    WriteQueue pending = queue;
    if (pending == null || !pending.owes()) {
      return false;
    }
    pending.complete(task);
    return true;
  }

  /** The channel has told of its connection, for which what was asked for meanwhile has waited. */
  public void tellOn() {
    WriteQueue pending = queue;
    if (pending != null) {
      pending.tellOn();
    }
  }

  /** Whether the calling thread is just telling what came of an asynchronous write. */
  public boolean tells() {
    WriteQueue pending = queue;
    return pending != null && pending.tells();
  }

  /** Tells something after all that was asked for: what has not come by now does not come. */
  public void tellLast(Runnable task) {
    WriteQueue pending = queue;
    if (pending == null || !pending.owes()) {
      task.run();
      return;
    }
    StreamClosedException cause = new StreamClosedException(name());
    pending.fail(cause, true);
    pending.endIsOver(cause);
    pending.complete(task);
  }

  @Override
  public void close() throws IOException {
    if (markClosed()) {
      closeMarked();
    }
  }

  /** Goes on with a close that has begun with {@link #markClosed}. */
  public void closeMarked() {
    if (queue().cancel()) {
      cancelNotBegun();
    }
    CompletableFuture<Void> unused = beginEnd().whenComplete((done, failure) -> settle());
    closedNow();
  }

  /** Completes {@link #settled} as soon as nothing accepted would be lost. */
  private void settle() {
    SinkDriver current = driver();
    Waiter[] self = new Waiter[1];
    self[0] =
        () -> {
          if (current == null || failure() != null || (current.unsent() == 0 && inQueue() == 0)) {
            removeWaiter(self[0]);
            release(current);
          }
        };
    addWaiter(self[0]);
    self[0].wake();
  }

  private void release(@Nullable SinkDriver current) {
    if (current != null && !queue().settled().isDone()) {
      try {
        current.close();
        engine.flushClosed();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, name() + ": closing the sink failed", e);
      }
    }
    queue().settled().complete(null);
  }

  /** Completes when the sink was closed and nothing accepted would be lost any more. */
  public CompletionStage<Void> settled() {
    return queue().settled();
  }

  /**
   * Runs a task as soon as a close of the transport would lose no accepted bytes, or they will no
   * longer be taken. It runs on the thread that finds out, so it must be quick.
   */
  public void whenSent(Runnable task) {
    whenReady(() -> failure() != null || unsent() == 0, task);
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

  /** How many accepted bytes would be lost if the transport were closed now. */
  public long unsent() {
    SinkDriver current = driver();
    return inQueue() + (current == null ? 0 : current.unsent());
  }

  @Override
  public Wait writeWait() {
    return setting();
  }

  @Override
  public void writeWait(Wait wait) {
    setting(wait);
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

  @Override
  public OutputStream outputStream() {
    return new SinkOutputStream(this);
  }

  @Override
  public Writer writer(Charset charset) {
    return new SinkWriter(this, Objects.requireNonNull(charset, "charset"));
  }

  @Override
  public ByteSubscriber subscriber() {
    return new SinkSubscriber(this, this::cutShort, engine);
  }

  @Override
  public <L> ByteFile<L> file(FileMode<L> mode) {
    return FileView.of(this, mode);
  }

  /** Says how to cut short what this sink belongs to, where that is no channel. */
  public void onCut(Consumer<Throwable> task) {
    onCut = task;
  }

  private void cutShort(Throwable cause) {
    Channel owner = channel();
    if (owner != null) {
      owner.abort(cause);
    } else {
      Consumer<Throwable> whole = onCut;
      if (whole == null) {
        fail(cause);
      } else {
        whole.accept(cause);
      }
    }
  }

  @Override
  public boolean isOpen() {
    return !isClosed();
  }
}
