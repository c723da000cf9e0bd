// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.MemoryPipe;
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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A pipe over a buffer in memory. */
public final class DrivenPipe implements Pipe, Scope.Member, LongConsumer {
  private static final System.Logger LOG = Messages.log("core");
  private static final long USUAL = PipeOptions.DEFAULT_CAPACITY / 2;
  private static final Supplier<Spinner> USUALLY = DrivenPipe::usualSpinner;
  private static final AtomicLong COUNT = new AtomicLong();

  private final String name;
  private final MemoryPipe memory;
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
    this.limits = limits;
    this.name = options.name().isEmpty() ? "pipe-" + COUNT.incrementAndGet() : options.name();
    this.memory = new MemoryPipe(name, options.capacity(), options.direct());
    this.source = new SourceEnd(name, engine, options.readWait(), memory.source());
    this.sink = new SinkEnd(name, engine, options.writeWait(), memory.sink());
    if (!limits.isEmpty()) {
      memory.countTo(this);
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
    memory.onDrained(this::drained);
    if (!limits.isEmpty()) {
      engine.events().tell(PenstockEvent.Type.OPEN, "pipe", name, null, null, null);
    }
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

  private final class Holder implements Account.Holder {
    @Override
    public String name() {
      return name;
    }

    @Override
    public long progress() {
      return memory.bytesRead();
    }

    @Override
    public void trim() {
      boolean unused = memory.trim();
    }

    /** What is unread goes, too: it is what takes up the memory. */
    @Override
    public void cut(IOException cause) {
      source.fail(cause);
      memory.abort(cause);
      try {
        memory.source().close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: the memory could not be let go", name, e);
      } finally {
        completeClosed(cause);
      }
    }
  }

  // ---- its life

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
    return closed.isDone() || memory.isSpent();
  }

  private void completeClosed(@Nullable Throwable cause) {
    boolean first = cause == null ? closed.complete(null) : closed.completeExceptionally(cause);
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
    memory.abort(cause);
    // Whoever waits for an operator to let go must hear of it.
    source.release();
    completeClosed(cause);
  }

  @Override
  public PipeStats stats() {
    return Stats.of(memory, source, sink, System.nanoTime());
  }

  /** How many bytes it holds at most. */
  public long capacity() {
    return memory.capacity();
  }

  /** Why it was aborted; null if it was not. */
  public @Nullable LastFault fault() {
    return fault;
  }

  @Override
  public boolean trim() {
    return memory.trim();
  }

  @Override
  public CompletionStage<Void> closed() {
    return closed.minimalCompletionStage();
  }

  @Override
  public void close() throws IOException {
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
