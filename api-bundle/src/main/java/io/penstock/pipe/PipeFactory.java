// SPDX-License-Identifier: Apache-2.0
package io.penstock.pipe;

import io.penstock.channel.Endpoint;
import io.penstock.stream.Wait;
import java.io.IOException;
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

  /**
   * Opens a durable pipe, and makes it if it is not there.
   *
   * @param location where its bytes are kept, with keys such as {@code keep}: {@code
   *     file:/var/spool/orders?sync=none}
   * @param options how. The capacity bounds what may be written and not read, unless the location
   *     has the key {@code capacity}. {@code direct} and the single callers have no effect
   * @param wait how long opening may take
   * @return open for writing and reading, owned by the caller
   * @throws io.penstock.error.AddressException of the kind in-use if it is open elsewhere,
   *     not-found or access if its file cannot be used, invalid if it is no pipe's file or the
   *     location has another form
   * @throws io.penstock.error.NotSupportedException if no bundle keeps pipes at such locations
   * @throws io.penstock.error.StorageException if what is there cannot be read
   * @throws IOException the time-out type if the limit passed, or if the thread was interrupted
   * @throws IllegalArgumentException if a key's value is not allowed
   * @throws IllegalStateException if the factory was closed
   */
  Pipe open(Endpoint location, PipeOptions options, Wait wait) throws IOException;
}
