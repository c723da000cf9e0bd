// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The transport ended before the protocol above it announced its end, so an attacker on the way may
 * have cut the stream. The bytes read must not be taken for the whole.
 */
@ProviderType
public final class StreamTruncatedException extends IOException implements StreamFault {
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
   * @param count how many bytes had arrived before
   */
  public StreamTruncatedException(String stream, String what, long count) {
    super(stream + ": " + what);
    this.stream = stream;
    this.count = count;
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return how many bytes had arrived before} */
  @Override
  public long count() {
    return count;
  }
}
