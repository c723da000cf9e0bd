// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A UDP socket made of a {@link Handle}. Datagrams are not a stream, so this is not a channel: each
 * call moves one datagram. Several threads may use it at once. It waits without holding a lock.
 * Parity UV-06, UV-09.
 */
@ProviderType
public interface Datagrams extends AutoCloseable {
  /**
   * Where it is bound.
   *
   * @return empty if it is bound nowhere yet
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  Optional<InetSocketAddress> local() throws IOException;

  /**
   * Receives one datagram.
   *
   * @param dst the system drops the bytes that do not fit
   * @param wait how long to wait for one
   * @return the address of the sender; empty if told not to wait and no datagram is there
   * @throws io.penstock.error.StreamTimeoutException if the limit passed
   * @throws io.penstock.error.StreamClosedException after the close; its waiting form when closed
   *     meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted while waiting; its flag
   *     stays set
   * @throws IllegalArgumentException if {@code dst} is read-only
   * @throws IOException if the system refuses, such as an earlier datagram that was refused
   */
  Optional<InetSocketAddress> receive(ByteBuffer dst, Wait wait) throws IOException;

  /**
   * Sends one datagram.
   *
   * @param src all of it
   * @param to where to, of the socket's family
   * @param wait how long to wait for room
   * @return false if told not to wait and there is no room
   * @throws io.penstock.error.StreamTimeoutException if the limit passed
   * @throws io.penstock.error.StreamClosedException after the close; its waiting form when closed
   *     meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted while waiting; its flag
   *     stays set
   * @throws IOException if the system refuses, such as for a datagram that is too long
   */
  boolean send(ByteBuffer src, InetSocketAddress to, Wait wait) throws IOException;

  /**
   * Whether it was closed.
   *
   * @return false after {@link #close()}
   */
  boolean isOpen();

  /** Closes it and wakes the threads that wait. Idempotent. */
  @Override
  void close() throws IOException;
}
