// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/** Uses bytes that are lent to it for the length of one call. */
@ConsumerType
@FunctionalInterface
public interface ByteConsumer {
  /**
   * Uses a run of bytes. The bytes before the buffer's position count as consumed when this
   * returns; the rest stays readable.
   *
   * @param run read-only, valid only until this returns
   * @throws IOException if the bytes cannot be used; nothing counts as consumed then
   */
  void accept(ByteBuffer run) throws IOException;
}
