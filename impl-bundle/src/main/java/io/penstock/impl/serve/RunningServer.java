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
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.Connection;
import io.penstock.serve.Execution;
import io.penstock.serve.ServeOptions;
import io.penstock.serve.Server;
import io.penstock.spi.Messages;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
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
  private final Target target;
  private final SelectorPoller poller;
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
  private final ReentrantLock limiting = new ReentrantLock();
  private final @Nullable Listener listener;
  private final @Nullable Dialer dialer;
  private volatile ServeOptions options;
  private volatile @Nullable Registration accepting;
  private final Optional<Executor> virtual;
  private @Nullable Executor pool;
  private volatile boolean full;
  private volatile Runnable onClose = () -> {};

  private RunningServer(
      Engine engine, Channels channels, Endpoint endpoint, Target target, ServeOptions options)
      throws IOException {
    this.engine = engine;
    this.asked = endpoint;
    this.target = target;
    this.options = options;
    this.virtual = engine.virtual("penstock-" + name());
    // Before the poller, because it may fail.
    this.listener = endpoint.listening() ? channels.listen(endpoint, options.channel()) : null;
    this.poller = new SelectorPoller(engine);
    this.calls = new Calls(this, engine, target, name());
    this.dialer =
        listener == null
            ? new Dialer(engine, channels, endpoint, () -> this.options, this::adopt)
            : null;
  }

  /**
   * Serves a handler.
   *
   * @param endpoint to listen on, or to connect to
   * @param handler of one of the three kinds
   * @throws IOException if the address cannot be bound, or the endpoint's scheme is not installed
   * @throws IllegalArgumentException if the options do not fit the handler or the endpoint
   */
  public static RunningServer start(
      Engine engine, Channels channels, Endpoint endpoint, Object handler, ServeOptions options)
      throws IOException {
    Target target = Target.of(handler);
    check(target, options);
    RunningServer server = new RunningServer(engine, channels, endpoint, target, options);
    try {
      server.begin();
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.stop(false);
      throw e;
    }
  }

  private static void check(Target target, ServeOptions options) {
    String refusal = options.framing().map(target::refusal).orElse(null);
    if (refusal != null) {
      throw new IllegalArgumentException(refusal);
    }
  }

  private void begin() throws IOException {
    CompletionStage<Void> unused = poller.start(calls);
    if (listener != null) {
      accept(listener);
    }
    if (dialer != null) {
      dialer.start();
    }
  }

  private void accept(Listener from) {
    Framing framing = framing();
    Registration fresh = poller.register(from, framing);
    // Clients that are accepted under this registration have this framing.
    fresh.attach(framing);
    accepting = fresh;
    limitAccepting();
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
    }
    limitAccepting();
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
    } catch (IllegalStateException e) {
      // The server has closed meanwhile.
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
    int most = options.maxConnections();
    if (most == Integer.MAX_VALUE && !full) {
      return;
    }
    limiting.lock();
    try {
      Registration now = accepting;
      full = calls.size() >= most;
      if (now != null && full) {
        now.pause();
      } else if (now != null) {
        now.resume();
      }
    } finally {
      limiting.unlock();
    }
  }

  /** The listener has failed or was closed by others. */
  void listenerLost() {
    if (state.get() == State.OPEN) {
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

  /** What it does now. */
  public ServerDTO describe(long serviceId) {
    Calls.Faults faults = calls.faults();
    Execution asked = options.execution();
    Execution real =
        asked == Execution.VIRTUAL && virtual.isEmpty() ? Execution.POOL : asked;
    return new ServerDTO(
        serviceId,
        name(),
        target.handler().getClass().getName(),
        endpoint().anonymous().toString(),
        dialer != null,
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
    if (!state.compareAndSet(State.OPEN, State.CLOSING)) {
      return;
    }
    calls.refuse();
    stopListening();
    if (graceful && calls.isCalledBy(Thread.currentThread())) {
      // The handler stops itself: its call has to return first.
      engine.execute(() -> finish(true));
    } else {
      finish(graceful);
    }
  }

  private void stopListening() {
    if (dialer != null) {
      dialer.stop();
    }
    if (listener != null) {
      try {
        listener.close();
        engine.settleClosed();
      } catch (IOException e) {
        LOG.log(Level.WARNING, name() + ": closing the listener failed", e);
      }
    }
  }

  private void finish(boolean graceful) {
    if (graceful) {
      calls.drain(System.nanoTime() + options.drainTimeout().toNanos());
    }
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
    left.forEach(client -> client.abort(cause));
    poller.close();
    calls.close(left, cause);
    state.set(State.CLOSED);
    onClose.run();
  }

  @Override
  public String toString() {
    return "server " + name() + " (" + target.handler().getClass().getName() + ")";
  }
}
