// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Adds one or more places that keep what goes through a pipe: {@code durable=SCHEME:…} of a pipe's
 * configuration, and the endpoint {@code durable:SCHEME:…}. To install it in a container, register
 * it as a service with {@link #SCHEME}. Elsewhere {@link java.util.ServiceLoader} finds it: it then
 * needs a public constructor without parameters, and is closed at the end if it is {@link
 * AutoCloseable}.
 *
 * <p>Safe for use by any thread. Before it goes, it ends what it has opened: {@link
 * PipeContent#gone()}.
 */
@ConsumerType
public interface PipeProvider {
  /** Service property: the scheme, or an array of schemes, that the provider serves. */
  String SCHEME = "penstock.pipe.scheme";

  /**
   * The schemes it serves, such as {@code file}.
   *
   * @return at least one
   */
  Set<String> schemes();

  /**
   * The keys it understands besides {@code capacity}, {@code commit}, {@code mode} and {@code
   * takeover}. Others are refused before it is called.
   *
   * @param scheme one of its schemes
   * @return the keys
   */
  default Set<String> optionKeys(String scheme) {
    return Set.of();
  }

  /**
   * Checks a location and the values of its keys without opening anything. Must not wait, and must
   * not ask the system. By default everything is well formed.
   *
   * @param location of one of its schemes
   * @param options as {@link #open} gets them
   * @throws IllegalArgumentException if a value is not allowed
   * @throws IOException the address type, of the kind invalid, if the location has another form
   */
  default void check(Endpoint location, ChannelOptions options) throws IOException {}

  /**
   * Opens the content of a pipe, and makes it if it is not there. At most one writer and one reader
   * have it open at a time. With {@code takeover=true} an earlier one gets the {@link
   * io.penstock.error.StorageException} of the kind fenced, and what it has appended without an
   * acknowledgement is dropped. Must not wait.
   *
   * @param location of one of its schemes, without options
   * @param options the keys. {@code capacity}, in bytes, bounds what is written and not yet
   *     {@linkplain PipeContent#release released}; {@code takeover} is {@code true} or absent.
   *     {@link ChannelOptions#direction()} is empty for a writer and a reader at once, output for a
   *     writer alone, input for a reader alone
   * @param context what the product lends to it
   * @return completes with the open content, or with the failure: the address type, of the kind
   *     in-use if there is another writer or reader
   * @throws IOException if the location cannot be used at all
   */
  CompletionStage<? extends PipeContent> open(
      Endpoint location, ChannelOptions options, PipeContext context) throws IOException;
}
