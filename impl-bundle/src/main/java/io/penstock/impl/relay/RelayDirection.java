// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.core.NextTry;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Reactor;
import io.penstock.stream.ByteConsumer;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** One way of a conversation. One task at a time runs it; between tasks it waits for one end. */
final class RelayDirection implements Account.Holder {
  /** How many pieces are moved before other tasks get the worker. */
  private static final int PIECES = 64;

  /** After that a task that has run dry waits: others may have become ready meanwhile. */
  private static final long LOOKS_NANOS = 1_000_000;

  /** What may be read at once where the speed is limited. */
  private static final long PIECES_PER_SECOND = 20;

  /** How much of a pause is made up for: a worker that comes late must not slow us down. */
  private static final long BURST_NANOS = 100_000_000;

  /** The observer of a direction. */
  interface Owner {
    /** Bytes went across. */
    void moved();

    /** Whether the conversation is over. */
    boolean over();

    /** When the other direction has last moved much, in nanoseconds; 0 for never, or if none. */
    long muchBack(RelayDirection direction);

    /** The source has ended; everything before the end was accepted by the sink. */
    void sourceEnded(RelayDirection direction);

    /** Reading failed. */
    void sourceFailed(RelayDirection direction, IOException cause);

    /** Writing failed. */
    void sinkFailed(RelayDirection direction, IOException cause);

    /** The memory for buffers has run out, and this direction held much of it for long. */
    void heldTooMuch(RelayDirection direction, IOException cause);
  }

  private final Engine engine;
  private final SourceEnd source;
  private final SinkEnd sink;
  private final NextTry sourceReady;
  private final NextTry sinkReady;
  private final BufferPool buffers;
  private final LongAdder count;
  private final SendBuffer sendBuffer;
  private final AtomicLong moved = new AtomicLong();
  private final long rate;
  private final Owner owner;

  /** Until when the speed allows what has moved already. */
  private long paidUntil;

  private volatile long lastMoved;
  private volatile long lastMuch;
  private volatile @Nullable ByteBuffer held;

  /** Whether what is held is a segment that goes on as it is, and no buffer of ours. */
  private boolean handsOver;

  // What is held across tasks is counted: buffers that a carrier fills and empties at once are few.
  private volatile @Nullable Account account;
  private final AtomicInteger counted = new AtomicInteger();

  private volatile @Nullable Reactor carrier;

  // Of the carrier's thread: whether it is in our task, and an end became ready meanwhile.
  private boolean running;
  private boolean again;

  // What a loan of the source's bytes came to.
  private final ByteConsumer across = this::across;
  private boolean lent;
  private @Nullable IOException refused;

  private final Detour detour;
  private volatile boolean finished;

  // Of the task: whether a shortcut had nothing when it was last tried.
  private boolean foundNothing;

  // Of the task: when it has first moved something, in nanoseconds; 0 for not yet.
  private long began;

  RelayDirection(
      Engine engine,
      SourceEnd source,
      SinkEnd sink,
      BufferPool buffers,
      Traffic traffic,
      int mostSendBuffer,
      long rate,
      Owner owner) {
    this.engine = engine;
    this.source = source;
    this.sink = sink;
    this.sourceReady = source.nextTry(this::ready);
    this.sinkReady = sink.nextTry(this::ready);
    this.buffers = buffers;
    this.count = traffic.bytes;
    this.rate = rate;
    this.owner = owner;
    this.paidUntil = engine.parker().nanoTime();
    this.sendBuffer = new SendBuffer(sink, mostSendBuffer, traffic.grown, paidUntil);
    this.detour =
        new Detour(
            engine, source, sink, buffers.posix(), sendBuffer, () -> lastMoved, () -> carrier);
  }

  SinkEnd sink() {
    return sink;
  }

  /** How many bytes went across. */
  long moved() {
    return moved.get();
  }

  SourceEnd source() {
    return source;
  }

  /** What the relay has made of the sink's send buffer, in bytes; 0 for nothing. */
  int sendBuffer() {
    return sendBuffer.size();
  }

  /** How many bytes there is room for on a way without copies; 0 where bytes are copied. */
  int splicePipe() {
    Shortcut fast = detour.shortcut();
    return fast == null ? 0 : fast.room();
  }

  /** Whether bytes went across a moment ago, or wait to. */
  boolean movedWithin(Duration moment) {
    long last = lastMoved;
    return held != null
        || detour.isLoaded()
        || (last != 0 && engine.parker().nanoTime() - last < moment.toNanos());
  }

  /** What it waits for. */
  Standing standing() {
    boolean loaded = held != null || detour.isLoaded();
    return new Standing(source, sink, loaded, lastMoved);
  }

  /** When it has last moved {@link Gathering#MUCH} at once, in nanoseconds; 0 for never. */
  long lastMuch() {
    return lastMuch;
  }

  /** How often it has waited for more to move at once, on the way without copies that it has. */
  int gathered() {
    Shortcut fast = detour.shortcut();
    return fast == null ? 0 : fast.gathered();
  }

  /** Gives back what is of no use any more once the conversation is over. */
  void finish() {
    finished = true;
    detour.finish();
    uncount();
  }

  /** Begins to move, once both ends have their drivers. */
  void begin() {
    if (source.onlySystemKnows() && sink.onlySystemKnows()) {
      // A direction that is found ready goes on at once, on the thread that found it: handing it to
      // a worker would take as long as moving a piece.
      Reactor mine = engine.carrier();
      if (mine.open()) {
        carriedBy(mine);
      }
    }
    schedule();
  }

  private void carriedBy(@Nullable Reactor value) {
    source.servedBy(value);
    sink.servedBy(value);
    carrier = value;
  }

  private void schedule() {
    Reactor mine = carrier;
    if (mine == null || !mine.execute(this::run)) {
      if (mine != null) {
        carriedBy(null);
      }
      engine.execute(this::run);
    }
  }

  /** Tells the owner, whose users must not hold a carrier up. */
  private void tell(Runnable task) {
    Reactor mine = carrier;
    if (mine != null && mine.isMine()) {
      engine.execute(task);
    } else {
      task.run();
    }
  }

  /** Whether a short wait would delay no other direction. */
  private boolean patient() {
    Reactor mine = carrier;
    return mine == null || !mine.isMine() || mine.isIdle();
  }

  /** An end may have become ready; on whatever thread. */
  private void ready() {
    Reactor mine = carrier;
    if (mine == null || !mine.isMine()) {
      schedule();
    } else if (running) {
      again = true;
    } else {
      run();
    }
  }

  private void run() {
    try {
      runPieces();
    } catch (RuntimeException | Error e) {
      // Such as no memory: both peers must hear of it.
      letGo();
      running = false;
      tell(() -> owner.sourceFailed(this, Faults.io(source.name(), e)));
    }
  }

  private void runPieces() {
    running = true;
    began = 0;
    detour.goesOn();
    for (int i = 0; i < PIECES; i++) {
      again = false;
      if (owner.over()) {
        letGo();
        running = false;
        return;
      }
      if (!move()) {
        if (!again) {
          running = false;
          return;
        }
        detour.goesOn();
      }
    }
    running = false;
    schedule();
  }

  /** Moves a piece as far as may be; false when this task is done. */
  private boolean move() {
    ByteBuffer rest = held;
    if (rest != null) {
      return write(rest);
    }
    Shortcut fast = detour.shortcut();
    if (fast == null) {
      return read(null);
    }
    if (fast.isLoaded()) {
      return unload(fast);
    }
    if (fast.isUseless()) {
      detour.useless();
      return true;
    }
    // What was put in front of the source can only be copied.
    return read(source.available() > 0 ? null : fast);
  }

  private boolean read(@Nullable Shortcut fast) {
    long early = early();
    if (early > 0) {
      Future<?> unused = engine.schedule(Duration.ofNanos(early), this::schedule);
      return false;
    }
    int most = buffers.size();
    if (rate > 0) {
      most = (int) Math.min(most, Math.max(1, rate / PIECES_PER_SECOND));
    }
    if (fast != null) {
      return load(fast, most);
    }
    return source.lends() ? moveWhereItLies(most) : copy(most);
  }

  private boolean looksAgain(Shortcut fast) {
    long last = lastMoved;
    return (began == 0 || last - began < LOOKS_NANOS)
        && fast.looksAgain(last, owner.muchBack(this))
        && patient();
  }

  private boolean load(Shortcut fast, int most) {
    int n;
    try {
      n = fast.load(most, looksAgain(fast));
    } catch (IOException e) {
      detour.close();
      tell(() -> owner.sourceFailed(this, e));
      return false;
    }
    if (n < 0) {
      detour.close();
      tell(() -> owner.sourceEnded(this));
    } else if (n == 0 && !fast.isUseless()) {
      if (foundNothing) {
        // Ready, and nothing to take: urgent data of TCP, which only a read goes past.
        foundNothing = false;
        return copy(most);
      }
      foundNothing = true;
      sourceReady.ask();
      return false;
    }
    foundNothing = false;
    return n >= 0;
  }

  private boolean unload(Shortcut fast) {
    int n;
    try {
      n = fast.unload();
    } catch (IOException e) {
      detour.close();
      tell(() -> owner.sinkFailed(this, e));
      return false;
    }
    if (fast.isLoaded()) {
      sendBuffer.filled();
    }
    if (n > 0) {
      moved(n);
    }
    if (n == 0 || fast.gathers(lastMoved, owner.muchBack(this))) {
      sinkReady.ask();
      return false;
    }
    return true;
  }

  /** Hands a segment over, or has the sink copy what the source lends. */
  private boolean moveWhereItLies(int most) {
    lent = false;
    refused = null;
    int n;
    try {
      if (sink.takesSegments()) {
        ByteBuffer segment = source.takeSegment(most);
        if (segment != null && segment.hasRemaining()) {
          held = segment;
          handsOver = true;
          return true;
        }
      }
      n = source.consume(most, across, Wait.none());
    } catch (IOException e) {
      tell(() -> owner.sourceFailed(this, e));
      return false;
    }
    IOException cause = refused;
    if (cause != null) {
      tell(() -> owner.sinkFailed(this, cause));
      return false;
    }
    if (n > 0) {
      moved(n);
      return true;
    }
    if (n < 0) {
      tell(() -> owner.sourceEnded(this));
    } else if (lent) {
      sinkReady.ask();
    } else {
      sourceReady.ask();
    }
    return false;
  }

  private void across(ByteBuffer run) {
    lent = true;
    try {
      int unused = sink.write(run, Wait.none());
      if (run.hasRemaining()) {
        sendBuffer.filled();
      }
    } catch (IOException e) {
      // Not the source's failure, for which it would pass otherwise.
      refused = e;
    }
  }

  /** Moves a piece from the source to a buffer. */
  private boolean copy(int most) {
    ByteBuffer buffer = buffers.borrow();
    if (buffer == null) {
      buffers.whenRoom(this::schedule);
      return false;
    }
    if (!onCarrier()) {
      count(buffer);
    }
    buffer.limit(Math.min(most, buffer.capacity()));
    int n;
    try {
      n = patient() ? source.readSoon(buffer) : source.read(buffer, Wait.none());
    } catch (IOException e) {
      putBack(buffer);
      tell(() -> owner.sourceFailed(this, e));
      return false;
    }
    if (n > 0) {
      held = buffer.flip();
      return true;
    }
    putBack(buffer);
    if (n == 0) {
      sourceReady.ask();
    } else {
      tell(() -> owner.sourceEnded(this));
    }
    return false;
  }

  /** How many nanoseconds we are ahead of the allowed speed. */
  private long early() {
    return rate == 0 ? 0 : paidUntil - engine.parker().nanoTime();
  }

  private void pay(int n, long now) {
    if (rate > 0) {
      long from = paidUntil - (now - BURST_NANOS) < 0 ? now - BURST_NANOS : paidUntil;
      paidUntil = from + (long) (n * 1e9 / rate);
    }
  }

  private int pass(ByteBuffer buffer) throws IOException {
    if (handsOver) {
      return sink.give(buffer, Wait.none());
    }
    return patient() ? sink.writeSoon(buffer) : sink.write(buffer, Wait.none());
  }

  private boolean write(ByteBuffer buffer) {
    int n;
    try {
      n = pass(buffer);
    } catch (IOException e) {
      letGo();
      tell(() -> owner.sinkFailed(this, e));
      return false;
    }
    if (buffer.hasRemaining()) {
      sendBuffer.filled();
    }
    if (n == 0) {
      if (!handsOver && counted.getPlain() == 0) {
        count(buffer);
      }
      sinkReady.ask();
      return false;
    }
    moved(n);
    if (handsOver || !buffer.hasRemaining()) {
      letGo();
    }
    return true;
  }

  private void moved(int n) {
    lastMoved = engine.parker().nanoTime();
    if (began == 0) {
      began = lastMoved;
    }
    if (n >= Gathering.MUCH) {
      lastMuch = lastMoved;
    }
    pay(n, lastMoved);
    count.add(n);
    moved.lazySet(moved.getPlain() + n);
    sendBuffer.moved(n, lastMoved);
    detour.moved(n);
    owner.moved();
  }

  private boolean onCarrier() {
    Reactor mine = carrier;
    return mine != null && mine.isMine();
  }

  private void count(ByteBuffer buffer) {
    Account mine = account;
    if (mine == null) {
      mine = buffers.account(this);
      account = mine;
    }
    mine.hold(buffer.capacity());
    counted.set(buffer.capacity());
    if (finished) {
      uncount();
    }
  }

  private void uncount() {
    Account mine = account;
    if (mine != null) {
      mine.release(counted.getAndSet(0));
    }
  }

  private void putBack(ByteBuffer buffer) {
    buffers.giveBack(buffer);
    if (counted.getPlain() != 0) {
      uncount();
    }
  }

  @Override
  public String name() {
    return sink.name();
  }

  @Override
  public long progress() {
    return moved.get();
  }

  @Override
  public void cut(IOException cause) {
    owner.heldTooMuch(this, cause);
  }

  private void letGo() {
    ByteBuffer buffer = held;
    if (buffer != null) {
      held = null;
      if (!handsOver) {
        putBack(buffer);
      }
      handsOver = false;
    }
  }
}
