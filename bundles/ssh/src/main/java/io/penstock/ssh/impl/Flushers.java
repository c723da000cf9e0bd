// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Field;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.session.helpers.KeyExchangeMessageHandler;

/**
 * The library's threads that send what has waited for new keys. They belong to one pool for all
 * connections, which is never stopped. They stay for a minute after their work, and with them the
 * class loader that they were started from. With a keep-alive time of zero they outlive no
 * connection.
 */
final class Flushers {
  private static final Logger LOG = Messages.log("ssh");

  private Flushers() {}

  static void goAtOnce() {
    try {
      Field pool = KeyExchangeMessageHandler.class.getDeclaredField("flushRunner");
      pool.setAccessible(true);
      if (pool.get(null) instanceof ThreadPoolExecutor threads) {
        threads.setKeepAliveTime(0, TimeUnit.NANOSECONDS);
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.log(Level.DEBUG, "threads named kex-flusher stay for a minute", e);
    }
  }
}
