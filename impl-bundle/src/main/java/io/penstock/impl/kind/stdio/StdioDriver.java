// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.AbortableSource;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/** Standard input and output, which have nothing to do with each other. */
final class StdioDriver implements ChannelDriver {
  private final String name;
  private final StandardStreams.Standard<AbortableSource> in;
  private final StandardStreams.Standard<AbortableSink> out;

  StdioDriver(
      String name,
      StandardStreams.Standard<AbortableSource> in,
      StandardStreams.Standard<AbortableSink> out) {
    this.name = name;
    this.in = in;
    this.out = out;
  }

  /** Asks for the sizes that the options ask for, of those buffers that are there. */
  void resize(ChannelOptions options) throws IOException {
    if (in.buffers().isPresent()) {
      in.buffers().get().applyInput(options);
    }
    if (out.buffers().isPresent()) {
      out.buffers().get().applyOutput(options);
    }
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    return type == BufferFacet.class && (in.buffers().isPresent() || out.buffers().isPresent())
        ? Optional.of(type.cast(new StandardBuffers(name, in.buffers(), out.buffers())))
        : Optional.empty();
  }

  @Override
  public SourceDriver source() {
    return in.driver();
  }

  @Override
  public SinkDriver sink() {
    return out.driver();
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.HALF_CLOSE);
  }

  @Override
  public void close() throws IOException {
    try {
      in.driver().close();
    } finally {
      out.driver().close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    in.driver().abort(cause);
    out.driver().abort(cause);
  }
}
