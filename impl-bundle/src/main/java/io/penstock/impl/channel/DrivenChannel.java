// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.engine.Counted;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Faults;
import io.penstock.impl.engine.Flight;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.engine.Stages;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.SentQueue;
import io.penstock.impl.view.FileView;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteFile;
import io.penstock.stream.FileMode;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** A channel over a driver that may still be connecting. */
public final class DrivenChannel extends ChannelStages implements Scope.Dated, Runnable {
  private static final System.Logger LOG = Messages.log("channel");
  private static final VarHandle STATE;
  private static final VarHandle KEEPER;
  private static final VarHandle DEPARTING;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(DrivenChannel.class, "state", State.class);
      KEEPER = lookup.findVarHandle(DrivenChannel.class, "keeper", Keeping.class);
      DEPARTING = lookup.findVarHandle(DrivenChannel.class, "departing", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The few that there are, so that ten thousand channels do not have one each. */
  private static final Map<Set<Capability>, Set<Capability>> KNOWN = new ConcurrentHashMap<>();

  /**
   * For kinds that watch the limit themselves, because they know what it was that did not come:
   * enough for a thread that loses its processor on the way.
   */
  private static final Duration CONNECT_GRACE = Duration.ofMillis(200);

  private enum State {
    CONNECTING,
    CONNECTED,
    CLOSING,
    RELEASED
  }

  private volatile State state = State.CONNECTING;
  private volatile @Nullable CompletionStage<? extends ChannelDriver> connecting;

  // Whether the driver was told that its owner closes.
  @SuppressWarnings("unused")
  private volatile boolean departing;

  @SuppressWarnings("unused")
  private volatile @Nullable Keeping keeper;

  // When it began to connect, by the parker's clock.
  private final long since;

  private volatile @Nullable Account memory;
  private volatile @Nullable ChannelDriver driver;
  private volatile Set<Capability> capabilities = Set.of();

  /** A channel whose driver comes later, that cannot carry handles and that nobody keeps. */
  public DrivenChannel(Endpoint endpoint, ChannelOptions options, Engine engine) {
    this(new ChannelContext(new Origin(endpoint, engine, null, Keeping.in()), options));
  }

  /**
   * A channel whose driver comes later.
   *
   * @param context lent to the provider that makes the driver
   */
  DrivenChannel(ChannelContext context) {
    super(context);
    since = engine.parker().nanoTime();
    source.onClose(this);
    sink.onClose(this);
    context.belongsTo(this);
  }

  /** What the provider of this channel is lent. */
  public ProviderContext context() {
    return context;
  }

  private ChannelOptions options() {
    return context.options();
  }

  // ---- connecting

  /** Waits in the background for the provider. */
  public void connect(CompletionStage<? extends ChannelDriver> stage) {
    connecting = stage;
    Flight.Span span = Flight.begin(Flight.Kind.CONNECT);
    CompletableFuture<? extends ChannelDriver> future = stage.toCompletableFuture();
    Future<?> limit =
        future.isDone()
            ? CompletableFuture.completedFuture(null)
            : engine.schedule(
                options().connectTimeout().plus(CONNECT_GRACE), () -> connectTimedOut(future));
    stage.whenComplete(
        (made, failure) -> {
          limit.cancel(false);
          if (span != null) {
            span.end(name, endpoint().anonymous().toString(), 0, 0, failure);
          }
          if (failure != null) {
            connectFailed(Faults.io(name, failure));
          } else {
            attach(made);
          }
        });
  }

  private void connectTimedOut(CompletableFuture<? extends ChannelDriver> future) {
    connectFailed(
        new StreamTimeoutException(
            name, "not connected within " + options().connectTimeout().toMillis() + " ms", 0));
    future.cancel(true);
  }

  private boolean move(State from, State to) {
    return STATE.compareAndSet(this, from, to);
  }

  /** The driver has come. */
  public void attach(ChannelDriver made) {
    // Before the state, so that a thread that aborts the connection finds what to abort.
    driver = made;
    if (!move(State.CONNECTING, State.CONNECTED)) {
      driver = null;
      made.abort(new StreamClosedException(name));
      engine.flushClosed();
      return;
    }
    tell(PenstockEvent.Type.READY, null);
    beginTelling();
    try {
      use(made);
    } catch (RuntimeException | Error e) {
      abort(Faults.again(name, e));
    } finally {
      endTelling();
    }
  }

  @Override
  public boolean comes() {
    return tells() && !hasToldConnected();
  }

  /** Counts what the driver keeps in memory, and cuts this channel if it is too much for long. */
  private final class MemoryHolder implements Account.Holder {
    private final Counted driver;

    MemoryHolder(Counted driver) {
      this.driver = driver;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public long progress() {
      return driver.progress();
    }

    @Override
    public void trim() {
      driver.trim();
    }

    @Override
    public void cut(IOException cause) {
      abort(cause);
    }
  }

  private void use(ChannelDriver made) {
    if (made instanceof Counted counted) {
      Account mine = engine.budgets().account(new MemoryHolder(counted), engine.budgets().inHeap());
      memory = mine;
      counted.countTo(mine);
    }
    Set<Capability> can = new HashSet<>(made.capabilities());
    SourceDriver in = made.source();
    SinkDriver out = made.sink();
    if (in != null) {
      can.add(Capability.INPUT);
    }
    if (out != null) {
      can.add(Capability.OUTPUT);
    }
    Set<Capability> all = Set.copyOf(can);
    capabilities = KNOWN.computeIfAbsent(all, known -> known);
    attach(in);
    // The owner of queued writes is told of the connection first, and then of the writes.
    boolean queued = sink.tellFirst(this::tellConnected);
    attach(out);
    CompletionStage<Void> verdict = made.gone();
    if (verdict != null) {
      CompletableFuture<Void> gone = goneStage();
      verdict.whenComplete(
          (done, failure) ->
              engine.execute(
                  () -> {
                    if (failure == null) {
                      gone.complete(null);
                    } else {
                      gone.completeExceptionally(Faults.unwrap(failure));
                    }
                  }));
    }
    if (!queued) {
      tellConnected();
    }
  }

  private void connectFailed(IOException cause) {
    if (move(State.CONNECTING, State.RELEASED)) {
      tellFailed(cause);
      beginTelling();
      try {
        boolean queued = sink.tellFirst(() -> tellConnected(cause));
        failEnds(cause);
        if (!queued) {
          tellConnected(cause);
        }
      } finally {
        endTelling();
      }
      over();
      tellOver(cause);
    }
  }

  // ---- its keepers

  /** Sets the keeper that is told when it is over: now, if it is. */
  void keptBy(Keeping value) {
    keeper = value;
    if (state == State.RELEASED) {
      over();
    }
  }

  private void over() {
    Account mine = memory;
    if (mine != null) {
      mine.close();
    }
    Keeping told = (Keeping) KEEPER.getAndSet(this, null);
    if (told != null) {
      told.over(this);
      tell(PenstockEvent.Type.CLOSED, null);
    }
  }

  /** Tells operators. */
  void tell(PenstockEvent.Type type, @Nullable Throwable cause) {
    if (engine.events().areHeard()) {
      engine.events().tell(type, "channel", name, endpoint(), peer().orElse(null), cause);
    }
  }

  /** Tells of a failure that its own close is not, once. */
  private void tellFailed(Throwable cause) {
    if (!(cause instanceof StreamClosedException)
        && source.fault() == null
        && sink.fault() == null) {
      tell(PenstockEvent.Type.FAILED, cause);
    }
  }

  @Override
  public String describe() {
    return "channel " + name;
  }

  @Override
  public void closeNow() {
    abort(new StreamClosedException(name));
  }

  // ---- what it is

  @Override
  public <L> ByteFile<L> file(FileMode<L> mode) {
    return FileView.of(name, source, source::unread, sink, mode, this);
  }

  @Override
  public Endpoint endpoint() {
    return context.origin().endpoint();
  }

  @Override
  public Optional<SocketAddress> local() {
    ChannelDriver current = driver;
    return current == null ? Optional.empty() : current.local();
  }

  @Override
  public Optional<SocketAddress> peer() {
    ChannelDriver current = driver;
    return current == null ? Optional.empty() : current.peer();
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    ChannelDriver current = driver;
    if (current == null) {
      return Optional.empty();
    }
    Handles handles = context.origin().handles();
    if (handles != null && type == HandleFacet.class) {
      boolean local = sink.carries() || current.facet(CredentialsFacet.class).isPresent();
      return local
          ? Optional.of(type.cast(new HandleCarrier(name, source, sink, handles)))
          : Optional.empty();
    }
    if (handles != null && type == DescriptorFacet.class) {
      // Not what a kind above another passes through from below, for use by this library.
      if (!current.capabilities().contains(Capability.DESCRIPTOR)) {
        return Optional.empty();
      }
      return current
          .facet(DescriptorSource.class)
          .map(own -> type.cast(new OwnDescriptor(name, own, handles, this::close)));
    }
    if (type == SentQueue.class) {
      return current
          .facet(SentQueue.class)
          .map(queue -> type.cast(new SentWithinClose(this, queue, engine)));
    }
    return current.facet(type);
  }

  @Override
  public boolean isOpen() {
    State now = state;
    return now == State.CONNECTING || now == State.CONNECTED;
  }

  /** When it was made, by the parker's clock. */
  @Override
  public long since() {
    return since;
  }

  /** How long it may take to be connected. */
  public Duration connectTimeout() {
    return options().connectTimeout();
  }

  /** How long what was written may take to be sent after the close. */
  public Duration closeTimeout() {
    return options().closeTimeout();
  }

  /** Whether it waits for its connection. */
  public boolean isConnecting() {
    return state == State.CONNECTING;
  }

  // ---- closing

  @Override
  public void abort(Throwable cause) {
    State before = (State) STATE.getAndSet(this, State.RELEASED);
    if (before == State.RELEASED) {
      return;
    }
    tellFailed(cause);
    beginTelling();
    try {
      abort(cause, before == State.CONNECTING);
    } finally {
      endTelling();
    }
    over();
    tellOver(cause);
  }

  private void abort(Throwable cause, boolean unconnected) {
    boolean queued = unconnected && sink.tellFirst(() -> tellConnected(cause));
    failEnds(cause);
    CompletionStage<? extends ChannelDriver> stage = connecting;
    // One that comes too late for the state is aborted where it comes.
    ChannelDriver current = unconnected ? null : driver;
    if (current != null) {
      current.abort(cause);
      flushClosed();
    } else if (stage != null) {
      stage.toCompletableFuture().cancel(true);
    }
    if (!queued) {
      tellConnected(cause);
    }
  }

  /**
   * An end was closed: when both are, so is the channel. Itself, because an idle one weighs little.
   */
  @Override
  public void run() {
    if (source.isClosed() && sink.isClosed()) {
      closeAsync();
    }
  }

  @Override
  public CompletionStage<Void> closeAsync() {
    boolean unconnected = move(State.CONNECTING, State.CLOSING);
    if (!unconnected && !move(State.CONNECTED, State.CLOSING)) {
      return closed();
    }
    if (unconnected) {
      beginTelling();
      try {
        closeUnconnected();
      } finally {
        endTelling();
      }
      release();
      return closed();
    }
    closeEnds();
    ownerCloses();
    CompletableFuture<Void> settled = sinksSettled();
    if (settled.isDone()) {
      release();
    } else {
      Future<?> limit = engine.schedule(options().closeTimeout(), this::closeTimedOut);
      boolean stopped = limit.isCancelled();
      CompletableFuture<Void> unused =
          settled.whenComplete(
              (done, failure) -> {
                limit.cancel(false);
                release();
              });
      if (stopped) {
        closeTimedOut();
      }
    }
    return closed();
  }

  private void closeUnconnected() {
    StreamClosedException cause = new StreamClosedException(name);
    boolean queued = sink.tellFirst(() -> tellConnected(cause));
    CompletionStage<? extends ChannelDriver> stage = connecting;
    closeEnds();
    if (stage != null) {
      stage.toCompletableFuture().cancel(true);
    }
    sink.fail(cause);
    if (!queued) {
      tellConnected(cause);
    }
  }

  /** Its owner has closed it, or what lies above it: its driver is told, the first time. */
  void ownerCloses() {
    ChannelDriver current = driver;
    if (current != null && DEPARTING.compareAndSet(this, false, true)) {
      current.closing();
    }
  }

  private void closeTimedOut() {
    if (!move(State.CLOSING, State.RELEASED)) {
      return;
    }
    long unsent = unsent();
    BrokenPipeException dropped = null;
    try {
      if (unsent > 0) {
        LOG.log(
            Level.WARNING,
            "{0}: {1} bytes were dropped unsent, because the peer did not take them within {2} ms",
            name,
            unsent,
            options().closeTimeout().toMillis());
        dropped =
            new BrokenPipeException(
                name, unsent + " bytes were dropped unsent when the close limit passed", unsent);
        failUnsent(dropped);
      }
    } finally {
      letGo(dropped);
    }
  }

  private void release() {
    if (move(State.CLOSING, State.RELEASED)) {
      letGo(null);
    }
  }

  /** The peer must not take what it has for the whole if something was dropped. */
  private void letGo(@Nullable IOException dropped) {
    ChannelDriver current = driver;
    IOException failure = null;
    try {
      if (current != null && dropped != null) {
        current.abort(dropped);
      } else if (current != null) {
        current.close();
      }
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      // Of the provider's, on the thread of the caller that closes: it must get no further.
      failure = Faults.again(name, e);
    } finally {
      flushClosed();
      over();
    }
    tellClosed(failure);
  }

  @Override
  public void close() throws IOException {
    boolean first = isOpen();
    CompletionStage<Void> unused = closeAsync();
    if (first && !sink.tells()) {
      if (sink.queued() > 0) {
        // For its peer to take it. Whatever else a close waits for takes but a moment.
        Callers.waits(name);
      }
      // Bounded by the close limit. A caller in a completion must not wait for a later completion.
      Stages.await(releasedStage(), Wait.forever(), name, "the close");
    }
  }
}
