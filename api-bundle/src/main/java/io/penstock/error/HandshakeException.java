// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Two sides could not agree on a secure connection, one of them does not trust the other, or the
 * bytes that arrived are not those that were sent. The message says which certificate was refused
 * and why, or what the peer said.
 */
@ProviderType
public final class HandshakeException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened and, where that helps, what to do about it
   * @param cause what the library said, if there is something
   */
  public HandshakeException(String stream, String what, @Nullable Throwable cause) {
    super(stream, 0, stream + ": " + what, cause);
  }
}
