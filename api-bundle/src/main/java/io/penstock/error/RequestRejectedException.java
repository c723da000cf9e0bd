// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/** The peer, or the state of the channel, refuses a request. Parity CH-14, CH-39, CH-54. */
@ProviderType
public final class RequestRejectedException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count 0
   */
  public RequestRejectedException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
