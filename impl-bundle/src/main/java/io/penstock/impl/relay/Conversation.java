// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Flight;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Two channels that are joined.
 *
 * <p>A direction is done when its source has ended and the sink has delivered everything. The
 * conversation is over when both are done and each side that gives a verdict has given it; or when
 * one side as a whole has gone and its own output is done; or at the first failure. A broken sink
 * of a side that gives a verdict is not a failure yet: what comes for it is dropped, and the
 * verdict decides.
 */
final class Conversation implements RelayDirection.Owner, ConversationLimits.Owner {
  /**
   * How long the end of an output waits for the verdict on it. Long, because a verdict that comes
   * later finds the end passed on; it delays only the end of a program that closes its output and
   * lives on. As long, where a side has refused its input, the one that is left may take to end
   * once the other has gone: a writer without a reader may never end.
   */
  private static final Duration VERDICT_GRACE = Duration.ofSeconds(2);

  /** How long the end of a peer waits to be contradicted by bytes that were just sent to it. */
  private static final Duration LOSS_GRACE = Duration.ofMillis(100);

  private final Engine engine;
  private final RelayOptions options;
  private final ConversationLimits limits;
  private final ConversationSide from;
  private final ConversationSide to;
  private final Sides sides;
  private final @Nullable PassThrough passing;

  /** The side whose program is told of to the other one. */
  private final @Nullable ConversationSide program;

  /** How a program has failed, from then on until its output was sent. */
  private final AtomicReference<@Nullable RelayException> verdict = new AtomicReference<>();

  private final CompletableFuture<Void> completed = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean over;

  /** Whether a verdict was waited for long enough; guarded by the lock. */
  private boolean overdue;

  Conversation(
      Engine engine,
      Channel from,
      Channel to,
      RelayOptions options,
      Supplier<Wait> idleLimit,
      Supplier<Wait> totalLimit,
      BufferPool buffers,
      Traffic forwarded,
      Traffic returned) {
    this.engine = engine;
    this.options = options;
    // Before any code can ask for the limits of a conversation.
    this.limits = new ConversationLimits(engine, options.linger(), idleLimit, totalLimit, this);
    boolean there = both(from, to);
    boolean back = !options.oneWay() && both(to, from);
    this.from =
        new ConversationSide(
            from, there ? direction(from, to, buffers, forwarded) : null, buffers.posix());
    this.to =
        new ConversationSide(
            to, back ? direction(to, from, buffers, returned) : null, buffers.posix());
    this.sides = new Sides(this.from, this.to);
    PassThrough forth =
        PassThrough.between(
            engine, from, to, back, buffers, returned, options.rate(), new Passing());
    PassThrough other =
        forth == null
            ? PassThrough.between(
                engine, to, from, there, buffers, forwarded, options.rate(), new Passing())
            : null;
    this.passing = forth == null ? other : forth;
    this.program = forth != null ? this.to : other != null ? this.from : null;
    if (passing != null && program != null) {
      program.carry(passing.errors());
    }
  }

  private static boolean both(Channel source, Channel sink) {
    return source.capabilities().contains(Capability.INPUT)
        && sink.capabilities().contains(Capability.OUTPUT);
  }

  private RelayDirection direction(
      Channel source, Channel sink, BufferPool buffers, Traffic traffic) {
    return new RelayDirection(
        engine,
        (SourceEnd) source.source(),
        (SinkEnd) sink.sink(),
        buffers,
        traffic,
        options.sendBufferLimit(),
        options.rate(),
        this);
  }

  /** Begins; the stage completes normally or with a {@link RelayException}. */
  CompletionStage<Void> start() {
    if (from.output == null && to.output == null) {
      fail(
          from,
          "has nothing to read and " + to.channel.endpoint().name() + " nothing to write",
          null);
      return completed;
    }
    for (ConversationSide side : sides.both()) {
      if (side.verdict) {
        side.channel.gone().whenComplete((done, failure) -> gone(side, failure));
      }
      ConversationSide other = sides.other(side);
      if (side.output == null) {
        side.shutTo(other);
      }
    }
    // First: a connection that the peer has reset cannot be found any more.
    watchDeparture(from, to);
    watchDeparture(to, from);
    sides.directions().forEach(RelayDirection::begin);
    if (passing != null) {
      passing.begin();
    }
    limits.watch();
    return completed;
  }

  // ---- for operators

  /** What goes from one side to the other, or back; null for nothing. */
  @Nullable RelayDirection direction(boolean there) {
    return (there ? from : to).output;
  }

  /** Takes nothing from either side until the release. */
  void hold() {
    limits.held(true);
    sides.directions().forEach(direction -> direction.source().hold());
  }

  /** Takes from both sides again. */
  void release() {
    limits.held(false);
    sides.directions().forEach(direction -> direction.source().release());
  }

  /** Records that it is over. */
  void recordEnd(String relay, @Nullable Throwable failure) {
    Flight.Span span = Flight.begin(Flight.Kind.RELAY_END);
    if (span != null) {
      String there = to.channel.endpoint().anonymous().toString();
      span.end(relay, there, from.moved(), to.moved(), failure);
    }
  }

  Stream<Standing> standing() {
    return sides.directions().map(RelayDirection::standing);
  }

  // ---- what directions tell

  @Override
  public boolean over() {
    return over;
  }

  @Override
  public void moved() {
    limits.moved();
  }

  @Override
  public long muchBack(RelayDirection direction) {
    RelayDirection opposite = sides.other(sides.of(direction)).output;
    return opposite == null ? 0 : opposite.lastMuch();
  }

  @Override
  public void sourceEnded(RelayDirection direction) {
    ConversationSide side = sides.of(direction);
    boolean wait;
    boolean answering;
    Departure departure;
    lock.lock();
    try {
      side.sourceEnded = true;
      departure = side.departure;
      // A side that is told how the program ended does not take its end for a complete stream.
      wait = side.verdict && !side.gone && side != program;
      answering = !sides.other(side).outputDone;
    } finally {
      lock.unlock();
    }
    RelayDirection opposite = sides.other(side).output;
    if (departure != null) {
      departure.ended();
    }
    if (!wait && answering && opposite != null && opposite.movedWithin(LOSS_GRACE)) {
      // Bytes are on their way to the side that has ended. If it is gone they soon come back as a
      // failure, and its output was cut. Passed on at once, its end would have been taken for the
      // end of a complete stream.
      Future<?> unused = engine.schedule(LOSS_GRACE, () -> passEnd(direction));
    } else if (wait) {
      // Passed on at once, the end of an output that is then said to have failed would be taken for
      // the end of a whole.
      Future<?> unused = engine.schedule(VERDICT_GRACE, () -> passEnd(direction));
    } else {
      passEnd(direction);
    }
  }

  /**
   * Tells the other side that the source has ended, unless the verdict says that it was cut short.
   */
  private void passEnd(RelayDirection direction) {
    ConversationSide side = sides.of(direction);
    ConversationSide other = sides.other(side);
    boolean cut;
    lock.lock();
    try {
      if (side.endPassed) {
        return;
      }
      side.endPassed = true;
      cut = side.goneWith != null && !tells(side);
    } finally {
      lock.unlock();
    }
    try {
      if (!cut && other.canEnd()) {
        direction.sink().end();
      }
    } catch (IOException e) {
      sinkFailed(direction, e);
      return;
    }
    direction.sink().whenSent(() -> engine.execute(() -> sent(direction)));
  }

  private void sent(RelayDirection direction) {
    try {
      direction.sink().checkDelivered();
    } catch (IOException e) {
      sinkFailed(direction, e);
      return;
    }
    outputDone(sides.of(direction));
  }

  @Override
  public void sourceFailed(RelayDirection direction, IOException cause) {
    fail(sides.of(direction), "failed while being read: " + Faults.reason(cause), cause);
  }

  @Override
  public void sinkFailed(RelayDirection direction, IOException cause) {
    ConversationSide side = sides.of(direction);
    ConversationSide broken = sides.other(side);
    if (!broken.verdict || !(cause instanceof StreamFault)) {
      // A side that reads no more has what it wanted, and gives its verdict. If the system has
      // failed instead, the side would never learn that nothing more comes.
      fail(broken, "failed while being written: " + Faults.reason(cause), cause);
      return;
    }
    lock.lock();
    try {
      broken.inputBroken = true;
    } finally {
      lock.unlock();
    }
    // The writer may have more to do than that, and must not stall.
    side.drop();
    outputDone(side);
  }

  @Override
  public void heldTooMuch(RelayDirection direction, IOException cause) {
    fail(sides.other(sides.of(direction)), "was too slow: " + Faults.reason(cause), cause);
  }

  private void outputDone(ConversationSide side) {
    lock.lock();
    try {
      side.outputDone = true;
    } finally {
      lock.unlock();
    }
    decide();
  }

  private void gone(ConversationSide side, @Nullable Throwable failure) {
    boolean ended;
    lock.lock();
    try {
      side.gone = true;
      side.goneWith = failure == null ? null : Faults.unwrap(failure);
      ended = side.sourceEnded;
    } finally {
      lock.unlock();
    }
    if (ended && side.output != null) {
      passEnd(side.output);
    }
    decide();
  }

  private void decide() {
    if (verdict.get() != null) {
      return;
    }
    ConversationSide departed;
    boolean done;
    boolean half;
    boolean late;
    lock.lock();
    try {
      departed = sides.departed(overdue);
      done = sides.areDone();
      half = sides.areHalfDone();
      late = sides.onlyVerdictIsMissing();
    } finally {
      lock.unlock();
    }
    if (departed != null && departed.goneWith != null) {
      Throwable cause = departed.goneWith;
      // Once the peer that has asked for the program is told, it is not a failure of ours.
      if (passing != null
          && tells(departed)
          && cause instanceof ExitException how
          && passing.exited(how)) {
        succeed(true);
      } else {
        failAfterOutput(departed, cause);
      }
    } else if (departed != null || done) {
      succeed(false);
    } else {
      if (half) {
        limits.startLinger();
      }
      if (late) {
        limits.awaitVerdict(VERDICT_GRACE);
      }
    }
  }

  /** What a program has written before it failed is sent to the peer before the cut. */
  private void failAfterOutput(ConversationSide side, Throwable cause) {
    RelayException failure = failure(side, Faults.reason(cause), cause);
    if (verdict.compareAndSet(null, failure)) {
      Runnable cut = () -> fail(side, "", cause);
      try {
        sides.other(side).whenSent(cut);
      } catch (RuntimeException | Error e) {
        failure.addSuppressed(e);
        cut.run();
      }
    }
  }

  // ---- what goes beside the directions

  private final class Passing implements PassThrough.Listener {
    @Override
    public void moved() {
      Conversation.this.moved();
    }

    @Override
    public boolean over() {
      return over;
    }

    @Override
    public void errorsDone() {
      ConversationSide side = Objects.requireNonNull(program);
      lock.lock();
      try {
        side.errorsDone = true;
      } finally {
        lock.unlock();
      }
      decide();
    }

    @Override
    public void errorsFailed(IOException cause) {
      fail(
          Objects.requireNonNull(program),
          "failed while its standard error was being read: " + Faults.reason(cause),
          cause);
    }

    @Override
    public void callerGone(@Nullable Throwable cause) {
      Throwable known =
          cause == null
              ? new ConnectionResetException(
                  sides.other(Objects.requireNonNull(program)).channel.name(),
                  "gone before the program has ended",
                  0)
              : Faults.unwrap(cause);
      fail(
          sides.other(Objects.requireNonNull(program)),
          "does not wait for the program: " + Faults.reason(known),
          known);
    }
  }

  // ---- limits

  /** Looks at the limits, which may have changed. */
  void watchLimits() {
    limits.watch();
  }

  @Override
  public void passed(String what) {
    fail(from, what, new StreamTimeoutException(from.channel.name(), what, 0));
  }

  @Override
  public void lingered() {
    succeed(false);
  }

  @Override
  public void overdue() {
    lock.lock();
    try {
      overdue = true;
    } finally {
      lock.unlock();
    }
    decide();
  }

  // ---- terminals

  private void watchDeparture(ConversationSide side, ConversationSide program) {
    Departure fresh = Departure.watch(engine, side.channel, program.channel, () -> hangUp(side));
    boolean late;
    lock.lock();
    try {
      side.departure = fresh;
      late = over;
    } finally {
      lock.unlock();
    }
    if (late && fresh != null) {
      fresh.close();
    }
  }

  private void hangUp(ConversationSide side) {
    String what = "has gone, so the terminal of the other side was hung up";
    fail(side, what, new ConnectionResetException(side.channel.name(), what, 0));
  }

  // ---- the end

  private boolean finish() {
    List<Departure> departures = new ArrayList<>(2);
    lock.lock();
    try {
      if (over) {
        return false;
      }
      over = true;
      for (ConversationSide side : sides.both()) {
        if (side.departure != null) {
          departures.add(side.departure);
        }
      }
    } finally {
      lock.unlock();
    }
    sides.directions().forEach(RelayDirection::finish);
    limits.stop();
    departures.forEach(Departure::close);
    return true;
  }

  /**
   * Ends it well.
   *
   * @param told whether a peer that has asked for a program knows how that has ended
   */
  private void succeed(boolean told) {
    if (verdict.get() != null) {
      fail(from, "", null);
      return;
    }
    if (!finish()) {
      return;
    }
    boolean unsaid;
    Throwable exit;
    lock.lock();
    try {
      exit = program == null ? null : program.goneWith;
      unsaid =
          program != null && program.verdict && (!program.gone || exit != null) && !tells(program);
    } finally {
      lock.unlock();
    }
    if (unsaid && program != null) {
      // It is not known how the program ends: its caller must not take the bytes it has for the
      // whole.
      Channel callers = sides.other(program).channel;
      callers.abort(new StreamClosedException(callers.name()));
    } else if (!told && passing != null && exit instanceof ExitException how) {
      boolean unused = passing.exited(how);
    } else if (!told) {
      PassThrough.succeeded(from.channel);
      PassThrough.succeeded(to.channel);
    }
    CompletableFuture<Void> unusedClose =
        CompletableFuture.allOf(from.close(), to.close())
            .whenComplete((done, failure) -> engine.execute(() -> completed.complete(null)));
  }

  /** Whether the other side is told how the program on this one has ended. */
  private boolean tells(ConversationSide side) {
    return passing != null
        && side == program
        && side.goneWith instanceof ExitException how
        && how.stated();
  }

  private void fail(ConversationSide side, String what, @Nullable Throwable cause) {
    if (!finish()) {
      return;
    }
    RelayException known = verdict.get();
    RelayException failure = known == null ? failure(side, what, cause) : known;
    sides.other(side).channel.abort(failure);
    side.channel.abort(failure);
    engine.execute(() -> completed.completeExceptionally(failure));
  }

  private RelayException failure(ConversationSide side, String what, @Nullable Throwable cause) {
    Throwable known = cause == null ? new IOException(what) : cause;
    return new RelayException(side.channel.endpoint(), what, from.moved() + to.moved(), known);
  }

  /** Ends what could not begin. */
  CompletionStage<Void> refuse(Throwable cause) {
    fail(from, "cannot be relayed: " + Faults.reason(cause), cause);
    return completed;
  }

  /** Stops in the middle; the stage completes normally. */
  void stop() {
    if (finish()) {
      for (ConversationSide side : sides.both()) {
        side.channel.abort(new StreamClosedException(side.channel.name()));
      }
      engine.execute(() -> completed.complete(null));
    }
  }
}
