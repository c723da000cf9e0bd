// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.channel.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Gets the events that a poll found, on the polling thread. Every method does nothing unless it is
 * overridden.
 *
 * <p>A call that waits delays every other connection of its poller. So a handler must not wait, not
 * even for a moment: {@code sink.writeFully(line, Wait.upTo(ONE_SECOND))} to a peer that does not
 * read stalls all others for a second. The log warns of a call that waits, once for each poller. To
 * answer, hand over the bytes, and stop reading from the peer until it has taken them:
 *
 * <pre>{@code
 * public void data(Registration client, ByteBuffer frame) {
 *   Channel channel = (Channel) client.attachment(); // attached in opened
 *   client.pause();
 *   channel.sink().writeAsync(answer(frame)).whenComplete((done, failure) -> client.resume());
 * }
 * }</pre>
 *
 * <p>A handler that has much to send registers the sink, too: {@code write(bytes, Wait.none())}
 * takes as many bytes as there is room for. After {@link SinkRegistration#wantWritable()} the
 * poller calls {@link #writable} when there is room again.
 */
@ConsumerType
public interface ChannelHandler {
  /**
   * A listener accepted a channel, whose source is already registered.
   *
   * @param listener the listener's registration
   * @param channel the new channel, which the handler must close
   * @param client the new channel's registration
   * @throws IOException passed to the caller of poll
   */
  default void opened(Registration listener, Channel channel, Registration client)
      throws IOException {}

  /**
   * A frame came.
   *
   * @param registration whose
   * @param frame from its position to its limit; read-only and lent for the length of this call.
   *     What is beyond the limit is no part of it, and may be another channel's
   * @throws IOException passed to the caller of poll
   */
  default void data(Registration registration, ByteBuffer frame) throws IOException {}

  /**
   * A write would succeed or fail at once.
   *
   * @param registration whose
   * @throws IOException passed to the caller of poll
   */
  default void writable(SinkRegistration registration) throws IOException {}

  /**
   * The source has ended, or the sink was closed; the registration is gone.
   *
   * @param registration whose; never a listener's
   * @throws IOException passed to the caller of poll
   */
  default void ended(Registration registration) throws IOException {}

  /**
   * The listener was closed; the registration is gone. Accepted channels stay open.
   *
   * @param listener the listener's registration
   * @throws IOException passed to the caller of poll
   */
  default void listenerEnded(Registration listener) throws IOException {}

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
