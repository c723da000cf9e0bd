// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.channel.Channel;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** What the product lends to a provider for one channel or listener. Safe for use by any thread. */
@ProviderType
public interface ProviderContext extends PipeContext {
  /**
   * Builds a further source over a driver, for a facet: a second input such as standard error. It
   * is closed with the channel.
   *
   * @param name its name
   * @param driver its narrow half
   * @return a complete source
   */
  ByteSource source(String name, SourceDriver driver);

  /**
   * Builds a further sink over a driver, for a facet. It is closed with the channel.
   *
   * @param name its name
   * @param driver its narrow half
   * @return a complete sink
   */
  ByteSink sink(String name, SinkDriver driver);

  /**
   * Makes another channel for a facet, on a connection that carries several: a channel that the
   * same peer has opened, or that was opened to it. It has the endpoint and options of this
   * channel, but its own lifetime: it is closed when the provider goes, or the factory or listener
   * that made this channel.
   *
   * @param name its name
   * @param driver makes its narrow half with the context of the new channel; called once, before
   *     this returns; must not wait
   * @return connected
   */
  Channel channel(String name, Function<ProviderContext, ChannelDriver> driver);

  /**
   * Runs a task once, as soon as a channel is ready. This is for a kind that works by itself, such
   * as one that has to answer its peer before the program reads: as long as no caller waits, the
   * product does not select on the channel otherwise.
   *
   * @param channel in non-blocking mode
   * @param operations what to wait for, as {@link java.nio.channels.SelectionKey} says
   * @param task also run when the channel is closed or the product stops. It runs on the thread
   *     that waits for all channels, so it must be quick and never wait. After the stop the first
   *     call runs its task at once, on the caller's thread, and later calls run none
   */
  void select(SelectableChannel channel, int operations, Runnable task);

  /**
   * Lets the product's selectors forget the selectable channels that were closed: until then the
   * system keeps their descriptors. A driver calls it when it closes such a channel by itself,
   * later than in its own close or abort. After those the product does it anyway. Never waits.
   */
  void forgetClosed();

  /**
   * The same as {@link #forgetClosed()}, and tells when it is done: only then is the address of a
   * listening socket free. Never waits.
   *
   * @param then run once, also when the product stops; perhaps on the thread that waits for all
   *     channels, so it must be quick and never wait
   */
  void forgetClosed(Runnable then);

  /**
   * Holds a folder by a descriptor, for a kind that must not follow links out of it.
   *
   * @param folder its path
   * @return held until it is closed; empty where the product has no native calls, or the system has
   *     no call that stays within a folder
   * @throws IOException if the folder cannot be held
   */
  Optional<Anchor> anchor(Path folder) throws IOException;

  /**
   * Says that a handshake above the transport has begun, for the product's records of what takes
   * time.
   *
   * @param protocol such as {@code TLS}
   * @return to be called once when the handshake is over, with its failure, or with null; quick,
   *     and never waits
   */
  Consumer<@Nullable Throwable> handshake(String protocol);

  /**
   * Has the memory counted in which a driver keeps bytes of a connection. The driver closes it when
   * the connection has gone.
   *
   * @param cut ends that connection so that reads and writes fail with the cause it is given, and
   *     lets the memory go; run on a thread of the product's, once at most
   * @return nothing is held yet
   */
  Memory memory(Consumer<? super IOException> cut);

  /**
   * How much the channel has moved, for a provider that has to know whether it still lives.
   *
   * @return bytes that were read from it and written to it since it was made; it never falls
   */
  long moved();

  /**
   * Aborts the channel, as its owner would: its ends fail with the cause, callers that wait are
   * woken, and its driver is aborted. Does nothing if it was closed.
   *
   * @param cause why; what readers and writers get
   */
  void abort(Throwable cause);
}
