// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.core.End;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.EndDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A channel as the driver that a kind above it is built on. It goes through the ends, so that bytes
 * which were put back, parts that are queued and a connection that is still being made all count.
 */
final class LayeredDriver implements ChannelDriver {
  private final Channel below;
  private final Input source;
  private final Output sink;

  LayeredDriver(Channel below, SourceEnd source, SinkEnd sink) {
    this.below = below;
    this.source = new Input(source);
    this.sink = new Output(sink);
  }

  @Override
  public SourceDriver source() {
    return source;
  }

  @Override
  public SinkDriver sink() {
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
    return below.facet(type);
  }

  @Override
  public CompletionStage<Void> gone() {
    return below.gone();
  }

  /** A caller that waits at the channel below belongs to the owner of the one above it. */
  @Override
  public void closing() {
    if (below instanceof DrivenChannel driven) {
      driven.ownerCloses();
    }
  }

  @Override
  public void close() {
    CompletionStage<Void> unused = below.closeAsync();
  }

  @Override
  public void abort(Throwable cause) {
    below.abort(cause);
  }

  /** What tells of the readiness of an end of the channel below. */
  private abstract static class Lower implements EndDriver {
    private final End below;

    Lower(End below) {
      this.below = below;
    }

    @Override
    public boolean ready() {
      return below.likely();
    }

    @Override
    public void onReady(Runnable ready) {
      below.addWaiter(ready::run);
    }

    @Override
    public @Nullable SelectableChannel selectable() {
      EndDriver driver = below.driver();
      return driver == null ? null : driver.selectable();
    }

    @Override
    public int interest() {
      return below.interest();
    }
  }

  private static final class Input extends Lower implements SourceDriver {
    private final SourceEnd end;

    Input(SourceEnd end) {
      super(end);
      this.end = end;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      return end.read(dst, Wait.none());
    }

    @Override
    public void close() throws IOException {
      end.close();
    }
  }

  private static final class Output extends Lower implements SinkDriver {
    private final SinkEnd end;

    Output(SinkEnd end) {
      super(end);
      this.end = end;
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      if (src.hasRemaining()) {
        return end.write(src, Wait.none());
      }
      try {
        // The end answers an empty write by itself; this asks whether there is still a reader.
        end.awaitWritable(Wait.none());
      } catch (WouldBlockException full) {
        return 0;
      }
      return 0;
    }

    @Override
    public long room() {
      SinkDriver driver = end.driver();
      return driver == null || end.queued() > 0 ? -1 : driver.room();
    }

    @Override
    public void end() throws IOException {
      end.end();
    }

    @Override
    public long pending() {
      SinkDriver driver = end.driver();
      return end.queued() + (driver == null ? 0 : driver.pending());
    }

    @Override
    public long unsent() {
      return end.unsent();
    }

    @Override
    public void close() throws IOException {
      end.close();
    }
  }
}
