// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.Closeable;

/** Keeps records in their order; what is measured. For one thread. */
interface Store extends Closeable {
  /** Bytes that may be appended and not acknowledged, the same for all. */
  int WINDOW = 4 << 20;

  /** Appends one; it may be acknowledged later, and waits while the window is full. */
  void append(byte[] record) throws Exception;

  /** Waits until all that was appended is acknowledged. */
  void flush() throws Exception;

  /**
   * Appends one and waits until it is acknowledged, however often it has to be sent: what a user
   * does while a leader is chosen.
   */
  default void put(byte[] record) throws Exception {
    append(record);
    flush();
  }

  /** Whether it can be read while it is appended to; if not, it is not measured. */
  default boolean canRead() {
    return true;
  }

  /** Reads so many bytes behind those that were read before; all of them are there. */
  void read(long bytes, Content content) throws Exception;
}
