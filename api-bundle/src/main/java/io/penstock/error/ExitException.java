// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/** The program at the other end has ended without success. Parity CH-28. */
@ProviderType
public final class ExitException extends IOException implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /** The status. */
  private final int status;

  /**
   * Makes the exception.
   *
   * @param stream the name of the channel
   * @param status the exit status; 128 + n for a program ended by signal n
   * @param what for the message, such as {@code exited with status 7}
   */
  public ExitException(String stream, int status, String what) {
    super(stream + ": " + what);
    this.stream = stream;
    this.status = status;
  }

  /**
   * The exit status.
   *
   * @return 128 + n for a program ended by signal n
   */
  public int status() {
    return status;
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
