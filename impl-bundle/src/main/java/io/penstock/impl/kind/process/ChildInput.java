// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.selectable.SelectedSink;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.channels.Pipe;

/** What a child reads, written to the pipe itself. */
final class ChildInput extends SelectedSink {
  private final ProviderContext context;
  private final Pipe.SinkChannel channel;

  /** Takes our end of a pipe over, which is non-blocking. */
  ChildInput(ProviderContext context, Pipe.SinkChannel channel) {
    super(context, channel, "the child does not read any more");
    this.context = context;
    this.channel = channel;
  }

  @Override
  protected void lost(IOException reason) throws IOException {
    if (Failures.isBrokenPipe(reason)) {
      // A program that reads it all the same must not wait for more.
      end();
    }
  }

  @Override
  public void end() throws IOException {
    try {
      channel.close();
    } finally {
      // Until no selector holds it the child does not learn of it.
      context.forgetClosed();
    }
  }

  @Override
  public void close() throws IOException {
    end();
  }
}
