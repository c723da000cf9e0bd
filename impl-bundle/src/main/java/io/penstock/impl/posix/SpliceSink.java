// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.facet.BufferFacet;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A sink to which bytes can be moved from a pipe of the system's without a copy. */
public interface SpliceSink extends SinkDriver {
  /**
   * A copy of the descriptor to move to.
   *
   * @param calls makes native calls, where the driver has none of its own
   * @return to be closed; null where moving is not possible or does not pay
   * @throws IOException if there is none
   */
  @Nullable Descriptor spliceable(Posix calls) throws IOException;

  /**
   * The system's buffers of a sink to which more goes at once when the one to send from is larger.
   *
   * @return null where, as for TCP, the system fits it itself until somebody sets a size
   */
  @Nullable BufferFacet growable();

  /**
   * Moves what there is room for; as a write.
   *
   * @param pipe not empty
   * @param own what {@link #spliceable} gave
   * @return how many bytes; 0 for no room now
   * @throws IOException as a write
   */
  int splice(SplicePipe pipe, Descriptor own) throws IOException;
}
