// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.blocking.BlockingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** The JDK's stream to a child. */
final class StreamOutput implements BlockingOutput {
  private final OutputStream stream;

  StreamOutput(OutputStream stream) {
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

  @Override
  public void cut() throws IOException {
    stream.close();
  }
}
