// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.nio.channels.ClosedChannelException;
import org.osgi.annotation.versioning.ProviderType;

/** The end was closed locally before the call. Parity CH-11, PY-10. */
@ProviderType
public final class StreamClosedException extends ClosedChannelException implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   */
  public StreamClosedException(String stream) {
    this.stream = stream;
  }

  @Override
  public String getMessage() {
    return stream + ": closed";
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
