// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A call that was told not to wait would have had to wait. Parity PY-34, CH-48. {@link #count()}
 * tells how many bytes the call had moved.
 */
@ProviderType
public final class WouldBlockException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes the call had moved
   */
  public WouldBlockException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
