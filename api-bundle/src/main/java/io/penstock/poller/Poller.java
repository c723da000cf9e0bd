// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.channel.Listener;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Waits in one place for many sources, sinks and listeners of any kind, and reads, frames and
 * accepts on behalf of the caller.
 *
 * <p>One thread at a time polls; a second one waits for its turn. Any thread may register, wake or
 * close at any time. What the handler throws goes to the caller of {@code poll}, after the event
 * counted as delivered. Parity YA-16..25, UV-12..14, UV-25.
 *
 * <p>As a service it is prototype-scoped: each consumer has its own, closed when it lets go.
 */
@ProviderType
public interface Poller extends AutoCloseable {
  /**
   * Reads and frames what comes from a source.
   *
   * @param source of any kind
   * @param framing how its bytes are cut into events
   * @return the registration
   * @throws IllegalStateException if the source is registered here already, or the poller is closed
   * @throws IllegalArgumentException if the source was not made by this product
   */
  Registration register(ByteSource source, Framing framing);

  /**
   * Reads what comes from a source, with the poller's own framing.
   *
   * @param source of any kind
   * @return the registration
   * @throws IllegalStateException if the source is registered here already, or the poller is closed
   * @throws IllegalArgumentException if the source was not made by this product
   */
  Registration register(ByteSource source);

  /**
   * Tells when a sink is writable, each time after {@link Registration#wantWritable()}.
   *
   * @param sink of any kind
   * @return the registration
   * @throws IllegalStateException if the sink is registered here already, or the poller is closed
   * @throws IllegalArgumentException if the sink was not made by this product
   */
  Registration register(ByteSink sink);

  /**
   * Accepts from a listener, registers each accepted channel's source with the framing, and tells.
   *
   * @param listener of any kind
   * @param framing what accepted channels inherit
   * @return the registration
   * @throws IllegalStateException if the listener is registered here already, or the poller is
   *     closed
   * @throws IllegalArgumentException if the listener was not made by this product
   */
  Registration register(Listener listener, Framing framing);

  /**
   * Accepts from a listener; accepted channels inherit the poller's own framing.
   *
   * @param listener of any kind
   * @return the registration
   * @throws IllegalStateException if the listener is registered here already, or the poller is
   *     closed
   * @throws IllegalArgumentException if the listener was not made by this product
   */
  Registration register(Listener listener);

  /**
   * The poller's own framing.
   *
   * @return {@link Framing#bytes()} unless it was configured otherwise
   */
  Framing framing();

  /**
   * Waits once, then handles what is there. The handler is lent one reused buffer for the length of
   * a call, so that there is no garbage per line.
   *
   * @param wait how long to wait for the first event
   * @param handler is told of each event, on this thread, with no lock held
   * @return how many events were handled; 0 when the limit passed, on {@link #wakeup()}, and when
   *     told not to wait
   * @throws io.penstock.error.StreamClosedException if the poller is closed; its waiting form when
   *     closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException what the handler threw
   */
  int poll(Wait wait, ChannelHandler handler) throws IOException;

  /**
   * Waits once, and returns what is there as copies.
   *
   * @param wait how long to wait for the first event
   * @return the events; empty when the limit passed, on {@link #wakeup()}, and when told not to
   *     wait
   * @throws IOException as the other form says
   */
  List<PollEvent> poll(Wait wait) throws IOException;

  /**
   * Polls over and over on a thread of its own, a daemon, until this poller is closed.
   *
   * <p>What the handler throws ends neither the thread nor the other connections: it is logged, and
   * whose event it was is unregistered and its channel aborted with it (a pipe's end is closed), of
   * which {@link ChannelHandler#failed} is told. Thrown by {@code opened} it aborts the accepted
   * channel only; thrown by {@code ended} or {@code failed} it is only logged.
   *
   * @param handler is told of each event, on that thread
   * @return completes when the thread is done with the handler, after {@link #close()}
   * @throws IllegalStateException if it was started already, or the poller is closed
   */
  CompletionStage<Void> start(ChannelHandler handler);

  /** Makes the poll that waits, or else the next one, return at once. Any thread; never waits. */
  void wakeup();

  /**
   * Closes every registered source's, sink's and listener's channel, and unregisters them all. The
   * poller stays usable.
   */
  void closeAll();

  /**
   * Unregisters everything quietly, closing nothing, and wakes who polls. Idempotent. When it was
   * {@linkplain #start started} this waits for the handler's call that is under way, up to 2 s,
   * unless it is called from there.
   */
  @Override
  void close();
}
