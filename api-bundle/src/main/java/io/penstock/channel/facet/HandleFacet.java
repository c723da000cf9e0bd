// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.Capability;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Handle;
import io.penstock.channel.HandleKind;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Passes handles together with the bytes of a Unix socket: of {@code unix:}, {@code unix-listen:}
 * and {@code fd:} with the option {@code handles=true}, which the channel then states as {@link
 * Capability#HANDLES}. It needs native calls, see {@link ChannelFactory#nativeMode()}.
 *
 * <p>Handles are bound to the bytes that they were sent with. A single read never mixes these bytes
 * with bytes before or after them: when it returns the first of them, {@link #take()} gives the
 * handles that came along. Reads of many steps ({@code readLine}, {@code readFully}) go on, and all
 * handles that came with the returned bytes can be taken, in order. With a poller, handles can be
 * taken from the first call of the handler whose frame has one of these bytes. The system binds
 * handles to the bytes that it sends at once: in a message of more than about 32 KiB, to its first
 * part.
 *
 * <p>Handles that are not taken are closed with the channel or with its source. Handles that arrive
 * while {@value #MAX_WAITING} wait are closed at once. A relay moves bytes only, and closes the
 * handles.
 *
 * <p>Every Unix channel has this facet; without the option each call that moves handles fails with
 * {@link io.penstock.error.NotSupportedException}. Safe for use by any thread. Parity UV-01, UV-06,
 * UV-09, UV-13, UV-24.
 */
@ProviderType
public interface HandleFacet {
  /** The most handles of one message; the system's own limit. */
  int MAX_HANDLES = 253;

  /** The most handles that wait to be taken; further ones are closed, and reported as lost. */
  int MAX_WAITING = 1024;

  /**
   * Whether handles can be passed: the channel was opened with {@code handles=true}.
   *
   * @return true where the channel states {@link Capability#HANDLES}
   */
  boolean enabled();

  /**
   * Writes bytes, and sends handles bound to them. The handles still belong to the caller, which
   * may close them as soon as this returns. Sockets and pipes among them become non-blocking, also
   * on this side.
   *
   * @param bytes at least one; its position moves as in {@link
   *     io.penstock.stream.ByteSink#write(ByteBuffer, Wait)}, and the rest may be written in any
   *     way
   * @param wait how long to wait for room
   * @param handles 1 to {@value #MAX_HANDLES}, in the order in which the peer takes them
   * @return how many bytes were sent, all handles with the first byte; 0 if told not to wait and
   *     there is no room, and then no handle was sent
   * @throws IllegalArgumentException if there are no bytes, no handles or too many, or one is not
   *     of this product
   * @throws io.penstock.error.NotSupportedException without the option {@code handles=true}, or if
   *     a handle is of the kind {@link HandleKind#OTHER}
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left, or too many
   *     are on their way; nothing was sent then, and the channel stays usable
   * @throws io.penstock.error.StreamClosedException if the sink or a handle is closed
   * @throws IOException as a write
   */
  int send(ByteBuffer bytes, Wait wait, Handle... handles) throws IOException;

  /**
   * As {@link io.penstock.stream.ByteSink#writeAsync}, with handles bound to the first bytes. The
   * handles still belong to the caller, which may close them as soon as this returns.
   *
   * @param handles 1 to {@value #MAX_HANDLES}
   * @param parts at least one byte in all; not to be changed before the completion
   * @return completes when everything was handed to the system, or with the failure; cancelled by a
   *     close that comes first, and then no handle was sent
   * @throws IllegalArgumentException as {@link #send} says
   */
  CompletionStage<Void> sendAsync(List<Handle> handles, ByteBuffer... parts);

  /**
   * Takes the next handle that came with bytes already read. Never waits.
   *
   * @return the handle, for the caller to open or close; empty if none came with the bytes read so
   *     far
   * @throws io.penstock.error.HandleLimitException once for each message whose handles were lost,
   *     in their place, because there was no descriptor left for one of them or too many waited:
   *     its bytes are read all the same, and the next call goes on after it
   * @throws io.penstock.error.NotSupportedException without the option {@code handles=true}
   * @throws io.penstock.error.StreamClosedException after the source was closed
   */
  Optional<Handle> take() throws IOException;

  /**
   * How many calls of {@link #take()} would give a handle or report a loss.
   *
   * @return 0 or more; 0 without the option {@code handles=true}
   */
  int pending();

  /**
   * The kind of handle that the next {@link #take()} would give.
   *
   * @return empty if there is none, or it was lost
   */
  Optional<HandleKind> pendingKind();
}
