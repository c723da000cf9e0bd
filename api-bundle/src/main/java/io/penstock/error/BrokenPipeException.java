// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * No reader will get the written bytes: the other end was closed, the peer has gone, or this sink
 * was ended. Parity CH-36, CH-44, PY-31.
 */
@ProviderType
public final class BrokenPipeException extends IOException implements StreamFault {
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
  public BrokenPipeException(String stream, String what, long count) {
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
