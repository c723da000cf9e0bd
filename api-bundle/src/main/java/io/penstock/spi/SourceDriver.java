// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The narrow half of a readable end that a provider supplies. {@link EndDriver} says which threads
 * call it and how it becomes ready.
 */
@ConsumerType
public interface SourceDriver extends EndDriver {
  /**
   * Reads the bytes that are there.
   *
   * @param dst has at least one byte remaining
   * @return how many bytes; 0 for nothing now; -1 for the end, again at each later call
   * @throws IOException the failure of the peer, after the bytes that came before it, again at each
   *     later call
   */
  int read(ByteBuffer dst) throws IOException;

  /**
   * How many bytes the driver knows to be readable at once, without asking the operating system.
   *
   * @return bytes, 0 or more
   */
  default long available() {
    return 0;
  }

  /**
   * The most bytes that can ever wait here unread, if there is such a bound: a delimiter that is
   * not within it will never be found.
   *
   * @return bytes; {@link Long#MAX_VALUE} when gathered bytes make room for more
   */
  default long capacity() {
    return Long.MAX_VALUE;
  }

  /**
   * Whether the driver knows, without asking the operating system, that the next {@link #read}
   * answers -1. May be called at any time from any thread.
   *
   * @return also false when only a read can tell
   */
  default boolean ended() {
    return false;
  }

  /**
   * How many unread bytes {@link #close} has dropped, for drivers that can tell exactly.
   *
   * @return bytes, 0 or more; -1 when {@link #available()} before the close is the best answer
   */
  default long dropped() {
    return -1;
  }

  /**
   * Says that nothing more will be read. The driver drops bytes that still arrive, so that the peer
   * is not stalled. Where that is impossible, or the peer can be told, the peer's writes break.
   *
   * @throws IOException if the transport refuses
   */
  @Override
  void close() throws IOException;
}
