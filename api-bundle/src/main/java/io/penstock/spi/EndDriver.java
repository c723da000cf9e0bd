// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The common part of drivers that become ready: how the product learns that another try is
 * worthwhile.
 *
 * <p>There are two ways, and a driver may use both. A driver that knows by itself calls the
 * callback of {@link #onReady}. A driver over a {@link SelectableChannel} in non-blocking mode
 * names that channel, and the product selects on it while a caller waits.
 *
 * <p>The product calls the moving method ({@code read}, {@code write}, {@code accept}) of one
 * driver from one thread at a time and with no lock held. {@link #close} and the other methods may
 * be called at any time from any thread. No method may wait.
 */
@ConsumerType
public interface EndDriver {
  /**
   * Whether the driver knows, without asking the operating system, that a try would not come back
   * with "nothing now": bytes that it holds, an end, a failure. A driver over a selectable channel
   * answers false when only the selector can tell.
   *
   * @return the level
   */
  boolean ready();

  /**
   * Gives the driver its callback, once, before anything else is called. After a try came back with
   * "nothing now" the driver must call it at least once as soon as another try is worthwhile, or
   * {@link SinkDriver#pending()} has fallen to 0; it may call it more often. The callback is quick
   * and never waits. The driver must hold no lock of its own when it calls it.
   *
   * @param ready the callback
   */
  void onReady(Runnable ready);

  /**
   * The channel to select on, in non-blocking mode.
   *
   * @return null for a driver that relies on its callback alone
   */
  default @Nullable SelectableChannel selectable() {
    return null;
  }

  /**
   * What to select for, as {@link java.nio.channels.SelectionKey} says; asked anew before each
   * wait, because a read may have to write first.
   *
   * @return the operations; 0 for a driver that relies on its callback alone
   */
  default int interest() {
    return 0;
  }

  /**
   * Releases this end. Idempotent. Callers never wait in the driver, so it has no thread to wake.
   *
   * @throws IOException if the transport refuses; the end counts as closed all the same
   */
  void close() throws IOException;
}
