// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A time limit passed. Nothing was lost: the bytes that a long read had gathered are readable
 * again. Parity BP-10, BP-11, BP-19, CH-42, PY-29, PY-38. {@link #count()} tells how many bytes the
 * call had moved.
 */
@ProviderType
public final class StreamTimeoutException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes the call had moved
   */
  public StreamTimeoutException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
