// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Adds a kind of registry. In a container, register it as a service with {@link #SCHEME}; without
 * OSGi, {@link java.util.ServiceLoader} finds it.
 *
 * <p>Safe for use by any thread.
 */
@ConsumerType
public interface RegistryFactory {
  /** Service property: the scheme that the factory serves. */
  String SCHEME = "penstock.registry";

  /**
   * The text before the colon of the servers' addresses.
   *
   * @return such as {@code nats}
   */
  String scheme();

  /**
   * Opens a registry. Does not wait: it connects in the background.
   *
   * @param node the name of this container for this run
   * @param settings where and how
   * @param listener hears of everything, perhaps before this method returns
   * @return owned by the caller
   * @throws IllegalArgumentException if a setting is not allowed; the message names its key, and
   *     has no secret
   */
  Registry open(String node, RegistrySettings settings, RegistryListener listener);
}
