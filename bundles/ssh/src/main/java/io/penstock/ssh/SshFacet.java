// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What every channel over SSH offers in addition to its input and output, whichever side opened it.
 * Safe for use by any thread; no method waits.
 */
@ProviderType
public interface SshFacet {
  /**
   * Our number for the channel. Parity CH-08, CH-17.
   *
   * @return 0 or more; unique within the connection as long as the channel is open
   */
  long id();

  /**
   * The peer's number for the channel. Parity CH-10.
   *
   * @return 0 or more
   */
  long remoteId();

  /**
   * The user that is logged in on the connection.
   *
   * @return the name of the user, as the client gave it
   */
  String user();

  /**
   * The version text of the peer, for logs.
   *
   * @return such as {@code SSH-2.0-OpenSSH_9.2}; chosen by the peer, so not to be trusted
   */
  String peerVersion();

  /**
   * How many bytes the peer may still send before it has to wait for us to read. Parity CH-02.
   *
   * @return 0 or more
   */
  long receiveWindow();

  /**
   * How many bytes the peer is willing to take now. Parity CH-03, CH-35.
   *
   * @return 0 or more
   */
  long sendWindow();
}
