// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.channel.facet.HandleFacet;
import java.io.IOException;
import java.util.function.IntConsumer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A descriptor of the operating system with an owner. Handles can be passed over a Unix socket, see
 * {@link HandleFacet}. The owner opens or closes the handle. Opening uses it up, also when the
 * system then refuses. A handle that is still open is closed when the bundle stops whose factory it
 * came through.
 *
 * <pre>{@code
 * try (Handle handle = facet.take().orElseThrow()) {
 *   Channel channel = handle.channel(ChannelOptions.defaults());
 *   ...
 * }
 * }</pre>
 *
 * <p>Closing it after it was used up does nothing. No method waits for a peer. Safe for use by any
 * thread. Parity UV-06, UV-09, UV-16, YA-08.
 */
@ProviderType
public interface Handle extends AutoCloseable {
  /**
   * What it is.
   *
   * @return as it was when the handle was made
   */
  HandleKind kind();

  /**
   * Whether it can be opened, sent or lent.
   *
   * @return false once it was opened, released or closed
   */
  boolean isOpen();

  /**
   * Converts it to an ordinary channel, for every poller and relay. The end of a pipe has one
   * direction; a file begins at its offset. Sockets, pipes and terminals are in non-blocking mode
   * from then on. For that purpose pipes and terminals are opened once more where the system allows
   * it, so that other owners of them notice nothing.
   *
   * @param options of the channel; with {@code handles=true} a Unix socket carries handles itself.
   *     Other options of a scheme are refused
   * @return connected, the caller's to close
   * @throws io.penstock.error.NotSupportedException if it is neither a connection nor a pipe, file
   *     or terminal
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left; the handle is
   *     not used up then
   * @throws io.penstock.error.StreamClosedException if it was closed or used up before
   * @throws IllegalArgumentException if an option is not allowed
   * @throws IOException if the system refuses
   */
  Channel channel(ChannelOptions options) throws IOException;

  /**
   * Converts it to an ordinary listener. A socket that is only bound listens from then on. Its
   * address stays when it is closed: the process that has bound it removes it.
   *
   * @param options of the listener and of the channels that it accepts; with {@code handles=true}
   *     those of a Unix listener carry handles. Other options of a scheme are refused
   * @return bound, the caller's to close
   * @throws io.penstock.error.NotSupportedException if it is no listener
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left; the handle is
   *     not used up then
   * @throws io.penstock.error.StreamClosedException if it was closed or used up before
   * @throws IllegalArgumentException if an option is not allowed
   * @throws IOException if the system refuses
   */
  Listener listener(ChannelOptions options) throws IOException;

  /**
   * Converts it to a UDP socket that sends and receives datagrams, which are not a stream.
   *
   * @return the socket, the caller's to close
   * @throws io.penstock.error.NotSupportedException if it is no UDP socket
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left; the handle is
   *     not used up then
   * @throws io.penstock.error.StreamClosedException if it was closed or used up before
   * @throws IOException if the system refuses
   */
  Datagrams datagrams() throws IOException;

  /**
   * Lends the descriptor's number, for calls that this product does not make. It is valid until
   * {@code use} returns, even if the handle is closed meanwhile; it must be neither closed nor
   * kept.
   *
   * @param use is called on this thread; what it throws is thrown here
   * @throws io.penstock.error.StreamClosedException if it was closed or used up before
   */
  void lend(IntConsumer use) throws IOException;

  /** Closes the descriptor, unless it was used up. Idempotent. */
  @Override
  void close();
}
