// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.SocketAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection that was made elsewhere and is forwarded through SSH. At an {@code
 * ssh-forward-listen:} listener the server has accepted it; at an {@code ssh-listen:} listener with
 * {@code direct=accept} the client has requested it. Two streams of bytes and no program. Safe for
 * use by any thread; no method waits.
 */
@ProviderType
public interface SshForwardFacet extends SshOriginFacet {
  /**
   * The target: the address at which the server has accepted it, or to which the client wants to
   * connect.
   *
   * @return an unresolved {@link java.net.InetSocketAddress} or a {@link
   *     java.net.UnixDomainSocketAddress}, in the peer's words, so not to be trusted
   */
  SocketAddress target();
}
