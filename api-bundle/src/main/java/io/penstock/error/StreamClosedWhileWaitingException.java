// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.nio.channels.AsynchronousCloseException;
import org.osgi.annotation.versioning.ProviderType;

/** The end was closed locally while the call waited. Parity CH-12, PY-11. */
@ProviderType
public final class StreamClosedWhileWaitingException extends AsynchronousCloseException
    implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream
   */
  public StreamClosedWhileWaitingException(String stream) {
    this.stream = stream;
  }

  @Override
  public String getMessage() {
    return stream + ": closed while waiting";
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
