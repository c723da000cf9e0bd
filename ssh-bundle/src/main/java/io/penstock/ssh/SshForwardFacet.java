// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.SocketAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection that somebody has made elsewhere and that comes through SSH: at an {@code
 * ssh-forward-listen:} listener one that the server has accepted, at an {@code ssh-listen:}
 * listener with {@code direct=accept} one that the client wants to have made. Two streams of bytes
 * and no program. Safe for use by any thread; no method waits.
 */
@ProviderType
public interface SshForwardFacet extends SshOriginFacet {
  /**
   * Where it goes: the address at which the server has accepted it, or to which the client wants to
   * get.
   *
   * @return an unresolved {@link java.net.InetSocketAddress} or a {@link
   *     java.net.UnixDomainSocketAddress}, in the peer's words, so not to be trusted
   */
  SocketAddress target();
}
