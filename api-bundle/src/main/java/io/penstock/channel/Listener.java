// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A bound address that accepts channels. Safe for use by any thread. Parity YA-18, YA-23, UV-03,
 * UV-04, UV-06.
 */
@ProviderType
public interface Listener extends AutoCloseable {
  /**
   * A label for errors and logs.
   *
   * @return the name that was asked for, otherwise {@link Endpoint#name()}
   */
  String name();

  /**
   * The endpoint where it listens.
   *
   * @return the endpoint as asked for, with the real port in place of 0
   */
  Endpoint endpoint();

  /**
   * Accepts the next channel, which the caller must close. When the system has no descriptors left,
   * peers wait in the backlog as they do while paused. The log says so once, and accepting
   * continues by itself when there are descriptors again.
   *
   * @param wait how long
   * @return a connected channel
   * @throws io.penstock.error.WouldBlockException if told not to wait and no peer is there, or
   *     while paused
   * @throws io.penstock.error.StreamTimeoutException if the limit passed
   * @throws io.penstock.error.StreamClosedException after {@link #close()}; its waiting form when
   *     closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException if accepting failed; the listener goes on
   */
  Channel accept(Wait wait) throws IOException;

  /** Stops accepting: peers wait in the backlog. Idempotent. */
  void pause();

  /** Accepts again. Idempotent. */
  void resume();

  /**
   * Set while an accept would not wait, and from the close on.
   *
   * @return the signal, always the same
   */
  Signal acceptable();

  /**
   * Gives an additional interface that this kind offers.
   *
   * @param type the interface of the facet, such as {@link DescriptorFacet}
   * @param <T> the facet
   * @return empty where this kind does not have it
   */
  <T> Optional<T> facet(Class<T> type);

  /**
   * Whether it still listens.
   *
   * @return false after {@link #close()}
   */
  boolean isOpen();

  /**
   * Whether everything is released.
   *
   * @return completes after {@link #close()}
   */
  CompletionStage<Void> closed();

  /** Gives the address back; accepted channels stay open. Waiting callers are woken. Idempotent. */
  @Override
  void close() throws IOException;
}
