// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import io.penstock.stream.ByteSource;
import org.osgi.annotation.versioning.ProviderType;

/** A copy of what goes by at a pipe or a channel. Safe for use by any thread. */
@ProviderType
public interface Tap extends AutoCloseable {
  /**
   * What is read at the source of the object. It ends when the object is closed or the tap is.
   *
   * @return always the same
   */
  ByteSource read();

  /**
   * What is written at the sink of the object; ends as {@link #read} does.
   *
   * @return always the same
   */
  ByteSource written();

  /**
   * How many bytes were not copied, because the copies were not read in time.
   *
   * @return bytes, of both directions
   */
  long dropped();

  /** Copies no more. Idempotent. */
  @Override
  void close();
}
