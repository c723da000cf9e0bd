// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A time limit passed. Nothing was lost: the bytes that a long read had gathered are readable
 * again. Parity BP-10, BP-11, BP-19, CH-42, PY-29, PY-38.
 */
@ProviderType
public final class StreamTimeoutException extends IOException implements StreamFault {
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
   * @param count how many bytes the call had moved
   */
  public StreamTimeoutException(String stream, String what, long count) {
    super(stream + ": " + what);
    this.stream = stream;
    this.count = count;
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return how many bytes the call had moved} */
  @Override
  public long count() {
    return count;
  }
}
