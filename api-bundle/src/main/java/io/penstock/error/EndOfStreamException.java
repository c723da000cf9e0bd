// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.EOFException;
import org.osgi.annotation.versioning.ProviderType;

/** The stream ended before the buffer was full. */
@ProviderType
public final class EndOfStreamException extends EOFException implements StreamFault {
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
   * @param count how many bytes there were; they stay readable
   */
  public EndOfStreamException(String stream, String what, long count) {
    super(stream + ": " + what);
    this.stream = stream;
    this.count = count;
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return how many bytes there were; they stay readable} */
  @Override
  public long count() {
    return count;
  }
}
