// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A sink that can send descriptors with its bytes. */
public interface HandleSink extends SinkDriver {
  /** Whether it can. */
  boolean carries();

  /**
   * Writes, and sends descriptors with the first byte.
   *
   * @param src not empty
   * @param cargo not sent yet
   * @return how many bytes; 0 for no room now, and then the cargo is not sent
   * @throws io.penstock.error.HandleLimitException if too many are on their way; nothing is broken
   * @throws IOException as a write
   */
  int write(ByteBuffer src, Cargo cargo) throws IOException;
}
