// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

/** A driver that keeps bytes in memory of its own, which is to be counted. */
public interface Counted {
  /** Grows with each byte that leaves the memory. */
  long progress();

  /** Gives back memory that holds no bytes. */
  void trim();

  /** Has memory counted from now on; called once, before anything is buffered. */
  void countTo(Account account);
}
