// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.memory;

import io.penstock.channel.Capability;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Counted;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;

/** Reads from one pipe in memory and writes to another, or the same. */
final class MemoryDriver implements ChannelDriver, Counted {
  private final MemoryPipe in;
  private final MemoryPipe out;

  MemoryDriver(MemoryPipe in, MemoryPipe out) {
    this.in = in;
    this.out = out;
  }

  @Override
  public long progress() {
    return in.progress();
  }

  @Override
  public void trim() {
    boolean unused = in.trim();
  }

  @Override
  public void countTo(Account account) {
    in.countTo(account::count);
    in.floodsWhile(account::isAmple);
  }

  @Override
  public SourceDriver source() {
    return in.source();
  }

  @Override
  public SinkDriver sink() {
    return out.sink();
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.HALF_CLOSE, Capability.ABORT);
  }

  @Override
  public void close() throws IOException {
    in.source().close();
    out.sink().close();
  }

  private void release() {
    try {
      in.source().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void abort(Throwable cause) {
    out.abort(cause);
    in.abort(cause);
    // Nobody reads here any more. What the peer has not read yet is its own.
    release();
  }
}
