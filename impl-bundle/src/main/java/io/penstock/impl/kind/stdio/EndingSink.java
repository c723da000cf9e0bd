// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.impl.kind.support.AbortableSink;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/**
 * Standard output over whatever writes it. Its end closes the process's descriptor 1 for good,
 * because otherwise the reader would see no end: the JDK puts the null device in its place, and
 * {@code System.out} prints nothing any more. A cut leaves the descriptor open, so that the reader
 * does not take it for an end.
 */
final class EndingSink implements AbortableSink {
  private final AbortableSink writer;

  EndingSink(AbortableSink writer) {
    this.writer = writer;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    return writer.write(src);
  }

  @Override
  public void end() throws IOException {
    try {
      writer.end();
    } finally {
      new FileOutputStream(FileDescriptor.out).close();
    }
  }

  @Override
  public long room() {
    return writer.room();
  }

  @Override
  public boolean ready() {
    return writer.ready();
  }

  @Override
  public void onReady(Runnable ready) {
    writer.onReady(ready);
  }

  @Override
  public @Nullable SelectableChannel selectable() {
    return writer.selectable();
  }

  @Override
  public int interest() {
    return writer.interest();
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }

  @Override
  public void abort(Throwable cause) {
    writer.abort(cause);
  }
}
