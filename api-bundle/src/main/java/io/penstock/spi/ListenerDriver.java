// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.channel.Endpoint;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/** The narrow half of a listener that a provider supplies. */
@ConsumerType
public interface ListenerDriver extends EndDriver {
  /**
   * Accepts a waiting peer.
   *
   * @param context what the product lends to the accepted channel; after a call that found no peer,
   *     and as long as the options are the same, the next call gets the same one
   * @return null if no peer waits now
   * @throws io.penstock.error.HandleLimitException if the system has no descriptors left, or no
   *     memory for one; the product tries again after a while
   * @throws IOException if accepting failed otherwise; the product tries again on the next
   *     readiness
   */
  @Nullable ChannelDriver accept(ProviderContext context) throws IOException;

  /**
   * The endpoint where it listens.
   *
   * @return with the real port in place of 0
   */
  Endpoint endpoint();

  /**
   * Gives an additional interface that the kind offers.
   *
   * @param type the facet asked for
   * @param <T> the facet
   * @return empty where the kind does not have it
   */
  default <T> Optional<T> facet(Class<T> type) {
    return Optional.empty();
  }
}
