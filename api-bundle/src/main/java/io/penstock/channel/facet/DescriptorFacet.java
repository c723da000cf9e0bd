// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Handle;
import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The operating system's descriptor of a channel or listener: of TCP, of Unix sockets, and of
 * channels that {@code fd:} has opened. A channel with this facet states {@link
 * Capability#DESCRIPTOR}. It needs native calls, see {@link ChannelFactory#nativeMode()}. Safe for
 * use by any thread. Parity UV-16, UV-05.
 */
@ProviderType
public interface DescriptorFacet {
  /**
   * Makes a copy of the descriptor, for the same connection. Changes through one are seen by the
   * other, and the connection ends only when both are closed. An orderly end ({@code end}, {@code
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
   * Takes the descriptor out of its channel or listener, which is closed here without the peer
   * noticing: nothing is ended or cut, and the address that a listener has bound stays. Bytes that
   * were accepted for writing are first handed to the system, within the close limit. Bytes that
   * were read ahead are dropped, with a warning.
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
