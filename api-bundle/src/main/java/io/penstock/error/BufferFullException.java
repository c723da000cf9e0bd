// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * No match within the limit or the capacity; the bytes stay readable. Parity PY-36. {@link
 * #count()} tells how many bytes were looked at.
 */
@ProviderType
public final class BufferFullException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes were looked at
   */
  public BufferFullException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
