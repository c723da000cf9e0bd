// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.SortedSet;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Opens channels and listeners of every kind that is installed. As a service it is bundle-scoped:
 * what a bundle made through it is closed when that bundle stops. Safe for use by any thread.
 */
@ProviderType
public interface ChannelFactory {
  /**
   * Service property: what {@link #nativeMode()} answers, or {@code auto} as long as nobody has
   * needed to know.
   */
  String NATIVE = "penstock.native";

  /**
   * Connects in the background.
   *
   * @param endpoint where to
   * @param options how; options of the endpoint's own go before these
   * @return a channel that may still be connecting; {@link Channel#connected()} and its ends tell
   *     of a failure
   * @throws io.penstock.error.NotSupportedException if no provider of that scheme is installed; the
   *     message names those that are
   * @throws IllegalArgumentException if an option is unknown to the kind or its value is not
   *     allowed
   * @throws IOException if the endpoint is of the wrong kind, such as a listening one
   */
  Channel connect(Endpoint endpoint, ChannelOptions options) throws IOException;

  /**
   * Connects and waits for it.
   *
   * @param endpoint where to
   * @param options how; options of the endpoint's own go before these
   * @param wait how long; {@link ChannelOptions#connectTimeout()} applies, too
   * @return a connected channel
   * @throws io.penstock.error.StreamTimeoutException if a limit passed
   * @throws io.penstock.error.AddressException if the address cannot be used
   * @throws IOException as {@link #connect} says, or why it could not be connected
   */
  Channel open(Endpoint endpoint, ChannelOptions options, Wait wait) throws IOException;

  /**
   * Binds an address and listens.
   *
   * @param endpoint whose scheme ends in {@code -listen}
   * @param options for the listener and for the channels it accepts
   * @return a listener that is bound
   * @throws io.penstock.error.AddressException if the address cannot be bound
   * @throws IOException as {@link #connect} says
   */
  Listener listen(Endpoint endpoint, ChannelOptions options) throws IOException;

  /**
   * Puts a kind above a channel that is there already: encrypts it, say. What was read from the
   * channel below and put back is read first.
   *
   * @param below connected or still connecting; belongs to the channel above from now on, which
   *     closes and aborts it with itself. Nobody else may read or write it
   * @param endpoint of the kind above, such as {@code tls://HOST:PORT} for our side being the
   *     client of a peer of that name, or {@code tls-listen:} for our side being the server
   * @param options how; options of the endpoint's own go before these
   * @return a channel that is still connecting
   * @throws IllegalArgumentException if an option is unknown to the kind or its value is not
   *     allowed
   * @throws io.penstock.error.NotSupportedException if the kind cannot go above another channel, or
   *     the channel below is not one of this product's
   * @throws IOException if the endpoint cannot be used at all
   */
  Channel over(Channel below, Endpoint endpoint, ChannelOptions options) throws IOException;

  /**
   * Makes two channels in memory that are each other's peer.
   *
   * @param options for both
   * @return the pair
   */
  ChannelPair pair(ChannelOptions options);

  /**
   * Makes handles that can be sent over a Unix channel; see {@link HandleFacet}.
   *
   * @return always the same; what it makes is closed as what this factory makes
   */
  HandleFactory handles();

  /**
   * The schemes that are installed now.
   *
   * @return sorted
   */
  SortedSet<String> schemes();

  /**
   * How the operating system's own calls are made, which it takes to reach descriptors: {@code
   * foreign} ({@code java.lang.foreign}, on Java 22 or later), {@code jna} (the bundle {@code
   * com.sun.jna}) or {@code none}, the better one first. The framework or system property {@code
   * io.penstock.native} asks for one of them; its default {@code auto} takes the first that works.
   * What needs such calls and has none fails with {@link io.penstock.error.NotSupportedException}.
   * The first call, or the first need, finds out, which takes up to half a second. Parity UV-02.
   *
   * @return {@code foreign}, {@code jna} or {@code none}
   */
  String nativeMode();
}
