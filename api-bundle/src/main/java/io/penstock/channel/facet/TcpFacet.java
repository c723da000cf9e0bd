// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The present options of a TCP connection. The system may change them, so each call asks for them
 * anew. No call waits. Its buffers are in {@link BufferFacet}. Safe for use by any thread. Parity
 * YA-12.
 */
@ProviderType
public interface TcpFacet {
  /**
   * Whether small writes are sent at once (the option {@code noDelay}).
   *
   * @return true by default
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  boolean noDelay() throws IOException;

  /**
   * Whether the system asks a silent peer from time to time if it is still there (the option {@code
   * keepAlive}).
   *
   * @return false by default
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  boolean keepAlive() throws IOException;
}
