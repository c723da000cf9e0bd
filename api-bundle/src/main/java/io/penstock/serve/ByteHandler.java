// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Serves frames of bytes, cut by the framing of the server. As a service with the property {@link
 * Server#LISTEN} or {@link Server#CONNECT} it is called for each frame.
 */
@ConsumerType
@FunctionalInterface
public interface ByteHandler extends ConnectionHandler {
  /**
   * A frame came. The next one comes after this call has returned and the peer has taken the
   * replies.
   *
   * @param connection whose
   * @param frame from its position to its limit, as the framing delivers it; read-only, and lent
   *     for the length of this call. What is beyond the limit is no part of it, and may be another
   *     client's
   * @throws IOException costs the connection
   */
  void frame(Connection connection, ByteBuffer frame) throws IOException;
}
