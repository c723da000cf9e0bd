// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

import java.io.IOException;

/** Hands immutable arrays of 8 KiB from one thread to another. */
public interface HandOver extends AutoCloseable {
  /** The bytes of one array. */
  int SIZE = 8 * 1024;

  /** How many arrays are on their way at most: 64 KiB. */
  int SLOTS = Shape.BUFFER / SIZE;

  /** Hands one over; waits for room. */
  void give() throws Exception;

  /**
   * Takes the next; waits for it.
   *
   * @return how many bytes it has; -1 at the end
   */
  int take() throws Exception;

  /** Gives no more. Called by the giving thread, or after it. */
  void end() throws Exception;

  @Override
  default void close() throws IOException {}
}
