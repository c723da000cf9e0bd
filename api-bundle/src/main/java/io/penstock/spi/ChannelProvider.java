// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Adds one or more schemes. Register it as a service with {@link #SCHEME}; that is all.
 *
 * <p>Safe for use by any thread. When the service goes, the channels that it made are aborted.
 */
@ConsumerType
public interface ChannelProvider {
  /** Service property: the scheme, or an array of schemes, that the provider serves. */
  String SCHEME = "penstock.scheme";

  /**
   * The schemes it serves, such as {@code tcp} and {@code tcp-listen}.
   *
   * @return at least one
   */
  Set<String> schemes();

  /**
   * The option keys it understands beside those that every kind does; others are refused before it
   * is called.
   *
   * @param scheme one of its schemes
   * @return the keys; one that ends in a dot allows every key that begins with it
   */
  default Set<String> optionKeys(String scheme) {
    return Set.of();
  }

  /**
   * The secrets that it takes ({@link ChannelOptions#withSecret}); others are refused before it is
   * called. In a configuration a secret's key begins with a dot.
   *
   * @param scheme one of its schemes
   * @return their names, such as {@code password}
   */
  default Set<String> secretKeys(String scheme) {
    return Set.of();
  }

  /**
   * The option keys that say what a channel asks of its peer, where nothing happens before one
   * does. With none of them a program asks later, by a facet. A relay cannot, and refuses an
   * endpoint without any, unless the peer on its other side asks ({@link
   * ChannelOptions#withProgram}).
   *
   * @param scheme one of its schemes
   * @return some of {@link #optionKeys}; none, as by default, where bytes flow at once
   */
  default Set<String> requestKeys(String scheme) {
    return Set.of();
  }

  /**
   * Connects. Must not wait: what takes time goes to {@link ProviderContext#executor()}.
   *
   * @param endpoint of one of its schemes, or of that of a kind above it, which lends its own
   * @param options merged with the endpoint's own
   * @param context what the product lends to this channel
   * @return completes with a connected driver, or with why it cannot be; when it is cancelled (a
   *     limit passed, the channel was closed) the provider gives up and releases what it has
   * @throws IllegalArgumentException if an option's value is not allowed
   * @throws IOException if the endpoint cannot be used at all
   */
  CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException;

  /**
   * Binds an address and listens.
   *
   * @param endpoint of one of its schemes that end in {@code -listen}, or of that of a kind above
   *     it
   * @param options merged with the endpoint's own
   * @param context what the product lends to this listener and its channels
   * @return a bound listener
   * @throws IOException the address type, when it cannot be bound; the not-supported type by
   *     default
   */
  default ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    throw new NotSupportedException(endpoint.toString(), "listening", "connect to it instead");
  }

  /**
   * Puts this kind above a channel that is there already, as TLS is put above a connection.
   *
   * @param below the channel; from the call on the provider's alone, to close or abort with its own
   * @param endpoint of one of its schemes; one that ends in {@code -listen} says that the peer is
   *     the one who connects
   * @param options merged with the endpoint's own
   * @param context what the product lends to this channel
   * @return as {@link #connect} says
   * @throws IllegalArgumentException if an option's value is not allowed
   * @throws IOException if the endpoint cannot be used at all; the not-supported type by default
   */
  default CompletionStage<? extends ChannelDriver> over(
      ChannelDriver below, Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    throw new NotSupportedException(
        endpoint.toString(), "going above another channel", "connect to it instead");
  }
}
