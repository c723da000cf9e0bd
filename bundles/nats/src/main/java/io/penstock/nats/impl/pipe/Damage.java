// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.penstock.error.StorageException;
import io.penstock.error.StorageException.Kind;

/** What a reader is told of records that are missing or corrupt. */
final class Damage {
  private Damage() {}

  /**
   * Bytes are missing.
   *
   * @param next the position of the next ones; -1 if there are none yet
   */
  static StorageException missing(PipeSettings settings, long from, long next) {
    return corrupt(
        settings,
        "the bytes from position "
            + from
            + " are missing"
            + (next < 0
                ? " on the servers, and there are none behind them"
                : "; the next ones are at position " + next),
        from);
  }

  /**
   * A record is not what was written.
   *
   * @param next the position of the next one; -1 if that is not known
   */
  static StorageException corrupt(PipeSettings settings, long at, long sequence, long next) {
    return corrupt(
        settings,
        "the record at position "
            + at
            + ", message "
            + sequence
            + ", is corrupt"
            + (next < 0 ? "" : "; the next one is at position " + next),
        at);
  }

  private static StorageException corrupt(PipeSettings settings, String what, long at) {
    return new StorageException(Kind.CORRUPT, settings.shown(), what, at, null);
  }
}
