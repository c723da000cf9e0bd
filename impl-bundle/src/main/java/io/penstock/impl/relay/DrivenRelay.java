// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.impl.core.LastFault;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.engine.Budgets;
import io.penstock.impl.engine.Crowd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.MemoryFacts;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.RelayBuffersDTO;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A relay between two endpoints, or two channels. */
public final class DrivenRelay implements Relay {
  private static final System.Logger LOG = Messages.log("relay");

  /** A connection on each side, and a way between them without copies. */
  private static final int DESCRIPTORS = 4;

  /** A connection, the streams of a child, and what its start takes for a moment. */
  private static final int DESCRIPTORS_WITH_CHILD = 6;

  private static final Set<String> CHILDREN = Set.of("exec", "shell");

  private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

  private final String name;
  private final Engine engine;
  private final RelaySide from;
  private final RelaySide to;
  private final RelayOptions options;
  private final BufferPool buffers;
  private final int maxConnections;
  private final Crowd crowd;
  private final Traffic forwarded = new Traffic();
  private final Traffic returned = new Traffic();
  private final CompletableFuture<Void> completed = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Set<Conversation> active = new HashSet<>();
  // Channels that are open and not yet joined.
  private final Set<Channel> waiting = new HashSet<>();
  private int connections;
  private boolean acceptingHeld;
  private boolean started;
  private boolean closed;
  private volatile boolean held;
  private volatile Wait idle;
  private volatile Wait total;
  private volatile @Nullable LastFault fault;

  DrivenRelay(
      Engine engine, RelaySide from, RelaySide to, RelayOptions options, Relays.Means means) {
    this.engine = engine;
    this.from = from;
    this.to = to;
    this.options = options;
    this.idle = options.idle();
    this.total = options.total();
    this.name =
        options.name().isEmpty()
            ? from.endpoint().name() + " to " + to.endpoint().name()
            : options.name();
    Budgets budgets = engine.budgets();
    this.buffers =
        new BufferPool(
            options.buffer(), budgets, budgets.relay(name, options.memoryLimit()), means);
    this.crowd = new Crowd(engine.parker());
    this.maxConnections =
        options.fork() && options.maxConnections() == Integer.MAX_VALUE
            ? MemoryFacts.connections(
                CHILDREN.contains(to.endpoint().scheme()) ? DESCRIPTORS_WITH_CHILD : DESCRIPTORS)
            : options.maxConnections();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Listener> listeners() {
    List<Listener> bound = new ArrayList<>(2);
    for (RelaySide side : List.of(from, to)) {
      ListenerEnd listener = side.listener();
      if (listener != null) {
        bound.add(listener);
      }
    }
    return List.copyOf(bound);
  }

  @Override
  public void start() {
    lock.lock();
    try {
      if (started || closed) {
        return;
      }
      started = true;
    } finally {
      lock.unlock();
    }
    tell(PenstockEvent.Type.READY, null);
    engine.execute(options.fork() ? this::acceptMany : this::joinOnce);
  }

  // ---- one connection

  private void joinOnce() {
    // What is read from before the other side is there might be read for nothing: a side that waits
    // for a peer goes first, and otherwise FROM goes last.
    boolean fromFirst = from.listener() != null;
    RelaySide first = fromFirst ? from : to;
    RelaySide second = fromFirst ? to : from;
    obtain(
        first,
        null,
        one ->
            obtain(
                second,
                one,
                two -> join(fromFirst ? one : two, fromFirst ? two : one, this::finished)));
  }

  private interface Use {
    void use(Channel channel);
  }

  private void obtain(RelaySide side, @Nullable Channel other, Use use) {
    ListenerEnd listener = side.listener();
    if (listener != null) {
      acceptOne(side, listener, use);
      return;
    }
    connect(side, other, use, this::finished);
  }

  private void connect(RelaySide side, @Nullable Channel other, Use use, Outcome failed) {
    Channel channel;
    try {
      channel = side.open(PassThrough.request(other, options));
    } catch (IOException | RuntimeException | Error e) {
      failed.done(openFailed(side, e));
      return;
    }
    // Known before it is connected, so that a close cuts it short as well.
    use(
        channel,
        kept ->
            kept.connected()
                .whenComplete(
                    (done, failure) ->
                        engine.execute(
                            () -> {
                              if (failure == null) {
                                use.use(kept);
                              } else {
                                forget(kept);
                                failed.done(openFailed(side, failure));
                              }
                            })));
  }

  private void forget(Channel channel) {
    lock.lock();
    try {
      waiting.remove(channel);
    } finally {
      lock.unlock();
    }
  }

  private void use(Channel channel, Use use) {
    boolean late;
    lock.lock();
    try {
      late = closed;
      if (!late) {
        waiting.add(channel);
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      channel.abort(new StreamClosedException(name));
    } else {
      use.use(channel);
    }
  }

  private void acceptOne(RelaySide side, ListenerEnd listener, Use use) {
    Channel channel;
    try {
      channel = listener.acceptNow();
    } catch (IOException | RuntimeException | Error e) {
      finished(openFailed(side, e));
      return;
    }
    if (channel == null) {
      listener.whenReady(() -> engine.execute(() -> acceptOne(side, listener, use)));
    } else {
      close(listener);
      use(channel, use);
    }
  }

  private static RelayException openFailed(RelaySide side, Throwable failure) {
    Throwable cause = Faults.unwrap(failure);
    String reason = Faults.reason(cause);
    String own = cause instanceof StreamFault fault ? fault.stream() + " " : " ";
    // Errors of addresses are sentences that begin with the address, which the message has already.
    return new RelayException(
        side.endpoint(),
        reason.startsWith(own) ? reason.substring(own.length()) : "could not be opened: " + reason,
        0,
        cause);
  }

  private interface Outcome {
    void done(@Nullable RelayException failure);
  }

  private static CompletionStage<Void> begin(Conversation conversation) {
    try {
      return conversation.start();
    } catch (RuntimeException | Error e) {
      // Such as no descriptor for a selector: both peers must hear of it.
      return conversation.refuse(e);
    }
  }

  private void join(Channel one, Channel two, Outcome outcome) {
    Conversation conversation =
        new Conversation(
            engine, one, two, options, () -> idle, () -> total, buffers, forwarded, returned);
    boolean late;
    lock.lock();
    try {
      waiting.remove(one);
      waiting.remove(two);
      late = closed;
      if (!late) {
        active.add(conversation);
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      conversation.stop();
      return;
    }
    tell(() -> options.observer().joined(one, two));
    if (held) {
      conversation.hold();
      if (!held) {
        conversation.release();
      }
    }
    begin(conversation)
        .whenComplete(
            (done, failure) -> {
              conversation.recordEnd(name, failure);
              lock.lock();
              try {
                active.remove(conversation);
              } finally {
                lock.unlock();
              }
              RelayException why = failure == null ? null : (RelayException) Faults.unwrap(failure);
              parted(one, why);
              outcome.done(why);
            });
  }

  private void finished(@Nullable RelayException failure) {
    boolean first = shutDown(failure == null ? new StreamClosedException(name) : failure);
    if (failure == null) {
      completed.complete(null);
    } else if (first) {
      // What fails after a close fails because of it.
      completed.completeExceptionally(failure);
    }
  }

  // ---- many connections

  /** Accepts the peers that are there; after any failure, later peers are still accepted. */
  private void acceptMany() {
    try {
      acceptAll();
    } catch (RuntimeException | Error e) {
      if (!isClosed()) {
        engine.upkeep().tell(name + ": accepting failed", e);
        Future<?> unused = engine.schedule(ACCEPT_PAUSE, this::acceptMany);
      }
    }
  }

  private void acceptAll() {
    ListenerEnd listener = from.listener();
    if (listener == null) {
      throw new IllegalStateException("only a listening side forks");
    }
    while (true) {
      if (!mayAccept()) {
        return;
      }
      Channel channel;
      try {
        channel = listener.acceptNow();
      } catch (IOException | RuntimeException | Error e) {
        leave();
        if (!listener.isOpen()) {
          finished(openFailed(from, e));
        } else {
          if (!(e instanceof StreamClosedException)) {
            // Otherwise everything is being closed: the listener goes next, and nothing has failed.
            RelayException why = openFailed(from, e);
            parted(null, why);
          }
          // Such as no descriptor left: the peer is still there, so that readiness would come at
          // once.
          Future<?> unused = engine.schedule(ACCEPT_PAUSE, this::acceptMany);
        }
        return;
      }
      if (channel == null) {
        leave();
        listener.whenReady(() -> engine.execute(this::acceptMany));
        return;
      }
      use(channel, this::serve);
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private boolean mayAccept() {
    boolean full = false;
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      if (connections >= maxConnections) {
        acceptingHeld = true;
        full = true;
        return false;
      }
      connections++;
      return true;
    } finally {
      lock.unlock();
      if (full) {
        crowd.full(name, maxConnections);
      }
    }
  }

  private void leave() {
    boolean again;
    lock.lock();
    try {
      connections--;
      again = acceptingHeld;
      acceptingHeld = false;
    } finally {
      lock.unlock();
    }
    if (again) {
      engine.execute(this::acceptMany);
    }
  }

  private void serve(Channel client) {
    connect(
        to,
        client,
        other -> join(client, other, why -> leave()),
        why -> {
          forget(client);
          client.abort(Objects.requireNonNull(why, "why"));
          // After a close nothing has failed: the peer is not waited for any more.
          if (!isClosed()) {
            parted(client, why);
          }
          leave();
        });
  }

  /** A connection has ended, or was never made. */
  private void parted(@Nullable Channel channel, @Nullable RelayException why) {
    if (why != null) {
      fault = LastFault.after(fault, why);
      tell(PenstockEvent.Type.FAILED, why);
    }
    tell(() -> options.observer().parted(channel, why));
  }

  /** What the last connection that failed has met; null if none has. */
  public @Nullable LastFault fault() {
    return fault;
  }

  /** Its one side, without secrets. */
  public String from() {
    return from.endpoint().anonymous().toString();
  }

  /** Its other side, without secrets. */
  public String to() {
    return to.endpoint().anonymous().toString();
  }

  /** The observer is foreign code: its faults must not stop the relay. */
  private void tell(Runnable observer) {
    try {
      observer.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "{0}: the observer failed", name, e);
    }
  }

  // ---- for operators

  /** Holds its connections, also those that come later, and accepts nobody. */
  public void hold() {
    held = true;
    listeners().forEach(Listener::pause);
    talks().forEach(Conversation::hold);
  }

  /** Lets it go on. */
  public void release() {
    held = false;
    talks().forEach(Conversation::release);
    listeners().forEach(Listener::resume);
  }

  /** Whether an operator holds it. */
  public boolean isHeld() {
    return held;
  }

  /** Tells operators of what has happened to it. */
  void tell(PenstockEvent.Type type, @Nullable Throwable cause) {
    if (engine.events().areHeard()) {
      String way = from() + " to " + to();
      String why = cause == null ? null : String.valueOf(Faults.unwrap(cause).getMessage());
      engine.events().tellText(type, "relay", name, way, null, why);
    }
  }

  /** What each direction of its connections waits for. */
  public List<Standing> standing() {
    return talks().stream().flatMap(Conversation::standing).toList();
  }

  /** What the system was asked for on the way from the one side to the other. */
  public RelayBuffersDTO forwardBuffers() {
    return buffers(forwarded, true);
  }

  /** What the system was asked for on the way back. */
  public RelayBuffersDTO returnBuffers() {
    return buffers(returned, false);
  }

  private RelayBuffersDTO buffers(Traffic traffic, boolean there) {
    int send = 0;
    int pipe = 0;
    for (Conversation talk : talks()) {
      RelayDirection direction = talk.direction(there);
      if (direction != null) {
        send = Math.max(send, direction.sendBuffer());
        pipe = Math.max(pipe, direction.splicePipe());
      }
    }
    return new RelayBuffersDTO(traffic.grown.sum(), send, pipe);
  }

  List<Conversation> talks() {
    lock.lock();
    try {
      return List.copyOf(active);
    } finally {
      lock.unlock();
    }
  }

  // ---- state

  /** Changes the limits of time, also of connections in progress. */
  void limits(Wait newIdle, Wait newTotal) {
    idle = newIdle;
    total = newTotal;
    talks().forEach(Conversation::watchLimits);
  }

  @Override
  public CompletionStage<Void> completed() {
    return completed.minimalCompletionStage();
  }

  @Override
  public long forwarded() {
    return forwarded.bytes.sum();
  }

  @Override
  public long returned() {
    return returned.bytes.sum();
  }

  @Override
  public int active() {
    lock.lock();
    try {
      return active.size();
    } finally {
      lock.unlock();
    }
  }

  /** Closes everything; returns whether it was the first to. */
  private boolean shutDown(Throwable cause) {
    boolean first;
    List<Conversation> talks;
    List<Channel> channels;
    lock.lock();
    try {
      first = !closed;
      closed = true;
      talks = List.copyOf(active);
      channels = List.copyOf(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    listeners().forEach(DrivenRelay::close);
    talks.forEach(Conversation::stop);
    channels.forEach(channel -> channel.abort(cause));
    for (RelaySide side : List.of(from, to)) {
      if (side instanceof RelaySide.Given given) {
        given.channel().abort(cause);
      }
    }
    return first;
  }

  private static void close(Listener listener) {
    try {
      listener.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: closing the listener failed", listener.name(), e);
    }
  }

  @Override
  public void close() {
    finished(null);
  }

  @Override
  public String toString() {
    return name;
  }
}
