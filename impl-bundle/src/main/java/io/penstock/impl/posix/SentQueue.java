// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

/**
 * What the system has accepted for the peer of a connection and not sent yet. A reset takes it
 * back, which a close does not.
 */
public interface SentQueue {
  /**
   * Runs a task once, as soon as a reset would take nothing back, or the connection has gone.
   * Nothing can be waited for after the end was sent. From now on nothing more may be written.
   *
   * @param posix without native calls the last two KiB are not waited for
   * @param task runs on the thread that waits for all channels, so it must be quick
   */
  void whenEmpty(PosixAccess posix, Runnable task);
}
