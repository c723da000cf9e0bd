// SPDX-License-Identifier: Apache-2.0
package io.penstock.relay;

import io.penstock.channel.Channel;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Called with the events of a relay, on threads of the product; must not wait. Every method does
 * nothing unless overridden.
 */
@ConsumerType
public interface RelayObserver {
  /**
   * Two channels were joined.
   *
   * @param from one side
   * @param to the other side
   */
  default void joined(Channel from, Channel to) {}

  /**
   * A connection has ended.
   *
   * @param from one side; null if it was never opened
   * @param failure why, or null for success
   */
  default void parted(@Nullable Channel from, @Nullable RelayException failure) {}
}
