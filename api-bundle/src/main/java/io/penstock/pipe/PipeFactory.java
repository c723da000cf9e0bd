// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes pipes. As a service it is bundle-scoped: pipes that a bundle made through it are closed
 * when that bundle stops. Safe for use by any thread.
 */
@ProviderType
public interface PipeFactory {
  /**
   * Makes a pipe.
   *
   * @param options how; {@link PipeOptions#defaults()} for a bounded pipe of 64 KiB
   * @return a fresh pipe, owned by the caller
   * @throws IllegalStateException if the factory was closed
   */
  Pipe create(PipeOptions options);
}
