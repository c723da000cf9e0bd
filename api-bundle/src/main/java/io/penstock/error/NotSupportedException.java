// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.osgi.annotation.versioning.ProviderType;

/** The kind of stream, or this installation, cannot do what was asked. */
@ProviderType
public final class NotSupportedException extends StreamException {
  private static final long serialVersionUID = 1L;

  /** The operation. */
  private final String operation;

  /** The cure. */
  private final String cure;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream or endpoint
   * @param operation what was asked
   * @param cure what the user can do instead
   */
  public NotSupportedException(String stream, String operation, String cure) {
    super(stream, 0, stream + ": " + operation + " is not supported; " + cure);
    this.operation = operation;
    this.cure = cure;
  }

  /**
   * What was asked.
   *
   * @return the operation
   */
  public String operation() {
    return operation;
  }

  /**
   * What the user can do instead.
   *
   * @return the cure
   */
  public String cure() {
    return cure;
  }
}
