// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.PeerCredentials;
import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What a channel over a Unix socket offers in addition to its two ends. Safe for use by any thread.
 */
@ProviderType
public interface CredentialsFacet {
  /**
   * The identity of the peer. Without native calls (see {@link ChannelFactory#nativeMode()}) only
   * the names are known. The first call may look for a way to make native calls, which takes up to
   * half a second; looking up names may take longer where they are kept on a server.
   *
   * @return what the system tells
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  PeerCredentials peerCredentials() throws IOException;
}
