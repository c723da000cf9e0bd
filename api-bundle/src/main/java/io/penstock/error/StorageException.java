// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What keeps the bytes of a durable pipe could not do so, and why. {@link #count()} is the position
 * in the stream: of the corrupt record, of the oldest byte that is kept, or else behind the last
 * byte that was acknowledged. Acknowledged bytes are not lost, but for corrupt ones.
 */
@ProviderType
public final class StorageException extends StreamException {
  private static final long serialVersionUID = 1L;

  /** Why bytes cannot be kept or read. */
  @ProviderType
  public enum Kind {
    /**
     * Another writer or reader has taken over. Bytes that were written but not acknowledged are
     * dropped.
     */
    FENCED,
    /** A record does not have the bytes that were written; a read behind it works. */
    CORRUPT,
    /** There is no room on the disk, or in the user's share of it. */
    FULL,
    /** The bytes at a position were read and are not kept any more, or were never written. */
    NOT_KEPT,
    /** No acknowledgement has come within {@code ackTimeout}. */
    UNACKNOWLEDGED,
    /** Reading or writing has failed in another way. */
    FAILED
  }

  /** Why. */
  private final Kind kind;

  /**
   * Makes the exception.
   *
   * @param kind why
   * @param stream the name of the stream
   * @param what what happened, for the message
   * @param position the position in the stream, in bytes
   * @param cause the exception of the system or of a library, if there is one
   */
  public StorageException(
      Kind kind, String stream, String what, long position, @Nullable Throwable cause) {
    super(stream, position, stream + ": " + what, cause);
    this.kind = kind;
  }

  /**
   * Why bytes cannot be kept or read.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }
}
