// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.channel.Capability;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The narrow half of a {@link FaultyChannel}. */
final class FaultyDriver implements ChannelDriver {
  private final ChannelDriver below;
  private final @Nullable FaultySource source;
  private final @Nullable FaultySink sink;
  private final AtomicBoolean reset = new AtomicBoolean();

  FaultyDriver(
      ChannelDriver below, FaultScript reading, FaultScript writing, ProviderContext context) {
    this.below = below;
    SourceDriver input = below.source();
    SinkDriver output = below.sink();
    source =
        input == null
            ? null
            : new FaultySource(input, new FaultPlan("reading", reading), this, context);
    sink =
        output == null
            ? null
            : new FaultySink(output, new FaultPlan("writing", writing), this, context);
  }

  /** Cuts the connection for both directions and for the peer. */
  void reset(IOException cause) {
    if (reset.compareAndSet(false, true)) {
      below.abort(cause);
      if (source != null) {
        source.wake();
      }
      if (sink != null) {
        sink.wake();
      }
    }
  }

  boolean wasReset() {
    return reset.get();
  }

  void resume() {
    if (source != null) {
      source.resume();
    }
    if (sink != null) {
      sink.resume();
    }
  }

  List<String> faults() {
    List<String> all = new ArrayList<>();
    if (source != null) {
      all.addAll(source.plan.faults());
    }
    if (sink != null) {
      all.addAll(sink.plan.faults());
    }
    return List.copyOf(all);
  }

  @Override
  public @Nullable SourceDriver source() {
    return source;
  }

  @Override
  public @Nullable SinkDriver sink() {
    return sink;
  }

  @Override
  public Set<Capability> capabilities() {
    return below.capabilities();
  }

  @Override
  public Optional<SocketAddress> local() {
    return below.local();
  }

  @Override
  public Optional<SocketAddress> peer() {
    return below.peer();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == FaultyDriver.class ? Optional.of(type.cast(this)) : below.facet(type);
  }

  @Override
  public @Nullable CompletionStage<Void> gone() {
    return below.gone();
  }

  @Override
  public void closing() {
    below.closing();
  }

  @Override
  public void close() throws IOException {
    below.close();
  }

  @Override
  public void abort(Throwable cause) {
    below.abort(cause);
  }
}
