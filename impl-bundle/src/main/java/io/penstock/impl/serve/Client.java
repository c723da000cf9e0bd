// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.channel.Channel;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.poller.Registration;
import io.penstock.runtime.ConnectionDTO;
import io.penstock.serve.Connection;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One connection of a server. Nothing is read from its peer while anything holds it. */
final class Client implements Connection {
  private static final System.Logger LOG = Messages.log("serve");

  /** What may hold a connection; several may at once. */
  enum Hold {
    /** The handler has paused it. */
    HANDLER(1, "a pause"),
    /** The peer has not taken a reply. */
    REPLY(2, "the peer to take a reply"),
    /** A call of the handler is under way on another thread than the poller's. */
    CALL(4, "the handler"),
    /** It is being closed. */
    CLOSE(8, "the close");

    private final int bit;
    private final String text;

    Hold(int bit, String text) {
      this.bit = bit;
      this.text = text;
    }
  }

  private static final CompletionStage<Void> TAKEN =
      CompletableFuture.<Void>completedFuture(null).minimalCompletionStage();

  private final Engine engine;
  private final Channel channel;
  private final @Nullable Registration accepting;
  private final Registration registration;
  private final boolean cutsLineFeeds;
  private final Framing replies;
  private final Spare spare;
  private final Wait idle;
  private final @Nullable Executor lane;
  private final Runnable gone;
  private final View view = new View();
  private final long since = System.currentTimeMillis();
  private final AtomicBoolean ending = new AtomicBoolean();
  private final AtomicInteger partings = new AtomicInteger();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean last = new AtomicBoolean();
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private int holds;
  private int untaken;
  private int taken;
  private @Nullable Future<?> patience;
  private volatile boolean draining;
  private volatile boolean opened;
  // Written by the thread that calls the handler.
  private volatile @Nullable Thread caller;
  private volatile long frames;
  private volatile @Nullable Object attachment;

  /**
   * A connection that is registered at the server's poller.
   *
   * @param accepting the listener's registration, as handlers see it; null if it was not accepted
   * @param framing what its bytes are cut by; its idle time-out is how long the peer may take for a
   *     reply
   * @param replies how replies are made frames
   * @param spare what they are made in
   * @param lane runs the calls one after the other; null for the poller's own thread
   * @param gone runs when the channel is closed and the handler has been told
   */
  Client(
      Engine engine,
      Channel channel,
      @Nullable Registration accepting,
      Registration registration,
      Framing framing,
      Framing replies,
      Spare spare,
      @Nullable Executor lane,
      Runnable gone) {
    this.engine = engine;
    this.channel = channel;
    this.accepting = accepting;
    this.registration = registration;
    this.cutsLineFeeds = framing.toString().contains(" without delimiter");
    this.replies = replies;
    this.spare = spare;
    this.idle = framing.idleTimeout();
    this.lane = lane;
    this.gone = gone;
  }

  // ---- for the server

  /** Whether its lines come without their line feed, so that a carriage return may be the last. */
  boolean cutsLineFeeds() {
    return cutsLineFeeds;
  }

  @Nullable Executor lane() {
    return lane;
  }

  /** For a handler: the connection's own where there is no listener. */
  Registration accepting() {
    return accepting == null ? view : accepting;
  }

  Registration view() {
    return view;
  }

  /** Whether this is the first time that it is about to be told of its end. */
  boolean ends() {
    return ending.compareAndSet(false, true);
  }

  /** Its channel is closed, or its handler has had the last call: the second of the two ends it. */
  void parts() {
    if (partings.incrementAndGet() == 2) {
      gone.run();
    }
  }

  /** One more call is under way, or waits for its thread. */
  void begins() {
    calls.incrementAndGet();
  }

  /** One less. */
  void over() {
    calls.decrementAndGet();
    closeIfDone();
  }

  boolean isBusy() {
    return calls.get() > 0;
  }

  /**
   * Reads no more, and closes as soon as no call is under way and the handler has not paused it.
   */
  void drain() {
    hold(Hold.CLOSE);
    draining = true;
    closeIfDone();
  }

  private void closeIfDone() {
    if (draining && !isBusy() && !isHeld(Hold.HANDLER)) {
      close();
    }
  }

  /** Whether the handler knows of it. */
  boolean isOpened() {
    return opened;
  }

  void opened() {
    opened = true;
  }

  /** Whether this thread tells what waited for a write of this connection. */
  boolean tells() {
    return channel.sink() instanceof SinkEnd end && end.tells();
  }

  /** The handler is called on this thread now. */
  void calling() {
    caller = Thread.currentThread();
  }

  void called() {
    caller = null;
  }

  boolean isCalled() {
    return caller != null;
  }

  /** Whether the handler has not had the last call yet, which it has now. */
  boolean isLast() {
    return last.compareAndSet(false, true);
  }

  boolean isCalledBy(Thread thread) {
    return caller == thread;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only one thread calls at a time
  void count() {
    frames++;
  }

  void hold(Hold why) {
    lock.lock();
    try {
      if (holds == 0) {
        registration.pause();
      }
      holds |= why.bit;
    } finally {
      lock.unlock();
    }
  }

  void release(Hold why) {
    lock.lock();
    try {
      if (holds != 0) {
        holds &= ~why.bit;
        if (holds == 0) {
          registration.resume();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isHeld(Hold why) {
    lock.lock();
    try {
      return (holds & why.bit) != 0;
    } finally {
      lock.unlock();
    }
  }

  /** Cuts it now. */
  void abort(Throwable cause) {
    registration.close();
    channel.abort(cause);
  }

  ConnectionDTO describe() {
    String waits = "nothing";
    for (Hold hold : Hold.values()) {
      waits = isHeld(hold) ? hold.text : waits;
    }
    return new ConnectionDTO(
        channel.name(), channel.peer().map(Object::toString).orElse(""), since, frames, waits);
  }

  // ---- for the handler

  @Override
  public Channel channel() {
    return channel;
  }

  @Override
  public CompletionStage<Void> reply(CharSequence text) {
    return send(replies.encode(StandardCharsets.UTF_8.encode(CharBuffer.wrap(text))));
  }

  @Override
  public CompletionStage<Void> reply(ByteBuffer frame) {
    ByteBuffer bytes = spare.encode(replies, frame);
    try {
      frame.position(frame.limit());
      return send(bytes);
    } finally {
      spare.free(bytes);
    }
  }

  private CompletionStage<Void> send(ByteBuffer bytes) {
    CompletionStage<Void> stage;
    lock.lock();
    try {
      // No write waits, so no other thread does either.
      if (untaken == 0 && isTaken(bytes)) {
        return TAKEN;
      }
      stage = channel.sink().writeAsync(spare.kept(bytes));
      untaken++;
      if (patience == null) {
        bePatient();
      }
      hold(Hold.REPLY);
    } finally {
      lock.unlock();
    }
    return stage.whenComplete((done, failure) -> replied(failure));
  }

  private boolean isTaken(ByteBuffer bytes) {
    try {
      channel.sink().write(bytes, Wait.none());
      return !bytes.hasRemaining();
    } catch (IOException e) {
      // The asynchronous write meets it again, and tells.
      LOG.log(Level.TRACE, channel.name(), e);
      return false;
    }
  }

  private void replied(@Nullable Throwable failure) {
    if (failure != null) {
      LOG.log(Level.DEBUG, "{0}: a reply was not taken", channel.name(), failure);
    }
    lock.lock();
    try {
      untaken--;
      taken++;
      Future<?> running = patience;
      if (running != null) {
        running.cancel(false);
        patience = null;
      }
      if (untaken > 0) {
        bePatient();
      }
      if (untaken == 0) {
        release(Hold.REPLY);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A peer that never reads is silent in its way, however much is sent to it. With the lock. */
  private void bePatient() {
    if (idle.kind() != Wait.Kind.FOREVER) {
      int before = taken;
      patience = engine.schedule(Duration.ofNanos(idle.nanos()), () -> loseIfNoneWasTaken(before));
    }
  }

  private void loseIfNoneWasTaken(int before) {
    lock.lock();
    try {
      if (untaken == 0 || taken != before) {
        return;
      }
    } finally {
      lock.unlock();
    }
    channel.abort(
        new StreamTimeoutException(
            channel.name(),
            "the peer has not taken a reply within " + idle.nanos() / 1_000_000 + " ms",
            0));
  }

  @Override
  public Connection pause() {
    hold(Hold.HANDLER);
    return this;
  }

  @Override
  public Connection resume() {
    release(Hold.HANDLER);
    closeIfDone();
    return this;
  }

  @Override
  public Connection attach(@Nullable Object value) {
    attachment = value;
    return this;
  }

  @Override
  public @Nullable Object attachment() {
    return attachment;
  }

  @Override
  public void close() {
    hold(Hold.CLOSE);
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    // Closing at once would cancel replies that wait for room.
    CompletionStage<Void> end = endReplies();
    CompletionStage<Void> unused = end.whenComplete((done, failure) -> closeChannel());
  }

  private CompletionStage<Void> endReplies() {
    ByteSink sink = channel.sink();
    // The end must not come between the first bytes of a reply and the rest.
    lock.lock();
    try {
      return sink.endAsync();
    } finally {
      lock.unlock();
    }
  }

  private void closeChannel() {
    CompletionStage<Void> unused = channel.closeAsync();
  }

  @Override
  public String toString() {
    return "connection " + channel.name();
  }

  /** How a {@code ChannelHandler} sees it: its pause does not end ours. */
  private final class View implements Registration {
    @Override
    public Optional<Channel> channel() {
      return Optional.of(channel);
    }

    @Override
    public Registration pause() {
      hold(Hold.HANDLER);
      return this;
    }

    @Override
    public Registration resume() {
      Connection unused = Client.this.resume();
      return this;
    }

    @Override
    public Registration attach(@Nullable Object value) {
      attachment = value;
      return this;
    }

    @Override
    public @Nullable Object attachment() {
      return attachment;
    }

    @Override
    public long skipped() {
      return registration.skipped();
    }

    @Override
    public void close() {
      registration.close();
      if (ends()) {
        parts();
      }
    }

    @Override
    public String toString() {
      return registration.toString();
    }
  }
}
