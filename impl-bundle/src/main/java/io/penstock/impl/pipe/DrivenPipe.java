// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.channel.Endpoint;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.buffer.PipeBody;
import io.penstock.impl.core.LastFault;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.core.Spinner;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.pipe.PipeStats;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A pipe over a buffer in memory, or over what survives. */
public final class DrivenPipe implements Pipe, Scope.Member, LongConsumer, LongPredicate {
  private static final System.Logger LOG = Messages.log("core");
  private static final long USUAL = PipeOptions.DEFAULT_CAPACITY / 2;
  private static final Supplier<Spinner> USUALLY = DrivenPipe::usualSpinner;
  private static final AtomicLong COUNT = new AtomicLong();

  private final String name;
  private final PipeBody body;
  private final SourceEnd source;
  private final SinkEnd sink;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final List<Budget> limits;
  private volatile @Nullable Scope scope;
  private volatile @Nullable LastFault fault;
  // Made when there is something to count.
  private volatile @Nullable Account account;

  /** Makes an open, empty pipe whose memory is not counted: it may be forgotten without a close. */
  public DrivenPipe(PipeOptions options, Engine engine) {
    this(options, engine, List.of());
  }

  /** Makes an open, empty pipe whose memory has the limits of the container. */
  public static DrivenPipe counted(PipeOptions options, Engine engine) {
    return new DrivenPipe(
        options, engine, options.direct() ? engine.budgets().outside() : engine.budgets().inHeap());
  }

  /**
   * Makes an open, empty pipe.
   *
   * @param limits those of its memory, which then counts until the pipe is closed or drained
   */
  public DrivenPipe(PipeOptions options, Engine engine, List<Budget> limits) {
    this(named(options), engine, limits, null);
  }

  /** Makes a pipe over a body that is open already. */
  DrivenPipe(PipeOptions options, Engine engine, List<Budget> limits, @Nullable PipeBody kept) {
    this.limits = limits;
    this.name = options.name();
    this.body = kept == null ? inMemory(options) : kept;
    this.source = new SourceEnd(name, engine, options.readWait(), body.source());
    this.sink = new SinkEnd(name, engine, options.writeWait(), body.sink());
    if (!limits.isEmpty()) {
      body.countTo(this);
      if (body instanceof MemoryPipe memory) {
        memory.floodsWhile(this);
      }
    }
    Supplier<Spinner> spins = spins(options);
    source.spin(spins);
    sink.spin(spins);
    if (options.writers() == PipeOptions.Callers.ONE) {
      sink.alone();
    }
    if (options.readers() == PipeOptions.Callers.ONE) {
      source.alone();
    }
    Runnable onClose = this::closedWhenBothAre;
    source.onClose(onClose);
    sink.onClose(onClose);
    sink.onCut(this::abort);
    body.onDrained(this::drained);
    body.onGone(this::gone);
    if (!limits.isEmpty()) {
      engine.events().tell(PenstockEvent.Type.OPEN, "pipe", name, null, null, null);
    }
  }

  /**
   * Opens a durable pipe.
   *
   * @param keys those of the place that keeps it
   * @param options with a name
   * @param limits those of the memory for bytes that are not acknowledged
   * @return completes with an open pipe, which is the caller's to close
   */
  public static CompletionStage<DrivenPipe> open(
      Endpoint location,
      Map<String, String> keys,
      PipeOptions options,
      Engine engine,
      List<Budget> limits,
      Contents contents) {
    return contents
        .open(location, Contents.options(keys), Contents.context(options.name(), engine))
        .thenApply(body -> new DrivenPipe(options, engine, limits, body));
  }

  /** The same options with a name. */
  static PipeOptions named(PipeOptions options) {
    return options.name().isEmpty() ? options.withName("pipe-" + COUNT.incrementAndGet()) : options;
  }

  // ---- memory

  /** Counts memory. The first change is that of the first write, which comes alone. */
  @Override
  public void accept(long change) {
    Account mine = account;
    if (mine == null) {
      mine = source.engine().budgets().account(new Holder(), limits);
      account = mine;
    }
    mine.count(change);
  }

  /** Whether there is memory to spare. */
  @Override
  public boolean test(long bytes) {
    Account mine = account;
    return mine != null && mine.isAmple(bytes);
  }

  private final class Holder implements Account.Holder {
    @Override
    public String name() {
      return name;
    }

    @Override
    public long progress() {
      return body.progress();
    }

    @Override
    public void trim() {
      boolean unused = body.trim();
    }

    /** What is unread goes, too: it is what takes up the memory. */
    @Override
    public void cut(IOException cause) {
      source.fail(cause);
      body.abort(cause);
      try {
        body.source().close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: the memory could not be let go", name, e);
      } finally {
        completeClosed(cause);
      }
    }
  }

  // ---- its life

  /** Whatever waits or comes hears the same. */
  private void gone(Throwable cause) {
    fault = LastFault.after(fault, cause);
    sink.fail(cause);
    source.fail(cause);
    source.release();
    completeClosed(cause);
  }

  private void drained() {
    source.engine().execute(() -> completeClosed(null));
  }

  /** Leaves a scope when the pipe is closed, drained or aborted. */
  void leaveWhenClosed(Scope value) {
    scope = value;
    if (closed.isDone()) {
      value.remove(this);
    }
  }

  /** Whether it was closed, aborted, or ended and drained: known before any caller is told. */
  public boolean isSpent() {
    return closed.isDone() || body.isSpent();
  }

  private void completeClosed(@Nullable Throwable cause) {
    boolean first = cause == null ? closed.complete(null) : closed.completeExceptionally(cause);
    body.over();
    // Nobody finds it by its name any more: readers that an operator holds are to meet the end.
    source.release();
    Scope mine = scope;
    if (first && mine != null) {
      mine.remove(this);
    }
    // Those that are not counted are parts of something else.
    if (first && !limits.isEmpty() && source.engine().events().areHeard()) {
      boolean failed = cause != null && !(cause instanceof StreamClosedException);
      if (failed) {
        source.engine().events().tell(PenstockEvent.Type.FAILED, "pipe", name, null, null, cause);
      }
      source.engine().events().tell(PenstockEvent.Type.CLOSED, "pipe", name, null, null, cause);
    }
  }

  private static MemoryPipe inMemory(PipeOptions options) {
    boolean looks = MemoryPipe.looks(options.spin());
    return new MemoryPipe(options.name(), options.capacity(), options.direct(), looks);
  }

  private static Supplier<Spinner> spins(PipeOptions options) {
    // Half of the buffer: both sides then work at once, far enough from each other.
    long enough = Math.min(options.capacity(), PipeOptions.DEFAULT_CAPACITY) / 2;
    long fixed = options.spin().map(Duration::toNanos).orElse(-1L);
    if (fixed < 0) {
      // Most pipes are alike, and then share this, too.
      return enough == USUAL ? USUALLY : () -> Spinner.adaptive(enough);
    }
    return () -> Spinner.fixed(fixed, enough);
  }

  private static Spinner usualSpinner() {
    return Spinner.adaptive(USUAL);
  }

  private void closedWhenBothAre() {
    if (source.isClosed() && sink.isClosed()) {
      completeClosed(null);
    }
  }

  @Override
  public ByteSink sink() {
    return sink;
  }

  @Override
  public ByteSource source() {
    return source;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void abort(Throwable cause) {
    fault = LastFault.after(fault, Objects.requireNonNull(cause, "cause"));
    body.abort(cause);
    // Whoever waits for an operator to let go must hear of it.
    source.release();
    completeClosed(cause);
  }

  @Override
  public PipeStats stats() {
    return Stats.of(body, source, sink, System.nanoTime());
  }

  /** How many bytes it holds at most. */
  public long capacity() {
    return body.capacity();
  }

  /** Why it was aborted; null if it was not. */
  public @Nullable LastFault fault() {
    return fault;
  }

  /** Whether what keeps its bytes has failed: all is let go, and its ends say why. */
  public boolean isLost() {
    return sink.failure() != null;
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return body.facet(type);
  }

  @Override
  public boolean trim() {
    return body.trim();
  }

  @Override
  public CompletionStage<Void> closed() {
    return closed.minimalCompletionStage();
  }

  @Override
  public void close() throws IOException {
    body.closing();
    // Marked before the source goes, so that a waiting writer always learns of a local close.
    boolean first = sink.markClosed();
    try {
      source.close();
    } finally {
      if (first) {
        sink.closeMarked();
      }
      completeClosed(null);
    }
  }

  @Override
  public String describe() {
    return "pipe " + name;
  }

  @Override
  public void closeNow() {
    try {
      close();
    } catch (IOException e) {
      throw new UncheckedIOException(name + ": closing failed", e);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
