// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

/** What came of asking whether a node is alive. */
public enum Answer {
  /** The node has answered, after it was asked. */
  ALIVE,

  /** The registry says that no container of that name is connected to it. */
  NO_RESPONDERS,

  /** Neither came within the limit. */
  NO_ANSWER
}
