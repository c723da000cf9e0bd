// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** Starts the threads that wait where nothing but a thread can wait. */
public final class Daemons {
  private static final Logger LOG = Messages.log("kind");

  private Daemons() {}

  /** Starts a daemon that keeps alive neither the process nor the bundle that happened to ask. */
  public static Thread start(String name, Runnable task) {
    Thread thread = new Thread(null, task, name, 0, false);
    thread.setDaemon(true);
    // Not our own: the JDK's threads for children inherit it and outlive the bundle.
    thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
    thread.setUncaughtExceptionHandler(
        (dead, failure) -> LOG.log(Level.ERROR, dead.getName() + " died of a fault", failure));
    thread.start();
    return thread;
  }
}
