// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import io.penstock.impl.buffer.Offering;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.HandleSink;
import io.penstock.impl.view.FileView;
import io.penstock.impl.view.FrameWriter;
import io.penstock.impl.view.SinkOutputStream;
import io.penstock.impl.view.SinkSubscriber;
import io.penstock.impl.view.SinkWriter;
import io.penstock.spi.EndDriver;
import io.penstock.spi.SegmentSink;
import io.penstock.spi.SinkDriver;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSubscriber;
import io.penstock.stream.FileMode;
import io.penstock.stream.FrameSink;
import io.penstock.stream.Framing;
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
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A sink: what its callers can do, over tries of the driver, with a queue of asynchronous parts in
 * front of it.
 *
 * <p>Only the holder of the turn may call the driver. While parts are queued the pump has the turn,
 * so that a synchronous write waits behind them.
 */
public final class SinkEnd extends DrivenSink {
  private static final VarHandle WRITES;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      WRITES = lookup.findVarHandle(SinkEnd.class, "writes", AsyncWrites.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Made when it is first asked for: an idle end must weigh little.
  private volatile @Nullable AsyncWrites writes;
  // The bytes that the waiting call would write. Belongs to the holder of the turn.
  private @Nullable ByteBuffer waitsWith;
  // What is to be cut short, if it is more than this sink.
  private volatile @Nullable Consumer<Throwable> onCut;

  /** A sink whose driver comes later. */
  public SinkEnd(String name, Engine engine, Wait wait) {
    super(name, engine, wait);
  }

  /** A sink over a driver that is there already. */
  public SinkEnd(String name, Engine engine, Wait wait, SinkDriver driver) {
    this(name, engine, wait);
    attach(driver);
  }

  private AsyncWrites writes() {
    AsyncWrites present = writes;
    if (present == null) {
      Leading first = channel() instanceof Leading leading ? leading : null;
      WRITES.compareAndSet(this, (AsyncWrites) null, new AsyncWrites(this, first));
      present = Objects.requireNonNull(writes, "writes");
    }
    return present;
  }

  private void runAttached() {
    AsyncWrites present = writes;
    if (present != null) {
      present.attached();
    }
  }

  /** Ends a task that was given the turn. */
  void leave() {
    leaving();
    passTurn();
  }

  @Override
  long lost() {
    AsyncWrites pending = writes;
    return pending == null ? 0 : pending.lost();
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

  @Override
  boolean shared() {
    AsyncWrites present = writes;
    return present != null && present.pumping();
  }

  @Override
  public void fail(Throwable cause) {
    super.fail(cause);
    AsyncWrites pending = writes();
    pending.failAll(cause);
    pending.endIsOver(cause);
    pending.attached();
    pending.settled().complete(null);
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

  boolean nothing(boolean empty) throws IOException {
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
  int awaitRoom(Limit limit, ByteBuffer src, long moved) throws IOException {
    boolean again;
    int taken = 0;
    waitsWith = src;
    try {
      again = await(limit, moved);
    } finally {
      waitsWith = null;
      if (typed instanceof Offering driver) {
        taken = driver.withdraw(src);
        if (taken > 0) {
          moved(taken);
        }
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
      looks.gaveWay(brief, n);
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
    if (!tryEnterOnce()) {
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
    return LongWrites.gather(this, srcs, offset, length);
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
    writes().addRest(new WriteQueue.Part(new ByteBuffer[] {rest}, released, null));
    writes().pumpWhenReady();
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
    LongWrites.all(this, parts, Objects.requireNonNull(wait, "wait"));
  }

  // ---- asynchronous writes

  @Override
  public CompletionStage<Void> writeAsync(ByteBuffer... parts) {
    return writes().write(null, parts);
  }

  /**
   * As {@link #writeAsync}, with handles that go with the first byte.
   *
   * @param cargo closed when it is done
   * @param parts not empty
   */
  public CompletionStage<Void> sendAsync(Cargo cargo, ByteBuffer... parts) {
    return writes().write(cargo, parts);
  }

  @Override
  public long queued() {
    AsyncWrites present = writes;
    return present == null ? 0 : present.queued();
  }

  @Override
  public boolean ended() {
    return ended || isClosed();
  }

  // ---- the end

  @Override
  public void end() throws IOException {
    AsyncWrites pending = writes();
    pending.beginEnd();
    IOException refused = pending.endFailure();
    if (refused != null && failure() == null && !isClosed()) {
      throw Faults.again(name(), refused);
    }
  }

  @Override
  public CompletionStage<Void> endAsync() {
    AsyncWrites pending = writes();
    // First: the end may be over on return.
    CompletionStage<Void> done = pending.endDone().minimalCompletionStage();
    pending.beginEnd();
    return done;
  }

  /**
   * Reports something before all later reports of asynchronous writes.
   *
   * @return false if no such report was asked for, and nothing was done
   */
  public boolean tellFirst(Runnable task) {
    AsyncWrites pending = writes;
    if (pending == null || !pending.owes()) {
      return false;
    }
    pending.complete(task);
    return true;
  }

  /** The channel has told of its connection, for which what was asked for meanwhile has waited. */
  public void tellOn() {
    AsyncWrites pending = writes;
    if (pending != null) {
      pending.tellOn();
    }
  }

  /** Whether the calling thread is just telling what came of an asynchronous write. */
  public boolean tells() {
    AsyncWrites pending = writes;
    return pending != null && pending.tells();
  }

  /** Tells something after all that was asked for: what has not come by now does not come. */
  public void tellLast(Runnable task) {
    AsyncWrites pending = writes;
    if (pending == null) {
      task.run();
    } else {
      pending.tellLast(task);
    }
  }

  /** The same, on a worker. */
  public void tellAfterwards(Runnable task) {
    writes().tellAfterwards(task);
  }

  @Override
  public void close() throws IOException {
    if (markClosed()) {
      closeMarked();
    }
  }

  /** Goes on with a close that has begun with {@link #markClosed}. */
  public void closeMarked() {
    writes().close();
    closedNow();
  }

  /** Completes when the sink was closed and nothing accepted would be lost any more. */
  public CompletionStage<Void> settled() {
    return writes().settled();
  }

  /**
   * Runs a task as soon as a close of the transport would lose no accepted bytes, or they will no
   * longer be taken. It runs on the thread that finds out, so it must be quick.
   */
  public void whenSent(Runnable task) {
    whenReady(() -> failure() != null || unsent() == 0, task);
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
  public FrameSink frames(Framing framing) {
    return new FrameWriter(this, framing);
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
