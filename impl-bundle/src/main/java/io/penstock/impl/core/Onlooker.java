// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import java.nio.ByteBuffer;

/**
 * Sees what a driver moves. Called by the thread that moves it, which has the turn: must be quick,
 * never waits, and throws nothing.
 */
public interface Onlooker {
  /** Bytes that were moved, one after the other as on the stream; read-only. */
  void saw(ByteBuffer bytes);

  /** So many bytes were moved that cannot be shown. */
  void missed(long bytes);
}
