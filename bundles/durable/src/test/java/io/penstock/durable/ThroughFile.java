// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import org.h2.store.fs.FileBaseDefault;

/** A file of the store's, which a test stands in front of. */
class ThroughFile extends FileBaseDefault {
  private final FileChannel disk;

  ThroughFile(FileChannel disk) {
    this.disk = disk;
  }

  @Override
  public int write(ByteBuffer src, long position) throws IOException {
    return disk.write(src, position);
  }

  @Override
  public int read(ByteBuffer dst, long position) throws IOException {
    return disk.read(dst, position);
  }

  @Override
  public long size() throws IOException {
    return disk.size();
  }

  @Override
  protected void implTruncate(long size) throws IOException {
    disk.truncate(size);
  }

  @Override
  public void force(boolean all) throws IOException {
    disk.force(all);
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) throws IOException {
    return disk.tryLock(position, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    disk.close();
  }
}
