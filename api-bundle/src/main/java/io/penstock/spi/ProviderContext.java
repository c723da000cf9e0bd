// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.channel.Channel;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/** What the product lends to a provider for one channel or listener. Safe for use by any thread. */
@ProviderType
public interface ProviderContext {
  /**
   * The name of the channel or listener, for errors.
   *
   * @return the name
   */
  String name();

  /**
   * Runs what takes time: looking up names, opening files that wait for their other end. Its
   * threads are daemons of the product's.
   *
   * @return the executor
   */
  Executor executor();

  /**
   * Builds a further source over a driver, for a facet: a second input such as standard error. It
   * is closed with the channel.
   *
   * @param name its name
   * @param driver its narrow half
   * @return everything that a source does
   */
  ByteSource source(String name, SourceDriver driver);

  /**
   * Builds a further sink over a driver, for a facet. It is closed with the channel.
   *
   * @param name its name
   * @param driver its narrow half
   * @return everything that a sink does
   */
  ByteSink sink(String name, SinkDriver driver);

  /**
   * Makes a channel beside this one, for a facet: one that the same peer has opened, or that was
   * opened to it, on a connection that carries several. It has this one's endpoint and options, and
   * a life of its own: it is closed when the provider goes, or what made this one.
   *
   * @param name its name
   * @param driver gives its narrow half, which works with the context of the new channel; called
   *     once, before this returns; must not wait
   * @return connected
   */
  Channel channel(String name, Function<ProviderContext, ChannelDriver> driver);

  /**
   * Runs a task once, as soon as a channel is ready: for a kind that works by itself, such as one
   * that has to answer its peer before anybody reads. While nobody waits, nobody else selects.
   *
   * @param channel in non-blocking mode
   * @param operations what to wait for, as {@link java.nio.channels.SelectionKey} says
   * @param task run also when the channel is closed or the product stops; on the thread that waits
   *     for all channels, so it must be quick and never wait
   */
  void select(SelectableChannel channel, int operations, Runnable task);

  /**
   * Runs a task once, after a while, unless it is cancelled or the product stops before.
   *
   * @param delay zero or more
   * @param task run on {@link #executor()}
   * @return to cancel it
   */
  Future<?> after(Duration delay, Runnable task);

  /**
   * Lets the product's selectors forget the selectable channels that were closed: until then the
   * system keeps their descriptors. A driver calls it when it closes one by itself, later than in
   * its own close or abort, after which the product does it anyway. Never waits.
   */
  void forgetClosed();
}
