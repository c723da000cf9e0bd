// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Hears what a registry tells. A registry calls it from any of its threads, one call at a time and
 * in the order in which things happened, with no lock held. No method waits or throws.
 */
@ProviderType
public interface RegistryListener {
  /** The registry can be used from now on. What was watched is told again after this. */
  void connected();

  /**
   * The registry cannot be used from now on, or could not be reached.
   *
   * @param why for an operator; without secrets
   */
  void disconnected(String why);

  /**
   * An entry of a watched name, or one of this node, was found or stored. A node compares its own
   * with what it publishes: a write that it has given up may be done late.
   *
   * @param entry as it is now
   */
  void stored(RemoteEntry entry);

  /**
   * An entry of a watched name, or one of this node, is not there any more.
   *
   * @param name of the entry
   * @param key {@link RemoteEntry#key} of the entry
   */
  void removed(String name, String key);

  /**
   * All entries of a watched name were told that were there when the watch began, or when the
   * registry was connected again.
   *
   * @param name as given to {@link Registry#watch}
   */
  void known(String name);

  /**
   * A node that is followed is alive.
   *
   * @param node which
   */
  void beat(String node);
}
