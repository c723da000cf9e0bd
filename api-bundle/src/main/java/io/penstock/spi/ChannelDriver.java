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
   * What the channel can do beside input and output, which follow from its ends.
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
   * What the kind offers beyond two ends.
   *
   * @param type the facet asked for
   * @param <T> the facet
   * @return empty where the kind does not have it
   */
  default <T> Optional<T> facet(Class<T> type) {
    return Optional.empty();
  }

  /**
   * The peer as a whole.
   *
   * @return completes when the peer has gone, with why when it failed; null where the kind knows no
   *     more than its two directions
   */
  default @Nullable CompletionStage<Void> gone() {
    return null;
  }

  /**
   * Releases everything, after both ends were closed. Called once.
   *
   * @throws IOException if the transport refuses
   */
  void close() throws IOException;

  /**
   * Cuts the channel so that the peer cannot take a part for the whole, and releases everything;
   * {@link #close} is not called then.
   *
   * @param cause why
   */
  void abort(Throwable cause);
}
