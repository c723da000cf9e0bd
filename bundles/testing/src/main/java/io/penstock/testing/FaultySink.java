// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes, and fails as its plan says. */
final class FaultySink extends FaultyEnd implements SinkDriver {
  private final SinkDriver below;
  private boolean cutShort;

  FaultySink(SinkDriver below, FaultPlan plan, FaultyDriver connection, ProviderContext context) {
    super(below, plan, connection, context);
    this.below = below;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    // An empty write goes through the refusals, too: awaitWritable tries so until there is room.
    if (!src.hasRemaining() && plan.room() > 0 && !connection.wasReset()) {
      return below.write(src);
    }
    switch (step()) {
      case WAIT, REFUSE, STALL -> {
        return 0;
      }
      case ERROR ->
          throw new InjectedFaultException(
              name() + ": injected error of write " + (plan.operations() + 1));
      case RESET -> throw reset();
      case TRUNCATE, END -> {
        return lose(src);
      }
      default -> {}
    }
    int limit = src.limit();
    src.limit(src.position() + plan.limit(src.remaining()));
    try {
      int n = below.write(src);
      if (n > 0) {
        plan.moved(n);
      }
      return n;
    } catch (IOException e) {
      throw connection.wasReset() ? reset() : e;
    } finally {
      src.limit(limit);
    }
  }

  private BrokenPipeException reset() {
    String what = "injected reset after " + plan.moved() + " bytes were written";
    // The peer, and a reader at this side, are told of a reset.
    connection.reset(new ConnectionResetException(name(), what, 0));
    return new BrokenPipeException(name(), what, 0);
  }

  private int lose(ByteBuffer src) throws IOException {
    int lost = src.remaining();
    if (!cutShort) {
      cutShort = true;
      below.end();
    }
    src.position(src.limit());
    return lost;
  }

  @Override
  public void end() throws IOException {
    if (!cutShort && !connection.wasReset()) {
      cutShort = true;
      below.end();
    }
  }

  @Override
  public long room() {
    if (connection.wasReset() || stalled()) {
      return 0;
    }
    return switch (plan.due()) {
      case GO -> {
        long most = plan.room();
        yield most == 0 ? 0 : Math.min(most, below.room());
      }
      case TRUNCATE, END -> -1;
      default -> 0;
    };
  }

  @Override
  public long pending() {
    return below.pending();
  }

  @Override
  public long unsent() {
    return below.unsent();
  }

  @Override
  public long dropped() {
    return below.dropped();
  }

  @Override
  public long reads() {
    return below.reads();
  }
}
