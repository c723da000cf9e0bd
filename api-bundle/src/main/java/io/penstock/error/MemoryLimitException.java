// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The connection was cut, because the memory for buffered bytes had run out and this connection had
 * held much of it for a long time.
 */
@ProviderType
public final class MemoryLimitException extends IOException implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /** The count. */
  private final long count;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes of memory the connection held
   */
  public MemoryLimitException(String stream, String what, long count) {
    super(stream + ": " + what);
    this.stream = stream;
    this.count = count;
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return how many bytes of memory the connection held} */
  @Override
  public long count() {
    return count;
  }
}
