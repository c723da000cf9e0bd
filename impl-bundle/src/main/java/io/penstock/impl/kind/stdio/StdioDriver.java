// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.channel.Capability;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.util.Set;

/** Standard input and output, which have nothing to do with each other. */
final class StdioDriver implements ChannelDriver {
  private final StandardStreams.In in;
  private final StandardStreams.Out out;

  StdioDriver(StandardStreams.In in, StandardStreams.Out out) {
    this.in = in;
    this.out = out;
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
      in.release().close();
    } finally {
      out.release().close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    in.abort().accept(cause);
    out.abort().accept(cause);
  }
}
