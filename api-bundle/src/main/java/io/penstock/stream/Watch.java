// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A callback that is attached to a {@link Signal} until it is closed. Safe for use by any thread.
 */
@ProviderType
public interface Watch extends AutoCloseable {
  /** Ends the watch: no callback starts after this has returned. Idempotent; never waits. */
  @Override
  void close();
}
