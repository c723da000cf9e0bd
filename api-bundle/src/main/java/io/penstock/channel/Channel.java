// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.channel.facet.ProcessFacet;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FileMode;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A source from and a sink to one peer: memory, a socket, a FIFO, a child process, anything.
 *
 * <p>{@link #read} and {@link #write} are those of its ends. A channel exists as soon as it is
 * asked for, and may still be connecting. Until it is connected reads wait, and only {@link
 * ByteSink#writeAsync} and {@link ByteSink#give} queue writes without waiting. Safe for use by any
 * thread. {@link java.nio.channels.Channel} has the same simple name: import this type.
 *
 * <p>Parity CH-01, CH-04, CH-11..13, CH-51..53, YA-02..06, UV-16..26.
 */
@ProviderType
public interface Channel extends ByteChannel {
  /** Service property: the name of a configured channel, listener, relay or pipe. */
  String NAME = "penstock.name";

  /** Service property: the endpoint, without user information. */
  String ENDPOINT = "penstock.endpoint";

  /** Service property: the scheme of the endpoint. */
  String KIND = "penstock.kind";

  /** Service property: the address of the peer, where there is one. */
  String PEER = "penstock.peer";

  /**
   * The end that reads what the peer sends. Closing it closes this direction only. Where the
   * channel has no {@link Capability#INPUT} its reads throw the not-supported type.
   *
   * @return always the same
   */
  ByteSource source();

  /**
   * The end that writes to the peer. Closing it closes this direction only. Where the channel has
   * no {@link Capability#OUTPUT} its writes throw the not-supported type.
   *
   * @return always the same
   */
  ByteSink sink();

  /** Reads from {@link #source()}, as {@link ByteSource#read(ByteBuffer)} says. */
  @Override
  int read(ByteBuffer dst) throws IOException;

  /** Writes to {@link #sink()}, as {@link ByteSink#write(ByteBuffer)} says. */
  @Override
  int write(ByteBuffer src) throws IOException;

  /**
   * This channel in the manner of a file, for reading and writing. For one direction, or for
   * another end such as standard error, use {@link ByteSource#file} or {@link ByteSink#file}.
   * Parity CF-01.
   *
   * @param mode how lines are treated, what is held back, and what closing closes
   * @param <L> what a line is
   * @return a view
   */
  <L> ByteFile<L> file(FileMode<L> mode);

  /**
   * A label for errors and logs.
   *
   * @return the name that was asked for, otherwise {@link Endpoint#name()}
   */
  String name();

  /**
   * The endpoint that this channel connects to; for an accepted channel, the listener's endpoint.
   *
   * @return the endpoint
   */
  Endpoint endpoint();

  /**
   * Our address, once connected.
   *
   * @return empty where the kind has none or is still connecting
   */
  Optional<SocketAddress> local();

  /**
   * The peer's address, once connected.
   *
   * @return empty where the kind has none or is still connecting
   */
  Optional<SocketAddress> peer();

  /**
   * What this channel can do.
   *
   * @return final once {@link #connected()} has completed
   */
  Set<Capability> capabilities();

  /**
   * Whether the connection stands.
   *
   * @return completes with this channel, or with the reason why it could not be connected
   */
  CompletionStage<Channel> connected();

  /**
   * Tells when the peer as a whole has gone: a child process has exited, a session has ended. Its
   * output may still wait to be read.
   *
   * @return completes normally when the peer has gone with success, and with the reason when it
   *     failed; stays incomplete for a kind that knows only its two directions
   */
  CompletionStage<Void> gone();

  /**
   * Gives an additional interface that this kind offers beside the two ends.
   *
   * @param type the interface of the facet, such as {@link ProcessFacet}
   * @param <T> the facet
   * @return empty where this kind, or this channel before it is connected, does not have it
   */
  <T> Optional<T> facet(Class<T> type);

  /**
   * Cuts the channel, so that the peer cannot take a part for the whole: a connection is reset, a
   * child is terminated. Only a kind that states {@link Capability#ABORT} can tell the peer in each
   * case. Each later call on this channel throws the cause. Idempotent; never waits.
   *
   * @param cause why
   */
  void abort(Throwable cause);

  /**
   * Closes like {@link #close()}, without waiting for it.
   *
   * @return completes when everything is released
   */
  CompletionStage<Void> closeAsync();

  /**
   * Whether everything is released: after a close, an abort, or a connection that failed. What
   * depends on it may run on the thread that aborts or closes, and must not wait.
   *
   * @return completes normally after a close, and with the cause after an abort
   */
  CompletionStage<Void> closed();

  /**
   * Closes the source, then the sink. Bytes that were accepted for writing are handed to the
   * transport within {@link ChannelOptions#closeTimeout()}. The rest is dropped with a warning that
   * gives the count, and the channel is cut as by {@link #abort}, so that the peer does not take
   * what it has for the whole. Idempotent.
   */
  @Override
  void close() throws IOException;
}
