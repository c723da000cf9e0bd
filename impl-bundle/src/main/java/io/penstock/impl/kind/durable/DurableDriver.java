// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.durable;

import io.penstock.channel.Capability;
import io.penstock.impl.buffer.ContentPipe;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One half of a durable pipe. A reader that is closed or aborted lets go, and the next one goes on.
 * A writer that is aborted cuts the stream, unless it is only this process that stops.
 */
final class DurableDriver implements ChannelDriver {
  private final ContentPipe pipe;
  private final boolean reads;

  DurableDriver(ContentPipe pipe, boolean reads) {
    this.pipe = pipe;
    this.reads = reads;
  }

  @Override
  public @Nullable SourceDriver source() {
    return reads ? pipe.source() : null;
  }

  @Override
  public @Nullable SinkDriver sink() {
    return reads ? null : pipe.sink();
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.ABORT);
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return pipe.facet(type);
  }

  @Override
  public CompletionStage<Void> gone() {
    return pipe.gone();
  }

  @Override
  public void close() {
    pipe.over();
  }

  @Override
  public void abort(Throwable cause) {
    pipe.abort(cause);
    pipe.over();
  }
}
