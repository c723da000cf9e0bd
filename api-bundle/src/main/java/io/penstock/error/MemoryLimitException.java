// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The connection was cut, because the memory for buffered bytes had run out and this connection had
 * held much of it for a long time. {@link #count()} tells how many bytes of memory the connection
 * held.
 */
@ProviderType
public final class MemoryLimitException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes of memory the connection held
   */
  public MemoryLimitException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
