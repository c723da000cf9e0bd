// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What {@link LineHandler} and {@link ByteHandler} have in common: the beginning and the end of a
 * connection. Nobody registers this type as a service.
 *
 * <p>The calls for one connection come one after the other, in order. Calls for different
 * connections come at the same time unless the handler runs on the poller ({@link
 * Execution#POLLER}). A call that throws costs its connection: it is aborted with the exception,
 * and {@link #closed} is called.
 */
@ConsumerType
public interface ConnectionHandler {
  /**
   * A connection is there: accepted, or, of a handler that connects, established.
   *
   * @param connection the new one
   * @throws IOException costs the connection
   */
  default void opened(Connection connection) throws IOException {}

  /**
   * The last call for a connection. If the peer has ended it, the handler may still reply: the
   * connection is closed when the peer has taken the replies.
   *
   * @param connection which
   * @param cause null if the peer has ended its stream or the handler has closed the connection;
   *     otherwise why it failed: {@link io.penstock.error.FrameTooLongException}, {@link
   *     io.penstock.error.StreamTimeoutException} for {@code frameTimeout} and {@code idleTimeout},
   *     what the transport reported, or what the handler threw
   * @throws IOException is logged
   */
  default void closed(Connection connection, @Nullable Throwable cause) throws IOException {}
}
