// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The sizes of the buffers that the system keeps for a channel: of sockets, of pipes and FIFOs, of
 * the streams of children, and of standard streams that are one of these. Channels in memory,
 * terminals and files do not have this facet. No call waits. Safe for use by any thread. Parity
 * UV-17, UV-18.
 *
 * <p>Sizes are of what the user gets: Linux keeps about as much again of a socket's for its own
 * needs, which is left out, and lets the buffers of TCP grow as long as nobody has asked for a
 * size. A pipe's is a power of two, 4 KiB at least, and 1 MiB at most for who has no privileges; it
 * is one buffer, so that who changes it at one end changes it at the other.
 */
@ProviderType
public interface BufferFacet {
  /**
   * The size of the buffer that is read from.
   *
   * @return bytes, as the system has it now
   * @throws io.penstock.error.NotSupportedException if the channel cannot be read, or standard
   *     input is a terminal or a file
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  int receiveBuffer() throws IOException;

  /**
   * Asks for another size of the buffer that is read from.
   *
   * @param bytes 1 or more
   * @return bytes, what the system has given, which may be more or less
   * @throws IllegalArgumentException if {@code bytes} is less than 1
   * @throws io.penstock.error.NotSupportedException if the channel cannot be read, or standard
   *     input is a terminal or a file
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system refuses, as for a pipe with more than that in it
   */
  int receiveBuffer(int bytes) throws IOException;

  /**
   * The size of the buffer that is written to; as {@link #receiveBuffer()}.
   *
   * @return bytes, as the system has it now
   * @throws io.penstock.error.NotSupportedException if the channel cannot be written, or standard
   *     output is a terminal or a file
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  int sendBuffer() throws IOException;

  /**
   * Asks for another size of the buffer that is written to; as {@link #receiveBuffer(int)}.
   *
   * @param bytes 1 or more
   * @return bytes, what the system has given, which may be more or less
   * @throws IllegalArgumentException if {@code bytes} is less than 1
   * @throws io.penstock.error.NotSupportedException if the channel cannot be written, or standard
   *     output is a terminal or a file
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system refuses, as for a pipe with more than that in it
   */
  int sendBuffer(int bytes) throws IOException;
}
