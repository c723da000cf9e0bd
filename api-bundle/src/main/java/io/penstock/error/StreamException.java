// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What the exceptions of this product have in common, but for those that must be a type of the JDK:
 * {@link EndOfStreamException}, {@link StreamClosedException} and {@link
 * StreamClosedWhileWaitingException}. {@link StreamFault} covers those, too.
 */
@ProviderType
public abstract class StreamException extends IOException implements StreamFault {
  private static final long serialVersionUID = 1L;

  /** The name of the stream. */
  private final String stream;

  /** The count. */
  private final long count;

  /** With a cause that is set once, later. */
  StreamException(String stream, long count, String message) {
    super(message);
    this.stream = stream;
    this.count = count;
  }

  /** With a cause, or for good without one. */
  StreamException(String stream, long count, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.stream = stream;
    this.count = count;
  }

  @Override
  public final String stream() {
    return stream;
  }

  @Override
  public final long count() {
    return count;
  }
}
