// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The peer cut the connection, so that the bytes read may be incomplete. {@link #count()} tells how
 * many bytes were dropped, as far as is known.
 */
@ProviderType
public final class ConnectionResetException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes were dropped, as far as is known
   */
  public ConnectionResetException(String stream, String what, long count) {
    super(stream, count, stream + ": " + what);
  }
}
