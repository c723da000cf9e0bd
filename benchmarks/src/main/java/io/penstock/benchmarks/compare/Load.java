// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

/** Work that is repeated. */
interface Load {
  /**
   * Does some work.
   *
   * @return how many operations
   */
  int batch() throws Exception;

  /** Ends it, and checks that all of it was done. */
  void end() throws Exception;
}
