// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A frame from the peer exceeds the maximum that the framing allows. {@link #count()} tells the
 * largest frame allowed, in bytes.
 */
@ProviderType
public final class FrameTooLongException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count the largest frame allowed, in bytes
   */
  public FrameTooLongException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
