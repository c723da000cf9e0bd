// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;

/** Reads what comes through a pipe of the system's; the selector tells of it. */
public class PipeInput implements SourceDriver {
  public final Pipe pipe;

  /** Its readable end is in non-blocking mode; its writable end stays open: the test closes it. */
  public PipeInput(Pipe pipe) {
    this.pipe = pipe;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return pipe.source().read(dst);
  }

  @Override
  public boolean ready() {
    return false;
  }

  @Override
  public void onReady(Runnable callback) {
    // The selector tells.
  }

  @Override
  public SelectableChannel selectable() {
    return pipe.source();
  }

  @Override
  public int interest() {
    return SelectionKey.OP_READ;
  }

  @Override
  public void close() throws IOException {
    pipe.source().close();
  }
}
