// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

/** What a read may put back, which its driver goes on counting if it can. */
class LongRead {
  /** Whether the writer gets room while the read gathers. */
  final boolean frees;

  /** How many of the first bytes the driver does not count any more. */
  int loose;

  /** How many bytes were left in front of the driver when the last ones were taken from there. */
  int behind;

  LongRead(boolean frees) {
    this.frees = frees;
  }
}
