// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.channel.Capability;
import io.penstock.impl.kind.support.pump.InputPump;
import io.penstock.impl.kind.support.pump.OutputPump;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.util.Set;

/** Standard input and output, with a thread each while they are used. */
final class StdioDriver implements ChannelDriver {
  private final InputPump source;
  private final OutputPump sink;

  StdioDriver(String name) {
    this.source = new InputPump(name, "penstock-stdin", new StandardInput());
    this.sink = new OutputPump(name, "penstock-stdout", new StandardOutput());
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
    return Set.of(Capability.HALF_CLOSE);
  }

  @Override
  public void close() throws IOException {
    try {
      source.close();
    } finally {
      sink.close();
    }
  }

  @Override
  public void abort(Throwable cause) {
    source.abort(cause);
    sink.abort(cause);
  }
}
