// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The operating system's descriptor of a channel or listener: TCP, Unix sockets, and what {@code
 * fd:} has opened. A channel that has it states {@link Capability#DESCRIPTOR}. It takes native
 * calls, see {@link ChannelFactory#nativeMode()}. Safe for use by any thread. Parity UV-16, UV-05.
 */
@ProviderType
public interface DescriptorFacet {
  /**
   * A copy of the descriptor, for the same connection: what is done with one is seen by the other,
   * and the connection is only gone when both are closed. An orderly end ({@code end}, {@code
   * close}) of the channel ends the connection for the copy, too; see {@link #release()}.
   *
   * @return the caller's to open, send or close
   * @throws io.penstock.error.NotSupportedException without native calls
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system refuses
   */
  Handle handle() throws IOException;

  /**
   * Gives the descriptor out of the hand of its channel or listener, which is closed here without
   * the peer noticing: nothing is ended or cut, and the address that a listener has bound stays.
   * What was accepted for writing is handed to the system first, within the close limit; what was
   * read ahead is dropped, with a warning.
   *
   * @return the caller's to open, send or close
   * @throws io.penstock.error.NotSupportedException without native calls; the channel stays open
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left; the channel
   *     stays open
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system refuses
   */
  Handle release() throws IOException;
}
