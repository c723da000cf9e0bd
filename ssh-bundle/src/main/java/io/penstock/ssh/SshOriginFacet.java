// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A channel that was opened beside a session, to an agent or to an X server. Safe for use by any
 * thread; no method waits.
 */
@ProviderType
public interface SshOriginFacet extends SshFacet {
  /**
   * What kind of channel it is.
   *
   * @return {@code auth-agent@openssh.com} or {@code x11}
   */
  String type();

  /**
   * Where whoever uses the channel has come from. Parity CH-33.
   *
   * @return as the side that opened it says, its host not looked up; empty where the kind of
   *     channel does not say
   */
  Optional<InetSocketAddress> originator();
}
