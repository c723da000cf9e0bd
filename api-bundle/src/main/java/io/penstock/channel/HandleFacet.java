// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Handles that travel with the bytes of a Unix socket: of {@code unix:}, {@code unix-listen:} and
 * {@code fd:} with the option {@code handles=true}, which the channel then states as {@link
 * Capability#HANDLES}. It takes native calls, see {@link ChannelFactory#nativeMode()}.
 *
 * <p>Handles are bound to the bytes that they were sent with. A single read never goes from other
 * bytes into these or beyond them: when it returns the first of them, {@link #take()} gives the
 * handles that came along. Reads of many steps ({@code readLine}, {@code readFully}) go on, and all
 * handles that came with what they returned can be taken, in order. At a poller they can be taken
 * from the moment that the handler is called with the first frame that has one of these bytes. The
 * system binds handles to what it sends at once: of a message of more than about 32 KiB, to its
 * first part.
 *
 * <p>What nobody takes is closed: with the channel, with its source, and what comes while {@value
 * #MOST_WAITING} wait. A relay moves bytes only, and closes the handles.
 *
 * <p>Every Unix channel has this facet; without the option each call that moves handles fails with
 * {@link io.penstock.error.NotSupportedException}. Safe for use by any thread. Parity UV-01, UV-06,
 * UV-09, UV-13, UV-24.
 */
@ProviderType
public interface HandleFacet {
  /** The most handles of one message; the system's own limit. */
  int MOST = 253;

  /** The most handles that wait to be taken; those that come then are closed, and told as lost. */
  int MOST_WAITING = 1024;

  /**
   * Whether handles can travel: the channel was opened with {@code handles=true}.
   *
   * @return true where the channel states {@link Capability#HANDLES}
   */
  boolean enabled();

  /**
   * Writes bytes, and sends handles bound to them. The handles stay the caller's, who may close
   * them as soon as this returns; sockets and pipes among them become non-blocking, here as well.
   *
   * @param bytes at least one; how many went is told as by {@link
   *     io.penstock.stream.ByteSink#write(ByteBuffer, Wait)}, and the rest may be written in any
   *     way
   * @param wait how long to wait for room
   * @param handles 1 to {@value #MOST}, in the order in which the peer takes them
   * @return how many bytes went, and all handles with the first; 0 if told not to wait and there is
   *     no room, and then no handle went
   * @throws IllegalArgumentException if there are no bytes, no handles or too many, or one is not
   *     of this product
   * @throws io.penstock.error.NotSupportedException without the option {@code handles=true}, or if
   *     a handle is of the kind {@link HandleKind#OTHER}
   * @throws io.penstock.error.HandleLimitException if there are no descriptors left, or too many
   *     are on their way; nothing went then, and the channel goes on
   * @throws io.penstock.error.StreamClosedException if the sink or a handle is closed
   * @throws IOException as a write
   */
  int send(ByteBuffer bytes, Wait wait, Handle... handles) throws IOException;

  /**
   * As {@link io.penstock.stream.ByteSink#writeAsync}, with handles bound to the first bytes. The
   * handles stay the caller's, who may close them as soon as this returns.
   *
   * @param handles 1 to {@value #MOST}
   * @param parts at least one byte in all; not to be changed before the completion
   * @return completes when all was handed to the system, or with why not; cancelled by a close that
   *     comes first, and then no handle went
   * @throws IllegalArgumentException as {@link #send} says
   */
  CompletionStage<Void> sendAsync(List<Handle> handles, ByteBuffer... parts);

  /**
   * Takes the next handle that came with bytes that were read. Never waits.
   *
   * @return the caller's to open or close; empty if none came with what was read so far
   * @throws io.penstock.error.HandleLimitException once for each message whose handles were lost,
   *     in their place, because there was no descriptor left for one of them or too many waited:
   *     its bytes are read all the same, and the next call goes on behind it
   * @throws io.penstock.error.NotSupportedException without the option {@code handles=true}
   * @throws io.penstock.error.StreamClosedException after the source was closed
   */
  Optional<Handle> take() throws IOException;

  /**
   * How many calls of {@link #take()} have something to give or to tell.
   *
   * @return 0 or more; 0 without the option {@code handles=true}
   */
  int pending();

  /**
   * What the next {@link #take()} would give.
   *
   * @return empty if there is none, or it was lost
   */
  Optional<HandleKind> pendingKind();
}
