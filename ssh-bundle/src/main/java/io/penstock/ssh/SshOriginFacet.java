// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A channel that was opened beside the sessions, for somebody who has come to one side and wants to
 * get to the other: to an agent, to an X server, or as {@link SshForwardFacet} says. Safe for use
 * by any thread; no method waits.
 */
@ProviderType
public interface SshOriginFacet extends SshFacet {
  /**
   * What kind of channel it is.
   *
   * @return {@code auth-agent@openssh.com}, {@code x11}, {@code direct-tcpip}, {@code
   *     direct-streamlocal@openssh.com}, {@code forwarded-tcpip} or {@code
   *     forwarded-streamlocal@openssh.com}
   */
  String type();

  /**
   * Where whoever uses the channel has come from. Parity CH-33.
   *
   * @return as the side that opened it says, so not to be trusted, its host not looked up; empty
   *     for Unix sockets and where nothing was said
   */
  Optional<InetSocketAddress> originator();
}
