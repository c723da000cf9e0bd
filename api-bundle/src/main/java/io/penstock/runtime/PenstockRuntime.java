// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Tells what is served and what is not, and why. A service; safe for use by any thread. Nothing is
 * gathered while nobody asks.
 */
@ProviderType
public interface PenstockRuntime {
  /**
   * What there is now. Does not wait; each server is consistent in itself.
   *
   * @return a copy, in the order of the servers' names
   */
  RuntimeDTO runtime();
}
