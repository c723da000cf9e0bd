// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import org.osgi.annotation.versioning.ProviderType;

/** Which threads call a handler. Calls for one connection come one after the other in each case. */
@ProviderType
public enum Execution {
  /**
   * The thread that polls, one for each server. The quickest; a call that waits delays all
   * connections of its server.
   */
  POLLER,
  /**
   * A pool of at most {@value ServeOptions#POOL} threads for each server. A call that waits delays
   * its own connection only, until so many wait at once.
   */
  POOL,
  /**
   * Virtual threads, at most one at a time for a connection. A call that waits delays its own
   * connection only. Before Java 21 the server takes {@link #POOL} and says so in the log.
   */
  VIRTUAL
}
