// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import io.penstock.channel.Endpoint;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What calls a handler: a listener with its connections, or one outgoing connection that is made
 * again when it is lost. Safe for use by any thread.
 *
 * <p>In a container nobody holds one: a {@link LineHandler}, a {@link ByteHandler} or a {@link
 * io.penstock.poller.ChannelHandler} that is registered as a service with {@link #LISTEN} or {@link
 * #CONNECT} is served, and {@link io.penstock.runtime.PenstockRuntime} tells how. Further
 * properties are those of {@link ServeOptions}; {@link ServeOn} and {@link ConnectTo} write them.
 */
@ProviderType
public interface Server extends AutoCloseable {
  /** The service property with the endpoint to listen on, such as {@code tcp-listen://:7000}. */
  String LISTEN = "penstock.listen";

  /** The service property with the endpoint to connect to, such as {@code tcp://localhost:7000}. */
  String CONNECT = "penstock.connect";

  /**
   * Where it listens or connects to.
   *
   * @return of a listener the bound endpoint, with the port that the system chose
   */
  Endpoint endpoint();

  /**
   * The connections that are open now.
   *
   * @return a copy
   */
  Set<Connection> connections();

  /**
   * Drains, and waits for it up to {@link ServeOptions#drainTimeout()}: accepts no more and reads
   * no more; calls of the handler that are in progress return, peers take the replies, and the
   * connections are closed. What is left then is aborted. Afterwards the handler is not called any
   * more. Called from the handler, it does not wait for that call. Idempotent.
   */
  @Override
  void close();
}
