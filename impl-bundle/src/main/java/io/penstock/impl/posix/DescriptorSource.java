// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.IOException;

/** What a driver does with its descriptor for others. */
public interface DescriptorSource {
  /**
   * A copy of the descriptor.
   *
   * @param calls makes native calls
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws java.nio.channels.ClosedChannelException after the close
   */
  Descriptor duplicate(Posix calls) throws IOException;

  /**
   * From now on a close of the driver neither ends nor cuts what the descriptor stands for, and
   * gives back nothing that goes with it.
   *
   * @throws java.nio.channels.ClosedChannelException after the close
   */
  void detach() throws IOException;
}
