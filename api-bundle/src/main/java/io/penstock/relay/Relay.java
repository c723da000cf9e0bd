// SPDX-License-Identifier: Apache-2.0
package io.penstock.relay;

import io.penstock.channel.Listener;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Copies bytes from one endpoint to another and back, and passes on half-close, failure and
 * back-pressure.
 *
 * <p>It ends when both directions have ended, or at once when one side as a whole has gone and its
 * output was delivered. The first failure decides the outcome. The other side is then aborted, so
 * that a cut stream is never taken for a whole one. Safe for use by any thread.
 */
@ProviderType
public interface Relay extends AutoCloseable {
  /**
   * A label for errors and logs.
   *
   * @return the name
   */
  String name();

  /**
   * The listeners of the sides that listen. They are bound before {@link #start()}.
   *
   * @return FROM's before TO's; unmodifiable, possibly empty
   */
  List<Listener> listeners();

  /** Begins to connect, accept and copy. Idempotent; never waits. */
  void start();

  /**
   * The outcome.
   *
   * @return completes normally when the relay has ended or was closed, and with {@link
   *     RelayException} when it failed; a relay that forks completes only when it is closed or its
   *     listener fails
   */
  CompletionStage<Void> completed();

  /**
   * How many bytes went from FROM to TO so far, over all connections. They count once they were
   * written, so TO may have them, and answer, a moment sooner.
   *
   * @return bytes
   */
  long forwarded();

  /**
   * How many bytes went from TO to FROM so far, over all connections. They count once they were
   * written, so FROM may have them a moment sooner.
   *
   * @return bytes
   */
  long returned();

  /**
   * How many connections are being relayed now.
   *
   * @return 0 or 1 unless it forks
   */
  int active();

  /** Stops: listeners are closed and connections in progress aborted. Idempotent. */
  @Override
  void close();
}
