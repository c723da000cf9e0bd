// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The memory in which a driver keeps bytes of one connection, counted against the limits of the
 * product. When a limit is reached, reading pauses; after a moment the connections that have held
 * most for longest are cut. A connection that lets go of as much as it holds from one moment to the
 * next is not slow. Safe for use by any thread; nothing waits.
 *
 * <p>What is borrowed and given back within one call need not be counted.
 */
@ProviderType
public interface Memory extends AutoCloseable {
  /**
   * How many bytes should be taken into memory at once. What is in the way of all others, such as
   * the rest of a packet, may be taken all the same.
   *
   * @param most how many there would be otherwise
   * @return fewer while memory is scarce; 0 when there is none, until {@link #whenRoom} tells
   */
  int piece(int most);

  /**
   * Runs a task once, on a thread of the product's, when there may be memory again.
   *
   * @param task finds out by {@link #piece}
   */
  void whenRoom(Runnable task);

  /**
   * Counts memory that is held from now on, or that was let go.
   *
   * @param bytes how much more is held than before; below zero, how much less
   * @param direct whether it is outside the heap
   */
  void count(long bytes, boolean direct);

  /** Counts everything as let go, also what is held from now on. */
  @Override
  void close();
}
