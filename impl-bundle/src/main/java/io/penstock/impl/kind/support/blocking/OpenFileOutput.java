// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.blocking;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes to an open file of any type, whose close ends a write that waits. Its reader cannot tell a
 * cut from an end.
 */
public final class OpenFileOutput implements BlockingOutput {
  private final FileChannel channel;

  /** Takes an open file over. */
  public OpenFileOutput(FileChannel channel) {
    this.channel = channel;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    return channel.write(src);
  }

  @Override
  public void end() throws IOException {
    channel.close();
  }

  @Override
  public void cut() throws IOException {
    channel.close();
  }
}
