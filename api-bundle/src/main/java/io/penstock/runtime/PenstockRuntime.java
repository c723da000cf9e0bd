// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Tells what there is, what is served and what is not, and why. A service; without OSGi {@code
 * Penstock.runtime()}. Safe for use by any thread. Nothing is gathered while nobody asks.
 */
@ProviderType
public interface PenstockRuntime {
  /**
   * What there is now. Does not wait; each object is consistent in itself.
   *
   * @return a copy
   */
  RuntimeDTO runtime();
}
