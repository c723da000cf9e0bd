// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The sizes of the buffers that the system keeps for a channel: of sockets, of pipes and FIFOs, of
 * the streams of children, and of standard streams that are one of these. Channels in memory,
 * terminals and files do not have this facet. No call waits. Safe for use by any thread. Parity
 * UV-17, UV-18.
 *
 * <p>Sizes count the part of a buffer that the user gets. For a socket Linux keeps about as much
 * again for its own needs, which is left out, and lets the buffers of TCP grow until a caller asks
 * for a size. The size of a pipe is a power of two, at least 4 KiB, and at most 1 MiB for a user
 * without privileges. A pipe has one buffer, so a change at one end also changes the other end.
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
