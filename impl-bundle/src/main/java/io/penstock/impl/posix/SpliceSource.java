// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.spi.SourceDriver;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A source whose bytes can be moved to a pipe of the system's without a copy. */
public interface SpliceSource extends SourceDriver {
  /**
   * A copy of the descriptor to move from.
   *
   * @param calls makes native calls, where the driver has none of its own
   * @return to be closed; null where moving is not possible or does not pay
   * @throws IOException if there is none
   */
  @Nullable Descriptor spliceable(Posix calls) throws IOException;

  /** Whether the bytes come from this machine, by a Unix socket. */
  boolean isLocal();

  /**
   * Moves what is there; as a read.
   *
   * @param pipe empty
   * @param own what {@link #spliceable} gave
   * @param most bytes, 1 or more
   * @return how many bytes; 0 for nothing now, -1 if nothing more can be moved. Only a read tells
   *     whether that is the end: the system also stops at urgent data that stands before the end.
   * @throws IOException as a read
   */
  int splice(SplicePipe pipe, Descriptor own, int most) throws IOException;
}
