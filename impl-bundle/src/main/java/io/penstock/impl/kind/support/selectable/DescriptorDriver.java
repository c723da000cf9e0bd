// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.AbortableSource;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.FileKind;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pipe, a FIFO, a terminal or a file, whose directions have nothing to do with each other. The
 * system cannot tell its peer of a cut: it reads an end.
 */
public final class DescriptorDriver implements ChannelDriver {
  private static final Logger LOG = Messages.log("kind");

  private final Adopted adopted;
  private final Nature nature;
  private final ProviderContext context;
  private final @Nullable Input source;
  private final @Nullable Output sink;

  /**
   * Takes a descriptor over.
   *
   * @param adopted the descriptor
   * @param nature what the system does not tell
   * @param context of the channel
   */
  public DescriptorDriver(Adopted adopted, Nature nature, ProviderContext context) {
    this.adopted = adopted;
    this.nature = nature;
    this.context = context;
    Pipe.SourceChannel input = adopted.input();
    Pipe.SinkChannel output = adopted.output();
    this.source = input == null ? null : new Input(input);
    this.sink = output == null ? null : new Output(output);
  }

  @Override
  public @Nullable AbortableSource source() {
    return source;
  }

  @Override
  public @Nullable AbortableSink sink() {
    return sink;
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.DESCRIPTOR);
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    if (type == DescriptorSource.class) {
      return Optional.of(type.cast(new Own()));
    }
    return type == BufferFacet.class ? buffers().map(type::cast) : Optional.empty();
  }

  /** That of a pipe. */
  public Optional<SystemBuffers> buffers() {
    return nature.pipe()
        ? Optional.of(SystemBuffers.ofPipe(context.name(), adopted))
        : Optional.empty();
  }

  private final class Own implements DescriptorSource {
    @Override
    public Descriptor duplicate(Posix calls) throws IOException {
      return adopted.duplicate();
    }

    @Override
    public void detach() {
      adopted.detach();
    }
  }

  /**
   * Asks for the buffer that the options ask for, if it is a pipe.
   *
   * @throws IOException if the system refuses; the descriptor is closed then
   */
  public DescriptorDriver withBuffer(ChannelOptions options) throws IOException {
    if (nature.pipe()) {
      try {
        SystemBuffers.ofPipe(context.name(), adopted).apply(options);
      } catch (IOException | RuntimeException | Error e) {
        adopted.close();
        throw e;
      }
    }
    return this;
  }

  @Override
  public void close() throws IOException {
    adopted.close();
  }

  @Override
  public void abort(Throwable cause) {
    try {
      adopted.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the descriptor could not be closed", context.name(), e);
    }
  }

  private final class Input extends SelectedSource {
    private final Pipe.SourceChannel channel;
    private volatile boolean hungUp = nature.hungUp();
    private boolean awaited = nature.awaited();

    Input(Pipe.SourceChannel channel) {
      super(DescriptorDriver.this.context, nature.selectable() ? channel : null);
      this.channel = channel;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      if (ended) {
        return -1;
      }
      try {
        int n = Bounded.read(channel, dst);
        if (n < 0 && awaited) {
          if (!isHungUp()) {
            return 0;
          }
          // The writer may have come, written and left since.
          awaited = false;
          n = Bounded.read(channel, dst);
        }
        ended = n < 0;
        hungUp &= n != 0;
        return n;
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(context.name());
      } catch (IOException e) {
        if (nature.selectable() && !nature.pipe() && isHungUp()) {
          // How Linux says that nobody has the other side of a terminal any more.
          LOG.log(Level.DEBUG, "{0}: the terminal has ended", context.name(), e);
          ended = true;
          return -1;
        }
        throw Failures.unreadable(context.name(), e);
      }
    }

    private boolean isHungUp() throws StreamClosedException {
      try {
        return adopted.call(fd -> FileKind.isHungUp(adopted.calls(), fd) ? 1 : 0) == 1;
      } catch (ClosedChannelException e) {
        throw new StreamClosedException(context.name());
      }
    }

    @Override
    public boolean ready() {
      return ended || hungUp || !nature.selectable();
    }

    @Override
    public void close() throws IOException {
      try {
        adopted.closeInput();
      } finally {
        // The other side sees it only when no selector holds it any more.
        context.forgetClosed();
      }
    }
  }

  private final class Output extends SelectedSink {
    Output(Pipe.SinkChannel channel) {
      super(
          DescriptorDriver.this.context,
          channel,
          "it cannot be written any more",
          nature.selectable());
    }

    @Override
    public void end() throws IOException {
      try {
        adopted.closeOutput();
      } finally {
        context.forgetClosed();
      }
    }

    @Override
    public void close() throws IOException {
      end();
    }
  }
}
