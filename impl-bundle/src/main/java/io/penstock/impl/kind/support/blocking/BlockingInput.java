// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.blocking;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A descriptor whose reads wait. */
public interface BlockingInput {
  /**
   * Waits for bytes. Only the pump's thread calls this.
   *
   * @return how many, 1 or more; -1 at the end
   * @throws IOException if reading failed, or {@link #close()} was called meanwhile
   */
  int read(ByteBuffer dst) throws IOException;

  /**
   * How many bytes a read would find at once; asked before the first read.
   *
   * @return 0 also where the system does not tell
   * @throws IOException if the system refuses, which the read tells again
   */
  int waiting() throws IOException;

  /** Lets go of the descriptor and, where that is possible, ends a read that waits. Idempotent. */
  void close() throws IOException;
}
