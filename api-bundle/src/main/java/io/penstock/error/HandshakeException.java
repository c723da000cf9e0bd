// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Two sides could not agree on a secure connection, one of them does not trust the other, or the
 * bytes that arrived are not those that were sent. The message says which certificate was refused
 * and why, or what the peer said.
 */
@ProviderType
public final class HandshakeException extends IOException implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /** What happened. */
  private final String what;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened and, where that helps, what to do about it
   * @param cause what the library said, if there is something
   */
  public HandshakeException(String stream, String what, @Nullable Throwable cause) {
    super(stream + ": " + what, cause);
    this.stream = stream;
    this.what = what;
  }

  /**
   * Makes a new exception with the same meaning, for a failure that is reported more than once.
   *
   * @return its cause is that of this one
   */
  public HandshakeException again() {
    return new HandshakeException(stream, what, getCause());
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return 0} */
  @Override
  public long count() {
    return 0;
  }
}
