// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.channel.facet.HandleFacet;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.SortedSet;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Opens channels and listeners of every installed kind. As a service it is bundle-scoped: channels
 * and listeners that a bundle made through it are closed when that bundle stops. Safe for use by
 * any thread.
 */
@ProviderType
public interface ChannelFactory {
  /**
   * Service property: the answer of {@link #nativeMode()}, or {@code auto} until the mode was first
   * needed.
   */
  String NATIVE = "penstock.native";

  /**
   * Connects in the background.
   *
   * @param endpoint where to
   * @param options how to open it; options in the endpoint take precedence
   * @return a channel that may still be connecting; {@link Channel#connected()} and its ends report
   *     a failure
   * @throws io.penstock.error.NotSupportedException if no provider of that scheme is installed; the
   *     message names those that are
   * @throws IllegalArgumentException if an option is unknown to the kind or its value is not
   *     allowed
   * @throws IllegalStateException if the factory was closed, which it is with the bundle that uses
   *     it and with that of Penstock
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
   * Connects with the default options and waits for it, for {@link ChannelOptions#connectTimeout()}
   * at most.
   *
   * @param endpoint where to, as {@link Endpoint#parse} reads it
   * @return a connected channel
   * @throws IllegalArgumentException if the text is no endpoint
   * @throws IOException as {@link #open(Endpoint, ChannelOptions, Wait)} says
   */
  default Channel open(String endpoint) throws IOException {
    return open(Endpoint.parse(endpoint), ChannelOptions.defaults(), Wait.forever());
  }

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
   * Binds an address and listens with the default options.
   *
   * @param endpoint whose scheme ends in {@code -listen}, as {@link Endpoint#parse} reads it
   * @return a listener that is bound
   * @throws IllegalArgumentException if the text is no endpoint
   * @throws IOException as {@link #listen(Endpoint, ChannelOptions)} says
   */
  default Listener listen(String endpoint) throws IOException {
    return listen(Endpoint.parse(endpoint), ChannelOptions.defaults());
  }

  /**
   * Puts a kind above an existing channel, for example to encrypt it. Bytes that were read from the
   * channel below and put back are read first.
   *
   * @param below connected or still connecting; belongs to the channel above from now on, which
   *     closes and aborts it together with itself. No other code may read or write it
   * @param endpoint of the kind above: {@code tls://HOST:PORT}, for example, makes our side the
   *     client of a peer of that name, and {@code tls-listen:} makes it the server
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
   * @return always the same; its handles are closed together with the channels of this factory
   */
  HandleFactory handles();

  /**
   * The schemes that are currently installed.
   *
   * @return sorted
   */
  SortedSet<String> schemes();

  /**
   * How calls of the operating system are made, which are needed to reach descriptors: {@code
   * foreign} ({@code java.lang.foreign}, on Java 22 or later), {@code jna} (the bundle {@code
   * com.sun.jna}) or {@code none}; the first of these that works is taken. The framework or system
   * property {@code io.penstock.native} asks for one of them; its default is {@code auto}. An
   * operation that needs such calls and has none fails with {@link
   * io.penstock.error.NotSupportedException}. The mode is determined by the first call of this
   * method or by the first need, which takes up to half a second. Parity UV-02.
   *
   * @return {@code foreign}, {@code jna} or {@code none}
   */
  String nativeMode();
}
