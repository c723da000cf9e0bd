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
 * Adds one or more schemes. To install it, register it as a service with {@link #SCHEME}.
 *
 * <p>Safe for use by any thread. When the service is unregistered, the channels that it made are
 * aborted.
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
   * The option keys it understands in addition to those of every kind. Other keys are refused
   * before the provider is called.
   *
   * @param scheme one of its schemes
   * @return the keys; one that ends in a dot allows every key that begins with it
   */
  default Set<String> optionKeys(String scheme) {
    return Set.of();
  }

  /**
   * The secrets that it takes ({@link ChannelOptions#withSecret}). Others are refused before the
   * provider is called. In a configuration a secret's key begins with a dot.
   *
   * @param scheme one of its schemes
   * @return their names, such as {@code password}
   */
  default Set<String> secretKeys(String scheme) {
    return Set.of();
  }

  /**
   * The option keys that request something of the peer, for a kind whose channels do nothing before
   * such a request. If an endpoint has none of them, a program makes its request later, by a facet.
   * A relay cannot do so, and refuses such an endpoint unless the peer on its other side makes the
   * request ({@link ChannelOptions#withProgram}).
   *
   * @param scheme one of its schemes
   * @return some of {@link #optionKeys}; none, as by default, where bytes flow at once
   */
  default Set<String> requestKeys(String scheme) {
    return Set.of();
  }

  /**
   * Checks an endpoint and its options without opening anything, so that a mistake is reported when
   * they are given and not at the first connection. Must not wait, and must not ask the system:
   * {@link #connect} and {@link #listen} report an address that is well formed but does not exist.
   * By default everything is well formed.
   *
   * @param endpoint of one of its schemes
   * @param options merged with the endpoint's own
   * @throws IllegalArgumentException if an option's value is not allowed
   * @throws IOException the address type, of the kind invalid, if the endpoint has another form
   */
  default void check(Endpoint endpoint, ChannelOptions options) throws IOException {}

  /**
   * Connects. Must not wait: work that takes time goes to {@link ProviderContext#executor()}.
   *
   * @param endpoint of one of its schemes, or of the scheme of a kind above it, which lends its
   *     endpoint
   * @param options merged with the endpoint's own
   * @param context what the product lends to this channel
   * @return completes with a connected driver, or with the failure; when it is cancelled (a limit
   *     passed, the channel was closed) the provider gives up and releases its resources
   * @throws IllegalArgumentException if an option's value is not allowed
   * @throws IOException if the endpoint cannot be used at all
   */
  CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException;

  /**
   * Binds an address and listens.
   *
   * @param endpoint of one of its schemes that end in {@code -listen}, or of the scheme of a kind
   *     above it
   * @param options merged with the endpoint's own
   * @param context what the product lends to this listener and its channels
   * @return a bound listener
   * @throws IOException the address type, when it cannot be bound; the not-supported type by
   *     default
   */
  default ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    throw new NotSupportedException(endpoint.name(), "listening", "connect to it instead");
  }

  /**
   * Puts this kind above an existing channel, as TLS is put above a connection.
   *
   * @param below the channel; from the call on it belongs to the provider alone, which closes or
   *     aborts it together with its own channel
   * @param endpoint of one of its schemes; one that ends in {@code -listen} says that the peer
   *     connects to us
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
        endpoint.name(), "going above another channel", "connect to it instead");
  }
}
