// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The narrow half of a writable end that a provider supplies. {@link EndDriver} says which threads
 * call it and how it becomes ready.
 */
@ConsumerType
public interface SinkDriver extends EndDriver {
  /**
   * Writes as many bytes as there is room for.
   *
   * @param src the bytes to write; an empty buffer moves nothing and only asks whether there is
   *     still a reader
   * @return how many bytes; 0 for no room now
   * @throws IOException the broken-pipe type when there is no reader any more, or the failure of
   *     the peer
   */
  int write(ByteBuffer src) throws IOException;

  /**
   * Ends the stream: everything accepted is still delivered, then the peer sees the end. Called
   * once.
   *
   * @throws IOException if the transport refuses
   */
  void end() throws IOException;

  /**
   * How many bytes a write will surely take.
   *
   * @return bytes; -1 when the driver cannot tell
   */
  default long room() {
    return -1;
  }

  /**
   * How many accepted bytes have not left yet, such as the unread bytes of a pipe. The driver calls
   * the callback of {@link #onReady} when it falls to 0, and on any change while the reader works.
   *
   * @return bytes, 0 or more; 0 where all accepted bytes have left the driver
   */
  default long pending() {
    return 0;
  }

  /**
   * How many accepted bytes would be lost if the end were closed now, because the transport does
   * not have them yet. A close gives them time; the driver calls the callback of {@link #onReady}
   * when it falls to 0.
   *
   * @return bytes, 0 or more
   */
  default long unsent() {
    return 0;
  }

  /**
   * How many accepted bytes a flush waits for: by default those that have not left yet. A driver
   * that keeps bytes answers how many are not safe yet, and calls the callback of {@link #onReady}
   * on each change.
   *
   * @return bytes, 0 or more
   */
  default long unflushed() {
    return pending();
  }

  /**
   * Says that a caller waits for {@link #unflushed()} to fall to 0; asked again when it has. By
   * default nothing happens.
   *
   * @throws IOException why accepted bytes will not be safe
   */
  default void flush() throws IOException {}

  /**
   * How many accepted bytes were dropped because they were not read.
   *
   * @return bytes, 0 or more
   */
  default long dropped() {
    return 0;
  }

  /**
   * How often the other end was read, for drivers that can see it; the driver calls the callback of
   * {@link #onReady} on a change.
   *
   * @return a count that only rises; {@link Long#MAX_VALUE} when there is no reader any more; -1
   *     when the reader cannot be seen
   */
  default long reads() {
    return -1;
  }

  /**
   * Releases this end after {@link #end}, or without it when the stream was cut.
   *
   * @throws IOException if the transport refuses
   */
  @Override
  void close() throws IOException;
}
