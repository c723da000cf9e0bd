// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.channel.Listener;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Waits in one place for many sources, sinks and listeners of any kind, and reads, frames and
 * accepts on behalf of the caller.
 *
 * <p>One thread at a time polls; a second thread waits for its turn. Any thread may register, wake
 * or close at any time. An exception of the handler goes to the caller of {@code poll}; its event
 * counts as delivered. Parity YA-16..25, UV-12..14, UV-25.
 *
 * <p>As a service it is prototype-scoped: each consumer has its own poller, closed when the
 * consumer releases it.
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
   * Reports when a sink is writable, each time after {@link SinkRegistration#wantWritable()}.
   *
   * @param sink of any kind
   * @return the registration
   * @throws IllegalStateException if the sink is registered here already, or the poller is closed
   * @throws IllegalArgumentException if the sink was not made by this product
   */
  SinkRegistration register(ByteSink sink);

  /**
   * Accepts from a listener, registers the source of each accepted channel with the framing, and
   * reports the channel.
   *
   * @param listener of any kind
   * @param framing the framing that accepted channels inherit
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
   * Waits once, then handles the events that are there. The handler is lent one reused buffer for
   * the length of a call, so that there is no garbage per line.
   *
   * @param wait how long to wait for the first event
   * @param handler called for each event, on this thread, with no lock held
   * @return how many events were handled; 0 when the limit passed, on {@link #wakeup()}, and when
   *     told not to wait
   * @throws io.penstock.error.StreamClosedException if the poller is closed; its waiting form when
   *     closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException what the handler threw
   */
  int poll(Wait wait, ChannelHandler handler) throws IOException;

  /**
   * Waits once, and returns the events that are there, with copies of their bytes.
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
   * <p>An exception of the handler ends neither the thread nor the other connections. It is logged;
   * the registration of the event is removed, its channel is aborted with the exception (the end of
   * a pipe is closed), and {@link ChannelHandler#failed} is called. An exception of {@code opened}
   * aborts the accepted channel only. An exception of {@code ended}, {@code listenerEnded} or
   * {@code failed} is only logged.
   *
   * @param handler called for each event, on that thread
   * @return completes when the thread is done with the handler, after {@link #close()}
   * @throws IllegalStateException if it was started already, or the poller is closed
   */
  CompletionStage<Void> start(ChannelHandler handler);

  /**
   * Makes the waiting poll, or else the next one, return at once. Any thread may call it; it never
   * waits.
   */
  void wakeup();

  /**
   * Closes the channels of all registered sources and sinks, and all registered listeners, and
   * unregisters them. The poller stays usable.
   */
  void closeAll();

  /**
   * Unregisters everything without calling the handler and without closing any channel, and wakes
   * the polling thread. Idempotent. If the poller was {@linkplain #start started}, this waits up to
   * 2 s for a call of the handler in progress, unless it is called from there.
   */
  @Override
  void close();
}
