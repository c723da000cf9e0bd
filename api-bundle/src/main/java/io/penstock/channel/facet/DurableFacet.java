// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.error.StorageException;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Offered by a pipe that survives, and by a channel to one. Positions count the bytes of the
 * stream: the first byte ever written has position 0, and a stream that begins after an end goes on
 * counting. Safe for use by any thread; no method waits.
 */
@ProviderType
public interface DurableFacet {
  /**
   * Where the reader is.
   *
   * @return the position of the byte that is delivered next; for a channel that only writes, that
   *     of the byte that is written next
   */
  long position();

  /**
   * How far the stream is durable. A writer that begins anew after a crash continues here: bytes
   * behind it that an earlier writer had written are not in the stream.
   *
   * @return the position behind the last acknowledged byte
   */
  long acknowledged();

  /**
   * The first byte that can still be read.
   *
   * @return its position
   */
  long oldest();

  /**
   * Says that everything delivered by now is done with: a reader that begins anew begins here. If
   * the end of a stream was delivered, it begins with the next stream. With {@code commit=auto}
   * this happens with each read.
   *
   * @return completes when that is durable; with the failure if it cannot be
   */
  CompletionStage<Void> commit();

  /**
   * Goes on reading at another position, which is committed as any other is. Bytes that were looked
   * at but not delivered are forgotten.
   *
   * @param position {@link #oldest()} to {@link #acknowledged()}, and not behind the end of the
   *     stream that is being read
   * @throws StorageException of the kind not-kept, if no bytes are kept there
   * @throws IllegalStateException if a read is under way, or this is a channel that only writes
   */
  void replay(long position) throws StorageException;
}
