// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.time.Duration;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.core.CoreModuleProperties;

/** How connections are used, in either role. */
public final class Transport {
  private Transport() {}

  /** Sets it. */
  public static void set(FactoryManager manager) {
    CoreModuleProperties.TCP_NODELAY.set(manager, true);
    // Finds, in the end, peers that have vanished without closing.
    CoreModuleProperties.SOCKET_KEEPALIVE.set(manager, true);
    // A peer may be silent, or suspended, or out of reach, as long as it likes; our own limits
    // serve callers that do not accept that.
    CoreModuleProperties.NIO2_READ_TIMEOUT.set(manager, Duration.ZERO);
    CoreModuleProperties.NIO2_MIN_WRITE_TIMEOUT.set(manager, Duration.ZERO);
  }
}
