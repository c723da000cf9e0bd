// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/** The peer cut the connection, so that the bytes read may be incomplete. */
@ProviderType
public final class ConnectionResetException extends IOException implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /** The count. */
  private final long count;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param count how many bytes were dropped, as far as is known
   */
  public ConnectionResetException(String stream, String what, long count) {
    super(stream + ": " + what);
    this.stream = stream;
    this.count = count;
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return how many bytes were dropped, as far as is known} */
  @Override
  public long count() {
    return count;
  }
}
