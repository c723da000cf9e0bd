// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.ProviderContext;

/** A channel that is open, and the entry that it was connected by. */
public final class OpenChannel {
  final RemoteEntry entry;
  final ProviderContext context;
  final boolean own;
  // Guarded by the lock of the channels: what it had moved when it was last looked at.
  long moved;

  /**
   * One that is open.
   *
   * @param own whether this container is at its other end as well, under whatever name
   */
  OpenChannel(RemoteEntry entry, ProviderContext context, boolean own) {
    this.own = own;
    this.entry = entry;
    this.context = context;
  }
}
