// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.channel.Capability;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/** The narrow half of a connected channel that a provider supplies. No method may wait. */
@ConsumerType
public interface ChannelDriver {
  /**
   * The readable end.
   *
   * @return always the same; null where the kind has none
   */
  @Nullable SourceDriver source();

  /**
   * The writable end.
   *
   * @return always the same; null where the kind has none
   */
  @Nullable SinkDriver sink();

  /**
   * What the channel can do in addition to input and output, which follow from its ends.
   *
   * @return the capabilities
   */
  default Set<Capability> capabilities() {
    return Set.of();
  }

  /**
   * Our address.
   *
   * @return empty where there is none
   */
  default Optional<SocketAddress> local() {
    return Optional.empty();
  }

  /**
   * The peer's address.
   *
   * @return empty where there is none
   */
  default Optional<SocketAddress> peer() {
    return Optional.empty();
  }

  /**
   * Gives an additional interface that the kind offers beside the two ends.
   *
   * @param type the facet asked for
   * @param <T> the facet
   * @return empty where the kind does not have it
   */
  default <T> Optional<T> facet(Class<T> type) {
    return Optional.empty();
  }

  /**
   * Tells when the peer as a whole has gone.
   *
   * @return completes when the peer has gone, with the reason when it failed; null for a kind that
   *     knows only its two directions
   */
  default @Nullable CompletionStage<Void> gone() {
    return null;
  }

  /**
   * The channel's owner has closed it. Written bytes may still be in transit, so {@link #close}
   * follows later. A caller that waits for anything else from the channel must be woken now. Called
   * at most once; must not wait.
   */
  default void closing() {}

  /**
   * Releases everything, after both ends were closed. Called once.
   *
   * @throws IOException if the transport refuses
   */
  void close() throws IOException;

  /**
   * Cuts the channel so that the peer cannot take a part for the whole, and releases everything;
   * {@link #close} is not called then. A driver that can always do so states {@link
   * io.penstock.channel.Capability#ABORT}.
   *
   * @param cause why
   */
  void abort(Throwable cause);
}
