// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/** The peer refused to open a channel, with a code. Parity CH-56. */
@ProviderType
public final class OpenFailedException extends StreamException {
  private static final long serialVersionUID = 1L;

  /** The code. */
  private final int code;

  /**
   * Makes the exception.
   *
   * @param stream the name of the channel
   * @param code the peer's code
   * @param reason the peer's reason
   */
  public OpenFailedException(String stream, int code, String reason) {
    super(stream, 0, stream + ": open failed with code " + code + ": " + reason);
    this.code = code;
  }

  /**
   * The peer's code.
   *
   * @return as the transport's specification defines it
   */
  public int code() {
    return code;
  }
}
