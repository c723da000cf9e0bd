// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.io.IOException;
import java.nio.channels.NetworkChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes handles of objects that are not channels or listeners of this product. They are closed with
 * the channel factory that this factory came from. It needs native calls, see {@link
 * ChannelFactory#nativeMode()}. Safe for use by any thread. Parity UV-09.
 */
@ProviderType
public interface HandleFactory {
  /**
   * Makes a copy of the descriptor of a JDK socket: {@link java.nio.channels.DatagramChannel},
   * {@link java.nio.channels.SocketChannel} or {@link java.nio.channels.ServerSocketChannel}.
   *
   * @param socket open, bound, and in non-blocking mode, in which the peer will find it
   * @return the handle, for the caller to open, send or close; the socket still belongs to the
   *     caller, too
   * @throws IllegalArgumentException if the socket is not bound, in blocking mode, or of another
   *     type
   * @throws io.penstock.error.NotSupportedException without native calls
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if its descriptor cannot be found, because another socket has the same
   *     address
   */
  Handle of(NetworkChannel socket) throws IOException;

  /**
   * Opens a file, FIFO or terminal.
   *
   * @param path its path; a FIFO's end to write must have a reader
   * @param options {@code READ} (the default), {@code WRITE}, {@code APPEND}, {@code CREATE},
   *     {@code CREATE_NEW}, {@code TRUNCATE_EXISTING} of {@link java.nio.file.StandardOpenOption};
   *     a new file has the permissions 0666 reduced by the process's mask
   * @return the caller's to open, send or close
   * @throws IllegalArgumentException if an option is not one of these
   * @throws io.penstock.error.AddressException if the path cannot be opened, with the kind and the
   *     path
   * @throws io.penstock.error.NotSupportedException without native calls
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws IOException if the system refuses
   */
  Handle file(Path path, OpenOption... options) throws IOException;

  /**
   * Makes a pipe of the operating system.
   *
   * @return both ends
   * @throws io.penstock.error.NotSupportedException without native calls
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left
   * @throws IOException if the system refuses
   */
  HandlePair pipe() throws IOException;
}
