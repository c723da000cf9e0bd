// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads, and fails as its plan says. */
final class FaultySource extends FaultyEnd implements SourceDriver {
  private final SourceDriver below;

  FaultySource(
      SourceDriver below, FaultPlan plan, FaultyDriver connection, ProviderContext context) {
    super(below, plan, connection, context);
    this.below = below;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    if (plan.erring() && !connection.wasReset()) {
      // The operation that fails is one that would move bytes; what it takes is lost with the rest.
      tried();
      int n = take(ByteBuffer.allocate(1));
      if (n <= 0) {
        return n;
      }
    }
    switch (step()) {
      case WAIT, REFUSE, STALL -> {
        return 0;
      }
      case ERROR ->
          throw new InjectedFaultException(
              name() + ": injected error of read " + (plan.operations() + 1));
      case RESET -> throw reset();
      case TRUNCATE ->
          throw new StreamTruncatedException(
              name(), "injected truncation after " + plan.moved() + " bytes", plan.moved());
      case END -> {
        return -1;
      }
      default -> {}
    }
    int limit = dst.limit();
    dst.limit(dst.position() + plan.limit(dst.remaining()));
    try {
      int n = take(dst);
      if (n > 0) {
        plan.moved(n);
      }
      return n;
    } finally {
      dst.limit(limit);
    }
  }

  private int take(ByteBuffer dst) throws IOException {
    try {
      return below.read(dst);
    } catch (IOException e) {
      // The other direction may have cut the channel below meanwhile, which tells of it in its way.
      throw connection.wasReset() ? reset() : e;
    }
  }

  @Override
  boolean decided() {
    return super.decided() && !plan.erring();
  }

  private ConnectionResetException reset() {
    ConnectionResetException cut =
        new ConnectionResetException(
            name(), "injected reset after " + plan.moved() + " bytes were read", 0);
    connection.reset(cut);
    return cut;
  }

  @Override
  public boolean ended() {
    return plan.due() == FaultPlan.Step.END
        || (!decided() && !connection.wasReset() && below.ended());
  }

  @Override
  public long capacity() {
    return below.capacity();
  }
}
