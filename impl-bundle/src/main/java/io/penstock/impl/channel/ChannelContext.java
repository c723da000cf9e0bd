// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.impl.core.End;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Flight;
import io.penstock.spi.Anchor;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Memory;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.SelectableChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a provider is lent for a channel, which may come later, or for a listener. */
final class ChannelContext implements ProviderContext {
  private static final VarHandle ENDS;

  static {
    try {
      ENDS = MethodHandles.lookup().findVarHandle(ChannelContext.class, "ends", List.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Origin origin;
  private final ChannelOptions options;
  // Copied on write.
  private volatile List<End> ends = List.of();
  private volatile @Nullable DrivenChannel channel;
  private volatile boolean stopTold;
  private volatile boolean selects;

  ChannelContext(Origin origin, ChannelOptions options) {
    this.origin = origin;
    this.options = options;
  }

  Origin origin() {
    return origin;
  }

  ChannelOptions options() {
    return options;
  }

  /** Whether the provider has waited for channels by itself. */
  boolean hasSelected() {
    return selects;
  }

  /** The ends that the provider has asked for. */
  List<End> ends() {
    return ends;
  }

  /** The channel has come. */
  void belongsTo(DrivenChannel made) {
    // First: an end that is not among them yet finds the channel.
    channel = made;
    ends.forEach(end -> end.partOf(made));
  }

  @Override
  public String name() {
    return options.name().isEmpty() ? origin.endpoint().name() : options.name();
  }

  @Override
  public Executor executor() {
    return origin.engine();
  }

  @Override
  public ByteSource source(String label, SourceDriver driver) {
    SourceEnd end = new SourceEnd(label, origin.engine(), options.readWait(), driver);
    add(end);
    return end;
  }

  @Override
  public ByteSink sink(String label, SinkDriver driver) {
    SinkEnd end = new SinkEnd(label, origin.engine(), options.writeWait(), driver);
    add(end);
    return end;
  }

  private void add(End end) {
    List<End> old;
    List<End> fresh;
    do {
      old = ends;
      fresh = new ArrayList<>(old);
      fresh.add(end);
    } while (!ENDS.compareAndSet(this, old, fresh));
    DrivenChannel present = channel;
    if (present != null) {
      end.partOf(present);
    }
  }

  @Override
  public Channel channel(String label, Function<ProviderContext, ChannelDriver> driver) {
    ChannelContext context = new ChannelContext(origin, options.withName(label));
    DrivenChannel made = new DrivenChannel(context);
    made.attach(driver.apply(context));
    try {
      origin.besides().keep(made);
    } catch (RuntimeException | Error e) {
      made.abort(e);
      throw e;
    }
    return made;
  }

  @Override
  public void select(SelectableChannel selectable, int operations, Runnable task) {
    selects = true;
    Engine engine = origin.engine();
    if (!engine.upkeep().isClosed()) {
      engine.await(selectable, operations, task::run);
    } else if (!stopTold) {
      // Once: a task that selects again would run without end.
      stopTold = true;
      task.run();
    }
  }

  @Override
  public Future<?> after(Duration delay, Runnable task) {
    return origin.engine().schedule(delay, task);
  }

  @Override
  public void forgetClosed() {
    origin.engine().flushClosed();
  }

  @Override
  public void forgetClosed(Runnable then) {
    origin.engine().flushClosed(then);
  }

  @Override
  public Optional<Anchor> anchor(Path folder) throws IOException {
    Handles handles = origin.handles();
    return handles == null ? Optional.empty() : handles.anchor(folder);
  }

  @Override
  public Consumer<@Nullable Throwable> handshake(String protocol) {
    Flight.Span span = Flight.begin(Flight.Kind.HANDSHAKE);
    return span == null ? failure -> {} : failure -> span.end(name(), protocol, 0, 0, failure);
  }

  @Override
  public Memory memory(Consumer<? super IOException> cut) {
    return origin.engine().budgets().lend(name(), cut);
  }

  @Override
  public long moved() {
    DrivenChannel made = channel;
    return made == null ? 0 : ((End) made.source()).bytes() + ((End) made.sink()).bytes();
  }

  @Override
  public void abort(Throwable cause) {
    DrivenChannel made = channel;
    if (made != null) {
      made.abort(cause);
    }
  }
}
