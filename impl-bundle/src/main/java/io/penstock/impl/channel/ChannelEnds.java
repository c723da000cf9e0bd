// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import io.penstock.impl.buffer.Paced;
import io.penstock.impl.core.End;
import io.penstock.impl.core.Leading;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.core.Spinner;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.posix.SpliceSource;
import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ends of a channel: the two that each channel has, and those that its provider has asked for.
 * They fail and close together, and callers that wait at them are told after callers that wait for
 * the connection.
 */
abstract class ChannelEnds implements Channel, Leading {
  private static final System.Logger LOG = Messages.log("channel");
  private static final VarHandle TELLING;

  static {
    try {
      TELLING = MethodHandles.lookup().findVarHandle(ChannelEnds.class, "telling", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long ENOUGH = 32 * 1024;

  /** Bytes of a piece, below which a parked reader of a Unix socket has the next one sooner. */
  private static final int GATHERED = 4096;

  // One for all, so that each weighs less.
  private static final Supplier<Spinner> ADAPTIVE = ChannelEnds::adaptive;
  private static final Supplier<Spinner> GATHERING = ChannelEnds::gathering;

  final String name;
  final ChannelContext context;
  final Engine engine;
  final SourceEnd source;
  final SinkEnd sink;

  // How many threads tell what became of the connection, or are about to.
  private volatile int telling;

  /**
   * Ends without drivers.
   *
   * @param context lent to the provider that makes the drivers
   */
  ChannelEnds(ChannelContext context) {
    this.context = context;
    this.name = context.name();
    this.engine = context.origin().engine();
    this.source = new SourceEnd(name, engine, context.options().readWait());
    this.sink = new SinkEnd(name, engine, context.options().writeWait());
    source.partOf(this);
    sink.partOf(this);
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final ByteSource source() {
    return source;
  }

  @Override
  public final ByteSink sink() {
    return sink;
  }

  @Override
  public final int read(ByteBuffer dst) throws IOException {
    return source.read(dst);
  }

  @Override
  public final int write(ByteBuffer src) throws IOException {
    return sink.write(src);
  }

  @Override
  public final String toString() {
    return name;
  }

  // ---- telling

  /**
   * Before what became of the connection shows at the ends: a caller that asks for a write from
   * then on is not told of it before the callers that wait for the connection.
   */
  final void beginTelling() {
    int unused = (int) TELLING.getAndAdd(this, 1);
  }

  final void endTelling() {
    if ((int) TELLING.getAndAdd(this, -1) == 1) {
      sink.tellOn();
      forMore(
          end -> {
            if (end instanceof SinkEnd further) {
              further.tellOn();
            }
          });
    }
  }

  @Override
  public final boolean tells() {
    return telling > 0;
  }

  // ---- their drivers

  final void attach(@Nullable SourceDriver in) {
    if (in == null) {
      source.attachNothing();
      return;
    }
    if (spins(in)) {
      boolean local = in instanceof SpliceSource socket && socket.isLocal();
      source.spin(spinners(local ? GATHERING : ADAPTIVE));
    }
    source.attach(in);
  }

  final void attach(@Nullable SinkDriver out) {
    if (out == null) {
      sink.attachNothing();
      return;
    }
    if (spins(out)) {
      sink.spin(spinners(ADAPTIVE));
    }
    sink.attach(out);
  }

  /** Whether looking or trying again is quicker than waiting for somebody to tell. */
  private static boolean spins(EndDriver end) {
    return end.selectable() != null || end instanceof Paced;
  }

  private static Spinner adaptive() {
    return Spinner.adaptive(ENOUGH);
  }

  private static Spinner gathering() {
    return Spinner.adaptive(ENOUGH, GATHERED);
  }

  private Supplier<Spinner> spinners(Supplier<Spinner> usual) {
    Optional<Duration> fixed = context.options().spin();
    return fixed.isEmpty() ? usual : () -> Spinner.fixed(fixed.get().toNanos(), ENOUGH);
  }

  // ---- failing and closing

  private interface Visit {
    void visit(End end) throws IOException;
  }

  private void forMore(Visit visit) {
    for (End end : context.ends()) {
      try {
        visit.visit(end);
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: closing failed", end.name(), e);
      }
    }
  }

  final void failEnds(Throwable cause) {
    source.fail(cause);
    sink.fail(cause);
    forMore(end -> end.fail(cause));
  }

  /** Lets selectors forget what the drivers of the ends had, which were closed. */
  final void flushClosed() {
    EndDriver in = source.driver();
    EndDriver out = sink.driver();
    if (context.hasSelected() || (in == null && out == null)) {
      // Of channels that only the provider knows, and of what it never came to hand over.
      engine.flushClosed();
      return;
    }
    flushClosed(in);
    flushClosed(out);
    for (End end : context.ends()) {
      flushClosed(end.driver());
    }
  }

  private void flushClosed(@Nullable EndDriver driver) {
    if (driver != null) {
      engine.flushClosed(driver);
    }
  }

  final void closeEnds() {
    closeEnd(source);
    closeEnd(sink);
    forMore(ChannelEnds::closeEnd);
  }

  private static void closeEnd(End end) {
    try {
      if (end instanceof SourceEnd in) {
        in.close();
      } else if (end instanceof SinkEnd out) {
        out.close();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: closing failed", end.name(), e);
    }
  }

  /** How many bytes that its sinks have accepted a close would drop. */
  final long unsent() {
    AtomicLong sum = new AtomicLong(sink.unsent());
    forMore(
        end -> {
          if (end instanceof SinkEnd further) {
            sum.addAndGet(further.unsent());
          }
        });
    return sum.get();
  }

  /** Fails the sinks whose bytes are dropped: a caller that waits for a part must hear of that. */
  final void failUnsent(IOException cause) {
    if (sink.unsent() > 0) {
      sink.fail(cause);
    }
    forMore(
        end -> {
          if (end instanceof SinkEnd further && further.unsent() > 0) {
            further.fail(cause);
          }
        });
  }

  /** Done when every closed sink has delivered what it had accepted, or has failed. */
  final CompletableFuture<Void> sinksSettled() {
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
}
