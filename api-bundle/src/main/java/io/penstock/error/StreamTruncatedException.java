// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The transport ended before the protocol above it announced its end, so an attacker on the way may
 * have cut the stream. The bytes read must not be taken for the whole. {@link #count()} tells how
 * many bytes had arrived before.
 */
@ProviderType
public final class StreamTruncatedException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes had arrived before
   */
  public StreamTruncatedException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
