// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

/**
 * What the system has accepted for the peer of a connection and not sent yet. A reset drops these
 * bytes. A close does not.
 */
public interface SentQueue {
  /**
   * Runs a task once, as soon as the system has sent everything, or the connection has gone. After
   * the end was sent the task runs at once. From now on nothing more may be written.
   *
   * @param posix makes the native calls; without them the last two KiB are not waited for
   * @param task must be quick, because it may run on the thread that waits for all channels
   */
  void whenEmpty(PosixAccess posix, Runnable task);
}
