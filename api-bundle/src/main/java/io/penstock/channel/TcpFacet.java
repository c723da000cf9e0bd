// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What the system has made of the options of a TCP connection, which it may change: asked for anew
 * by each call, which does not wait. Its buffers are in {@link BufferFacet}. Safe for use by any
 * thread. Parity YA-12.
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
