// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.peer;

/**
 * How a conduit is made.
 *
 * @param chunk bytes of a write, and of the reader's buffer
 * @param buffer bytes that may be on their way
 * @param users what Penstock is told of its threads
 * @param direct whether Penstock keeps copies in direct memory
 */
public record Shape(int chunk, int buffer, Users users, boolean direct) {
  /** What Penstock is told of how many threads use each end. */
  public enum Users {
    /** Nothing: any number. */
    DEFAULT,
    /** One writer and one reader. */
    ONE
  }

  /** The buffer that the gates are about. */
  public static final int BUFFER = 64 * 1024;

  /** With all else as the gates have it. */
  public static Shape of(int chunk) {
    return new Shape(chunk, BUFFER, Users.DEFAULT, false);
  }

  /**
   * How many chunks the buffer has room for, for a queue of chunks; two at least, so that its
   * writer need not stand still while the reader copies.
   */
  int slots() {
    return Math.max(2, buffer / chunk);
  }
}
