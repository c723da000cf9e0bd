// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.channel.Channel;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes channels of the peers that come to one listener. */
@FunctionalInterface
public interface Acceptor {
  /** Accepts a peer; null if no peer waits now. Called by one thread at a time. */
  @Nullable Channel accept() throws IOException;

  /** What the listener offers beyond accepting. */
  default <T> Optional<T> facet(Class<T> type) {
    return Optional.empty();
  }
}
