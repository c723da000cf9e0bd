// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.blocking.BlockingOutput;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;

/** The JDK's stream to a child. */
final class StreamOutput implements BlockingOutput {
  private static final Logger LOG = Messages.log("process");

  private final String name;
  private final String threadName;
  private final OutputStream stream;

  /**
   * Takes a stream over.
   *
   * @param name of the channel, for the log
   * @param threadName of the thread that writes it
   * @param stream to the child
   */
  StreamOutput(String name, String threadName, OutputStream stream) {
    this.name = name;
    this.threadName = threadName;
    this.stream = stream;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    byte[] bytes = new byte[src.remaining()];
    src.get(bytes);
    stream.write(bytes);
    stream.flush();
    return bytes.length;
  }

  @Override
  public void end() throws IOException {
    stream.close();
  }

  /** On a thread of its own: the stream's close waits for a write, and that one for the child. */
  @Override
  public void cut() throws IOException {
    try {
      Daemons.start(threadName + "-cut", this::close);
    } catch (RuntimeException | Error e) {
      throw new IOException("no thread can close the child's input: " + e.getMessage(), e);
    }
  }

  private void close() {
    try {
      stream.close();
    } catch (IOException e) {
      // It writes what is left in it, first: that was to be dropped.
      LOG.log(Level.DEBUG, "{0}: its input was cut", name, e);
    }
  }
}
