// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import io.penstock.channel.Channel;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One connection in the hand of its handler. Any thread may use it at any time, also after the call
 * of the handler has returned; no method waits.
 *
 * <p>Back-pressure: while the peer has not taken a reply, nothing more is read from it.
 */
@ProviderType
public interface Connection {
  /**
   * The channel, for what this type does not have: addresses, facets, {@code abort}.
   *
   * @return always the same
   */
  Channel channel();

  /**
   * Replies with a text in UTF-8, as one frame: with framing by lines, a line feed is added.
   * Replies leave in the order of the calls.
   *
   * @param text without its line end
   * @return completes when the system, or the peer's pipe, has taken the last byte; fails if the
   *     connection fails or is closed before. The connection is over then, so nobody has to look
   * @throws IllegalArgumentException if the framing cannot express the text, such as a line with a
   *     line feed in it
   */
  CompletionStage<Void> reply(CharSequence text);

  /**
   * Replies with bytes, as one frame.
   *
   * @param frame what remains of it; consumed when this returns, and not used after that
   * @return as the other form
   * @throws IllegalArgumentException if the framing cannot express the bytes
   */
  CompletionStage<Void> reply(ByteBuffer frame);

  /**
   * Stops reading from the peer, for a handler that answers later. Idempotent.
   *
   * @return this
   */
  Connection pause();

  /**
   * Reads from the peer again, as soon as it has taken the replies. Idempotent.
   *
   * @return this
   */
  Connection resume();

  /**
   * Keeps an object of the handler with the connection.
   *
   * @param value the object, or null for none
   * @return this
   */
  Connection attach(@Nullable Object value);

  /**
   * The object of the handler.
   *
   * @return what was attached last, or null
   */
  @Nullable Object attachment();

  /**
   * Closes the connection behind the replies that were given: reads nothing more, and closes when
   * the peer has taken them. The handler's {@link ConnectionHandler#closed} follows. Idempotent.
   */
  void close();
}
