// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A limit on descriptors was reached: on those of this process or of the system, with the memory
 * that it has for them, on those in transit, or on those that wait to be taken. Nothing is broken,
 * and the condition ends when some are closed. Parity UV-09. {@link #count()} tells how many
 * handles that had come were closed because of it.
 */
@ProviderType
public final class HandleLimitException extends StreamException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param stream the name of the stream or handle
   * @param detail what could not be done, and why
   * @param count how many handles that had come were closed because of it
   * @param cause the system's exception, if there is one
   */
  public HandleLimitException(String stream, String detail, long count, @Nullable Throwable cause) {
    super(stream, count, stream + ": " + detail, cause);
  }
}
