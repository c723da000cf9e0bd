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
   * Accepts a peer that is there.
   *
   * @param context what the product lends to the accepted channel
   * @return null for nobody now
   * @throws IOException if accepting failed; the product tries again on the next readiness, or,
   *     when the message says that the system has no descriptors left, after a while
   */
  @Nullable ChannelDriver accept(ProviderContext context) throws IOException;

  /**
   * Where it listens.
   *
   * @return with the real port in place of 0
   */
  Endpoint endpoint();

  /**
   * What the kind offers beyond accepting.
   *
   * @param type the facet asked for
   * @param <T> the facet
   * @return empty where the kind does not have it
   */
  default <T> Optional<T> facet(Class<T> type) {
    return Optional.empty();
  }
}
