// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A channel that was opened beside the sessions, for a client that has connected to one side and
 * wants to reach the other: an agent, an X server, or a target as {@link SshForwardFacet} says.
 * Safe for use by any thread; no method waits.
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
   * The origin of the client that uses the channel. Parity CH-33.
   *
   * @return the address as stated by the side that opened the channel, so not to be trusted; its
   *     host is not looked up; empty for Unix sockets and where none was stated
   */
  Optional<InetSocketAddress> originator();
}
