// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A signal that stays set after its event until a caller clears it. Safe for use by any thread.
 * Parity PY-21.
 */
@ProviderType
public interface Latch extends Signal {
  /** Clears the latch, so that the next event sets it anew. Never waits. */
  void clear();
}
