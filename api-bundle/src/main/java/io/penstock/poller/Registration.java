// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.channel.Channel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** One source, sink or listener at a {@link Poller}. Any thread may use it. */
@ProviderType
public interface Registration extends AutoCloseable {
  /**
   * The channel whose source or sink this is. A handler answers a peer through it: {@code
   * registration.channel().orElseThrow().sink()}.
   *
   * @return the channel; empty for the registration of a pipe's end or of a listener
   */
  Optional<Channel> channel();

  /**
   * Stops reading or accepting, so that back-pressure reaches the peer. Idempotent. Parity UV-14.
   *
   * @return this
   */
  Registration pause();

  /**
   * Reads or accepts again. Idempotent.
   *
   * @return this
   */
  Registration resume();

  /**
   * Keeps an object of the caller with the registration.
   *
   * @param value the object, or null for none
   * @return this
   */
  Registration attach(@Nullable Object value);

  /**
   * The object of the caller.
   *
   * @return what was attached last, or null
   */
  @Nullable Object attachment();

  /**
   * How many frames of the source were skipped because they were too long, see {@link
   * io.penstock.stream.Framing#skippingTooLong()}. The log tells of the first one at each poller.
   *
   * @return 0 or more; 0 for a listener or a sink
   */
  long skipped();

  /**
   * Unregisters without closing the source, sink or listener. When this returns, bytes that were
   * read and not delivered are back on the source; when it is called from within the poll, they are
   * back when the call for that event returns. Idempotent. Parity YA-19.
   */
  @Override
  void close();
}
