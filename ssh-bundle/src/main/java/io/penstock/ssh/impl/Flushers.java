// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Field;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.session.helpers.KeyExchangeMessageHandler;

/**
 * The library's threads that send what has waited for new keys. They are of one pool for all
 * connections, which nobody stops, and stay for a minute after their work, and with them whatever
 * class loader they were started from. Told to go at once they outlive no connection.
 */
final class Flushers {
  private static final Logger LOG = System.getLogger("io.penstock");

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
