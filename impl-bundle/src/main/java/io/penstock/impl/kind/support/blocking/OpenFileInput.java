// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.blocking;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Reads an open file of any type through its channel, whose close ends a read that waits. */
public final class OpenFileInput implements BlockingInput {
  private final FileInputStream file;
  private final FileChannel channel;

  /** Takes an open file over. */
  public OpenFileInput(FileInputStream file) {
    this.file = file;
    this.channel = file.getChannel();
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    return channel.read(dst);
  }

  @Override
  public int waiting() throws IOException {
    return file.available();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
