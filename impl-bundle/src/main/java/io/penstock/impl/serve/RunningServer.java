// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.SerialExecutor;
import io.penstock.impl.poller.SelectorPoller;
import io.penstock.poller.Registration;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.Connection;
import io.penstock.serve.Execution;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.spi.Messages;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A handler with its address: one poller, the listener or the connection that is made again, and
 * the clients.
 */
public final class RunningServer implements Server {
  private static final System.Logger LOG = Messages.log("serve");

  private enum State {
    OPEN,
    CLOSING,
    CLOSED
  }

  private final Engine engine;
  private final Endpoint asked;
  private final Calls calls;
  private final HandlerKind target;
  private final SelectorPoller poller;
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
  private final ReentrantLock limiting = new ReentrantLock();
  private final @Nullable Listener listener;
  private final @Nullable Dialer dialer;
  private volatile ServeOptions options;
  private volatile @Nullable Registration accepting;
  private final Optional<Executor> virtual;
  private @Nullable Executor pool;
  private final Accepting view = new Accepting();
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile boolean full;
  private volatile boolean held;
  private volatile boolean retired;
  private volatile @Nullable Thread finisher;
  private volatile Runnable onClose = () -> {};

  private RunningServer(
      Engine engine, Channels channels, Endpoint endpoint, HandlerKind target, ServeOptions options)
      throws IOException {
    this.engine = engine;
    this.asked = endpoint;
    this.target = target;
    this.options = options;
    this.virtual = engine.virtual("penstock-" + name());
    // Before the poller, because it may fail.
    this.listener = endpoint.listening() ? channels.listen(endpoint, options.channel()) : null;
    this.poller = new SelectorPoller(engine);
    poller.activity().label(name());
    this.calls = new Calls(this, engine, target, name());
    this.dialer =
        listener == null
            ? new Dialer(engine, channels, endpoint, () -> this.options, this::adopt)
            : null;
  }

  /**
   * Binds the address, and serves nobody before {@link #begin}.
   *
   * @param endpoint to listen on, or to connect to
   * @param handler of one of the three kinds
   * @throws IOException if the address cannot be bound, or the endpoint's scheme is not installed
   * @throws IllegalArgumentException if the options do not fit the handler or the endpoint
   */
  public static RunningServer bind(
      Engine engine, Channels channels, Endpoint endpoint, Object handler, ServeOptions options)
      throws IOException {
    HandlerKind target = HandlerKind.of(handler);
    check(target, options);
    if (!endpoint.listening()) {
      channels.check(endpoint, options.channel());
    }
    return new RunningServer(engine, channels, endpoint, target, options);
  }

  /**
   * Finds out whether a handler could be served, without binding anything.
   *
   * @throws IOException if the endpoint's scheme is not installed, or it is not of its kind's form
   * @throws IllegalArgumentException if the options do not fit the handler or the endpoint
   */
  public static void check(
      Channels channels, Endpoint endpoint, Object handler, ServeOptions options)
      throws IOException {
    check(HandlerKind.of(handler), options);
    channels.check(endpoint, options.channel());
  }

  private static void check(HandlerKind target, ServeOptions options) {
    String refusal = options.framing().map(target::refusal).orElse(null);
    if (refusal != null) {
      throw new IllegalArgumentException(refusal);
    }
  }

  /** Serves; does nothing if it was stopped before. */
  public void begin() {
    tell(PenstockEvent.Type.OPEN);
    try {
      CompletionStage<Void> unused = poller.start(calls);
      if (listener != null) {
        accept(listener);
      }
    } catch (IllegalStateException e) {
      LOG.log(Level.DEBUG, "{0}: was stopped before it began", name(), e);
      return;
    }
    if (dialer != null) {
      dialer.start();
    }
    tell(PenstockEvent.Type.READY);
  }

  private void tell(PenstockEvent.Type type) {
    engine.events().tell(type, "handler", name(), endpoint(), null, null);
  }

  private void accept(Listener from) {
    Framing framing = framing();
    limiting.lock();
    try {
      // Paused, because there may be as many clients as are allowed.
      Registration fresh = poller.registerPaused(from, framing);
      // Clients that are accepted under this registration have this framing.
      fresh.attach(framing);
      accepting = fresh;
    } finally {
      limiting.unlock();
    }
    limit();
  }

  /** Runs a task once when the server has closed, also when its listener was lost. */
  public void onClose(Runnable task) {
    onClose = task;
    if (state.get() == State.CLOSED) {
      task.run();
    }
  }

  /**
   * Takes changed options. Limits hold at once; the framing and the threads for connections that
   * come from now on.
   *
   * @throws IllegalArgumentException if they do not fit the handler; the old ones stay
   */
  public void change(ServeOptions next) {
    check(target, next);
    boolean cut = !framing().toString().equals(framing(next).toString());
    options = next;
    Registration before = accepting;
    if (listener != null && before != null && cut) {
      before.close();
      accept(listener);
    } else {
      limit();
    }
  }

  // ---- what the calls need

  private String name() {
    return options.name().isEmpty() ? asked.name() : options.name();
  }

  private Framing framing() {
    return framing(options);
  }

  private Framing framing(ServeOptions from) {
    return from.framing().orElseGet(target::framing);
  }

  private void adopt(Channel channel) {
    try {
      Registration unused = poller.adopt(channel, framing());
    } catch (RuntimeException | Error e) {
      // Such as a server that has closed meanwhile.
      LOG.log(Level.DEBUG, "{0}: is not served", channel.name(), e);
      channel.abort(e);
    }
  }

  /** The threads for one more client; null for the poller's own. Only the poller's thread asks. */
  @Nullable Executor lane() {
    Execution execution = options.execution();
    if (execution == Execution.POLLER) {
      return null;
    }
    if (execution == Execution.VIRTUAL && virtual.isPresent()) {
      return new SerialExecutor(virtual.get());
    }
    if (pool == null) {
      pool = new Pool(engine, ServeOptions.POOL);
      if (execution == Execution.VIRTUAL) {
        LOG.log(
            Level.INFO,
            "{0}: Java {1} has no virtual threads; a pool of {2} threads calls the handler",
            name(),
            Runtime.version().feature(),
            ServeOptions.POOL);
      }
    }
    return new SerialExecutor(pool);
  }

  /** The framing that a client was accepted or connected under. */
  Framing framing(Registration from) {
    return from.attachment() instanceof Framing framing ? framing : framing();
  }

  /** Accepts more, or no more, as the number of clients says. */
  void limitAccepting() {
    if (options.maxConnections() == Integer.MAX_VALUE && !full && !held) {
      return;
    }
    limit();
  }

  /** The same after a change: what another thread found by what was before does not last. */
  private void limit() {
    limiting.lock();
    try {
      Registration now = accepting;
      full = calls.size() >= options.maxConnections();
      if (now != null && (full || held)) {
        now.pause();
      } else if (now != null) {
        now.resume();
      }
    } finally {
      limiting.unlock();
    }
  }

  /** The listener's registration for handlers; null for a connection that was not accepted. */
  @Nullable Registration accepting(boolean adopted) {
    return adopted ? null : view;
  }

  /** How a handler sees the listener: its pause does not end ours. */
  private final class Accepting implements Registration {
    private volatile @Nullable Object attachment;

    @Override
    public Optional<Channel> channel() {
      return Optional.empty();
    }

    @Override
    public Registration pause() {
      held = true;
      limit();
      return this;
    }

    @Override
    public Registration resume() {
      held = false;
      limit();
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
      return 0;
    }

    @Override
    public void close() {
      pause();
    }
  }

  /** A client has gone. */
  void clientGone() {
    limitAccepting();
    closeIfRetired();
  }

  /** The listener has failed or was closed by others. */
  void listenerLost() {
    if (state.get() == State.OPEN && !retired) {
      engine.execute(this::close);
    }
  }

  // ---- for users

  @Override
  public Endpoint endpoint() {
    return listener == null ? asked : listener.endpoint();
  }

  /** The options that hold now. */
  public ServeOptions options() {
    return options;
  }

  @Override
  public Set<Connection> connections() {
    return Set.copyOf(calls.clients());
  }

  /**
   * What it does now.
   *
   * @param serviceId the number to tell it by
   */
  public ServerDTO describe(long serviceId) {
    Calls.Faults faults = calls.faults();
    Execution asked = options.execution();
    Execution real = asked == Execution.VIRTUAL && virtual.isEmpty() ? Execution.POOL : asked;
    return new ServerDTO(
        serviceId,
        name(),
        target.handler().getClass().getName(),
        endpoint().anonymous().toString(),
        dialer != null,
        dialer == null ? null : dialer.complaint(),
        framing().toString(),
        real.name().toLowerCase(Locale.ROOT),
        calls.opened(),
        calls.frames(),
        faults.count(),
        faults.last(),
        faults.at(),
        calls.clients().stream().map(Client::describe).toList());
  }

  @Override
  public void close() {
    stop(true);
  }

  /**
   * Stops.
   *
   * @param graceful whether calls in progress and replies have their time
   */
  public void stop(boolean graceful) {
    boolean own = Thread.currentThread() == finisher || calls.isCalledBy(Thread.currentThread());
    if (!state.compareAndSet(State.OPEN, State.CLOSING)) {
      if (!own) {
        awaitClosed();
      }
      return;
    }
    calls.refuse();
    guarded(this::stopListening);
    if (own && graceful) {
      // The handler stops itself: its call has to return first.
      engine.execute(() -> finish(true));
    } else {
      finish(graceful);
    }
  }

  private void awaitClosed() {
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Accepts no more and gives the address free; its connections stay until they end. */
  public void stopListening() {
    if (dialer != null) {
      dialer.stop();
    }
    if (listener != null && listener.isOpen()) {
      try {
        listener.close();
        engine.settleClosed();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: closing the listener failed", name(), e);
      }
    }
  }

  /** The same, and closes when the last connection has ended. */
  public void retire() {
    retired = true;
    stopListening();
    closeIfRetired();
  }

  /** Whether it has closed. */
  public boolean isClosed() {
    return state.get() == State.CLOSED;
  }

  private void closeIfRetired() {
    if (retired && calls.size() == 0) {
      engine.execute(this::close);
    }
  }

  /** Whatever a step throws, such as code of a bundle that is being updated, the others follow. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "{0}: a step of the stop failed", name(), e);
    }
  }

  private void finish(boolean graceful) {
    finisher = Thread.currentThread();
    try {
      if (graceful) {
        // A limit that no clock can hold is for ever.
        long limit = Wait.upTo(options.drainTimeout()).nanos();
        guarded(() -> calls.drain(System.nanoTime() + limit));
      }
      cut(graceful);
    } finally {
      state.set(State.CLOSED);
      done.countDown();
      finisher = null;
      tell(PenstockEvent.Type.CLOSED);
      onClose.run();
    }
  }

  private void cut(boolean graceful) {
    List<Client> left = calls.clients();
    if (graceful && !left.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "{0}: {1} connections are cut, because they were not done within {2} ms",
          name(),
          left.size(),
          options.drainTimeout().toMillis());
    }
    StreamClosedException cause = new StreamClosedException(name());
    left.forEach(client -> guarded(() -> client.abort(cause)));
    guarded(poller::close);
    if (dialer != null) {
      dialer.cut(cause);
    }
    guarded(() -> calls.close(left, cause));
  }

  @Override
  public String toString() {
    return "server " + name() + " (" + target.handler().getClass().getName() + ")";
  }
}
