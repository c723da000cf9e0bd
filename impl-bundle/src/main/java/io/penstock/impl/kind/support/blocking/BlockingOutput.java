// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.blocking;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A descriptor whose writes wait. */
public interface BlockingOutput {
  /**
   * Waits for room. Only the pump's thread calls this.
   *
   * @return how many bytes, 1 or more
   * @throws IOException if writing failed, or {@link #end()} or {@link #cut()} was called meanwhile
   */
  int write(ByteBuffer src) throws IOException;

  /** Lets the reader see the end; everything was written. Idempotent. */
  void end() throws IOException;

  /**
   * Lets go of the descriptor without an end where the kind can, and, where that is possible, ends
   * a write that waits. Idempotent.
   */
  void cut() throws IOException;
}
