// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.Closeable;
import java.io.IOException;

/** What a driver can do that is to be hung up when the other party of its user's has gone. */
public interface HangUp {
  /**
   * Watches a connection whose end was read. A peer may have ended only its own direction; it has
   * gone when it does not read any more either.
   *
   * @param connection that party's
   * @param gone runs once, on a thread of ours; must be quick
   * @return ends the watch
   * @throws IOException if the system has nothing to watch with
   */
  Closeable watch(DescriptorSource connection, Runnable gone) throws IOException;
}
