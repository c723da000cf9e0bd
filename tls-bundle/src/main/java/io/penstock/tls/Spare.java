// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor kept for the moment when there are no others: loggers open files, too. Safe for use
 * by any thread.
 */
final class Spare {
  private static final Logger LOG = System.getLogger("io.penstock");

  private final AtomicReference<@Nullable SocketChannel> kept = new AtomicReference<>();

  /** Takes one, if there is one. */
  Spare() {
    try {
      // The JDK opens a pair of sockets when it closes one for the first time, and if it cannot it
      // never closes any again.
      SocketChannel.open().close();
      kept.set(SocketChannel.open());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "there is no descriptor to spare", e);
    }
  }

  /** Gives it back to the system, if it is still kept. */
  void release() {
    SocketChannel channel = kept.getAndSet(null);
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a spare descriptor could not be closed", e);
      }
    }
  }
}
