// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.core.End;
import io.penstock.impl.core.Engine;
import io.penstock.impl.core.Faults;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.core.Stages;
import io.penstock.impl.view.FileView;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FileMode;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A channel over a driver that may still be connecting. */
public final class DrivenChannel implements Channel {
  private static final System.Logger LOG = System.getLogger("io.penstock");

  private enum State {
    CONNECTING,
    CONNECTED,
    CLOSING,
    RELEASED
  }

  private final String name;
  private final Endpoint endpoint;
  private final ChannelOptions options;
  private final Engine engine;
  private final SourceEnd source;
  private final SinkEnd sink;
  private final CompletableFuture<Channel> connected = new CompletableFuture<>();
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final Context context = new Context();

  private final ReentrantLock lock = new ReentrantLock();
  private final List<End> more = new ArrayList<>(0);
  private State state = State.CONNECTING;
  private @Nullable CompletionStage<? extends ChannelDriver> connecting;
  private volatile @Nullable ChannelDriver driver;
  private volatile Set<Capability> capabilities = Set.of();

  /** A channel whose driver comes later. */
  public DrivenChannel(Endpoint endpoint, ChannelOptions options, Engine engine) {
    this.name = options.name().isEmpty() ? endpoint.toString() : options.name();
    this.endpoint = endpoint;
    this.options = options;
    this.engine = engine;
    this.source = new SourceEnd(name, engine, options.readWait());
    this.sink = new SinkEnd(name, engine, options.writeWait());
    source.partOf(this);
    sink.partOf(this);
    source.onClose(this::closeWhenBothAre);
    sink.onClose(this::closeWhenBothAre);
  }

  /** What the provider of this channel is lent. */
  public ProviderContext context() {
    return context;
  }

  private final class Context implements ProviderContext {
    @Override
    public String name() {
      return name;
    }

    @Override
    public Executor executor() {
      return engine;
    }

    @Override
    public ByteSource source(String label, SourceDriver narrow) {
      SourceEnd end = new SourceEnd(label, engine, options.readWait(), narrow);
      keep(end);
      return end;
    }

    @Override
    public ByteSink sink(String label, SinkDriver narrow) {
      SinkEnd end = new SinkEnd(label, engine, options.writeWait(), narrow);
      keep(end);
      return end;
    }

    private void keep(End end) {
      end.partOf(DrivenChannel.this);
      lock.lock();
      try {
        more.add(end);
      } finally {
        lock.unlock();
      }
    }
  }

  // ---- connecting

  /** Waits in the background for the provider. */
  public void connect(CompletionStage<? extends ChannelDriver> stage) {
    lock.lock();
    try {
      connecting = stage;
    } finally {
      lock.unlock();
    }
    CompletableFuture<? extends ChannelDriver> future = stage.toCompletableFuture();
    Future<?> limit =
        future.isDone()
            ? CompletableFuture.completedFuture(null)
            : engine.schedule(options.connectTimeout(), () -> connectTimedOut(future));
    stage.whenComplete(
        (made, failure) -> {
          limit.cancel(false);
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
            name, "not connected within " + options.connectTimeout().toMillis() + " ms", 0));
    future.cancel(true);
  }

  private boolean move(State from, State to) {
    lock.lock();
    try {
      if (state != from) {
        return false;
      }
      state = to;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private State state() {
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
  }

  /** The driver has come. */
  public void attach(ChannelDriver made) {
    boolean late;
    lock.lock();
    try {
      late = state != State.CONNECTING;
      if (!late) {
        state = State.CONNECTED;
        // With the state, so that whoever aborts from now on finds what to abort.
        driver = made;
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      made.abort(new StreamClosedException(name));
      engine.flushClosed();
      return;
    }
    try {
      use(made);
    } catch (RuntimeException e) {
      abort(Faults.again(name, e));
    }
  }

  private void use(ChannelDriver made) {
    Set<Capability> can = new HashSet<>(made.capabilities());
    SourceDriver in = made.source();
    SinkDriver out = made.sink();
    if (in != null) {
      can.add(Capability.INPUT);
    }
    if (out != null) {
      can.add(Capability.OUTPUT);
    }
    capabilities = Set.copyOf(can);
    if (in != null) {
      source.attach(in);
    } else {
      source.attachNothing();
    }
    if (out != null) {
      sink.attach(out);
    } else {
      sink.attachNothing();
    }
    CompletionStage<Void> verdict = made.gone();
    if (verdict != null) {
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
    connected.complete(this);
  }

  private void connectFailed(IOException cause) {
    if (move(State.CONNECTING, State.RELEASED)) {
      source.fail(cause);
      sink.fail(cause);
      forMore(end -> end.fail(cause));
      connected.completeExceptionally(cause);
      closed.completeExceptionally(cause);
    }
  }

  // ---- what it is

  @Override
  public ByteSource source() {
    return source;
  }

  @Override
  public ByteSink sink() {
    return sink;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return source.read(dst);
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    return sink.write(src);
  }

  @Override
  public <L> ByteFile<L> file(FileMode<L> mode) {
    return FileView.of(name, source, source::unread, sink, mode, this);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
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
  public CompletionStage<Channel> connected() {
    return connected.minimalCompletionStage();
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone.minimalCompletionStage();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    ChannelDriver current = driver;
    return current == null ? Optional.empty() : current.facet(type);
  }

  @Override
  public boolean isOpen() {
    State now = state();
    return now == State.CONNECTING || now == State.CONNECTED;
  }

  // ---- closing

  @Override
  public void abort(Throwable cause) {
    State before;
    CompletionStage<? extends ChannelDriver> stage;
    lock.lock();
    try {
      before = state;
      state = State.RELEASED;
      stage = connecting;
    } finally {
      lock.unlock();
    }
    if (before == State.RELEASED) {
      return;
    }
    source.fail(cause);
    sink.fail(cause);
    forMore(end -> end.fail(cause));
    ChannelDriver current = driver;
    if (current != null) {
      current.abort(cause);
      engine.flushClosed();
    } else if (stage != null) {
      stage.toCompletableFuture().cancel(true);
    }
    connected.completeExceptionally(cause);
    closed.completeExceptionally(cause);
  }

  private interface Visit {
    void visit(End end) throws IOException;
  }

  private void forMore(Visit visit) {
    List<End> copy;
    lock.lock();
    try {
      copy = List.copyOf(more);
    } finally {
      lock.unlock();
    }
    for (End end : copy) {
      try {
        visit.visit(end);
      } catch (IOException e) {
        LOG.log(Level.WARNING, end.name() + ": closing failed", e);
      }
    }
  }

  private void closeWhenBothAre() {
    if (source.isClosed() && sink.isClosed()) {
      closeAsync();
    }
  }

  @Override
  public CompletionStage<Void> closeAsync() {
    CompletionStage<? extends ChannelDriver> stage;
    boolean unconnected;
    lock.lock();
    try {
      if (state == State.CLOSING || state == State.RELEASED) {
        return closed.minimalCompletionStage();
      }
      unconnected = state == State.CONNECTING;
      state = State.CLOSING;
      stage = connecting;
    } finally {
      lock.unlock();
    }
    closeEnd(source);
    closeEnd(sink);
    forMore(DrivenChannel::closeEnd);
    if (unconnected) {
      if (stage != null) {
        stage.toCompletableFuture().cancel(true);
      }
      StreamClosedException cause = new StreamClosedException(name);
      sink.fail(cause);
      connected.completeExceptionally(cause);
      release();
      return closed.minimalCompletionStage();
    }
    CompletableFuture<Void> settled = sinksSettled();
    if (settled.isDone()) {
      release();
    } else {
      Future<?> limit = engine.schedule(options.closeTimeout(), this::closeTimedOut);
      CompletableFuture<Void> unused =
          settled.whenComplete(
              (done, failure) -> {
                limit.cancel(false);
                release();
              });
    }
    return closed.minimalCompletionStage();
  }

  private CompletableFuture<Void> sinksSettled() {
    List<CompletableFuture<Void>> all = new ArrayList<>(1);
    all.add(sink.settled().toCompletableFuture());
    forMore(
        end -> {
          if (end instanceof SinkEnd further) {
            all.add(further.settled().toCompletableFuture());
          }
        });
    return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]));
  }

  private static void closeEnd(End end) {
    try {
      if (end instanceof SourceEnd in) {
        in.close();
      } else if (end instanceof SinkEnd out) {
        out.close();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, end.name() + ": closing failed", e);
    }
  }

  private void closeTimedOut() {
    long unsent = sink.unsent();
    if (unsent > 0) {
      LOG.log(
          Level.WARNING,
          "{0}: {1} bytes were dropped unsent, because the peer did not take them within {2} ms",
          name,
          unsent,
          options.closeTimeout().toMillis());
      // Whoever waits for a part of it must hear of that.
      sink.fail(
          new BrokenPipeException(
              name, unsent + " bytes were dropped unsent when the close limit passed", unsent));
    }
    release();
  }

  private void release() {
    if (!move(State.CLOSING, State.RELEASED)) {
      return;
    }
    ChannelDriver current = driver;
    try {
      if (current != null) {
        current.close();
      }
      closed.complete(null);
    } catch (IOException e) {
      closed.completeExceptionally(e);
    } finally {
      engine.flushClosed();
    }
  }

  @Override
  public CompletionStage<Void> closed() {
    return closed.minimalCompletionStage();
  }

  @Override
  public void close() throws IOException {
    boolean first = isOpen();
    CompletionStage<Void> done = closeAsync();
    if (first) {
      // Bounded by the close limit.
      Stages.await(done, Wait.forever(), name, "the close");
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
