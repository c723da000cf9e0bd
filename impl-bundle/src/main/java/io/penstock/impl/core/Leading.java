// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

/**
 * What is told before the outcome of any asynchronous write, as a channel's connection is. No
 * method may wait.
 */
public interface Leading {
  /** Whether no waiter was told yet, and a thread is about to tell. */
  boolean comes();

  /** Whether a thread is about to tell, or is just telling. */
  boolean tells();
}
