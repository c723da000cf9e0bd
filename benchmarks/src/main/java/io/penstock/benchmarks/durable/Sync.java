// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.util.Locale;

/** What a record has survived when it is acknowledged. */
enum Sync {
  /** A loss of power; each record waits for the disk by itself. */
  EACH,
  /** A loss of power; records share a wait for the disk. */
  GROUP,
  /** The kill of the process. */
  NONE;

  /** As Penstock has it in its options, and the report in its titles. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
