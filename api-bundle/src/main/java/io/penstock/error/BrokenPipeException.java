// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * No reader will get the written bytes: the other end was closed, the peer has gone, or this sink
 * was ended. Parity CH-36, CH-44, PY-31. {@link #count()} tells how many bytes were dropped, as far
 * as is known.
 */
@ProviderType
public final class BrokenPipeException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes were dropped, as far as is known
   */
  public BrokenPipeException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
