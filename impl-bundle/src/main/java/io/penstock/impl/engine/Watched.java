// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

/** Owns a channel that a thread waits for by a lookout. */
public interface Watched {
  /** What messages call it. */
  String name();

  /** Whether it waits for its channel no more. */
  boolean isClosed();
}
