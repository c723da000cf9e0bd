// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

/** A driver that fetches its state from another core, and knows how long it can go on without. */
public interface Paced {
  /** How many bytes can be moved before the other side's state must be fetched anew. */
  long cached();
}
