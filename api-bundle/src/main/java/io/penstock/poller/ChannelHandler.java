// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.channel.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is told what a poll found, on the thread that polls. Every method does nothing unless it is
 * overridden.
 */
@ConsumerType
public interface ChannelHandler {
  /**
   * A listener accepted a channel; its source is registered already.
   *
   * @param listener the listener's registration
   * @param channel the new channel, the handler's to close
   * @param client the new channel's registration
   * @throws IOException passed to the caller of poll
   */
  default void opened(Registration listener, Channel channel, Registration client)
      throws IOException {}

  /**
   * A frame came.
   *
   * @param registration whose
   * @param frame read-only and lent for the length of this call
   * @throws IOException passed to the caller of poll
   */
  default void data(Registration registration, ByteBuffer frame) throws IOException {}

  /**
   * A write would succeed or fail at once.
   *
   * @param registration whose
   * @throws IOException passed to the caller of poll
   */
  default void writable(Registration registration) throws IOException {}

  /**
   * The source has ended, or the sink or listener was closed; the registration is gone.
   *
   * @param registration whose
   * @throws IOException passed to the caller of poll
   */
  default void ended(Registration registration) throws IOException {}

  /**
   * The source, sink or listener failed, or a frame was refused; the registration is gone unless it
   * is a listener's.
   *
   * @param registration whose
   * @param cause why
   * @throws IOException passed to the caller of poll
   */
  default void failed(Registration registration, Throwable cause) throws IOException {}
}
