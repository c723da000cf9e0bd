// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import io.penstock.impl.kind.support.blocking.InputPump;
import io.penstock.impl.kind.support.blocking.OutputPump;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One end of a FIFO. Its reader cannot tell a cut from an end: to the system both are the last
 * writer's close.
 */
final class FifoDriver implements ChannelDriver {
  private final @Nullable InputPump source;
  private final @Nullable OutputPump sink;

  FifoDriver(@Nullable InputPump source, @Nullable OutputPump sink) {
    this.source = source;
    this.sink = sink;
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
  public void close() throws IOException {
    if (source != null) {
      source.close();
    }
    if (sink != null) {
      sink.close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    if (source != null) {
      source.abort(cause);
    }
    if (sink != null) {
      sink.abort(cause);
    }
  }
}
