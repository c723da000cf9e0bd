// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import java.util.concurrent.TimeUnit;

/** Waits until the registry has what a node publishes. */
public final class Published {
  private Published() {}

  /**
   * Looks until nothing is pending and the registry is there, for a minute at most. Each look goes
   * through the thread of the node, which hears from the registry in between.
   *
   * @return the last look
   */
  public static RemoteDTO await(RemoteNode node) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    RemoteDTO seen = node.describe();
    while ((!seen.connected() || isPending(seen)) && System.nanoTime() < end) {
      seen = node.describe();
    }
    return seen;
  }

  private static boolean isPending(RemoteDTO seen) {
    return seen.entries().stream().anyMatch(each -> each.state() == RemoteEntryDTO.State.PENDING);
  }
}
