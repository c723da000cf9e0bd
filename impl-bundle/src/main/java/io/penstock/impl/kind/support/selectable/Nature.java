// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.impl.posix.FileKind;
import io.penstock.impl.posix.Posix;
import java.io.IOException;

/**
 * What a descriptor's driver has to know of it, because the system tells it in another way or not
 * at all.
 *
 * @param pipe it has a buffer of a pipe
 * @param selectable false for a file, which is always ready
 * @param hungUp the last writer had left before it was opened: no selector says so
 * @param awaited it was opened before its writer was there, and until that one comes a read finds
 *     an end that is none
 */
public record Nature(boolean pipe, boolean selectable, boolean hungUp, boolean awaited) {
  /** A terminal, or a device that can be waited for. */
  public static final Nature SELECTABLE = new Nature(false, true, false, false);

  /** A file, or a device that is always ready. */
  public static final Nature ALWAYS_READY = new Nature(false, false, false, false);

  /** A pipe. */
  public static final Nature PIPE = new Nature(true, true, false, false);

  /** A pipe whose last writer had left. */
  public static final Nature HUNG_UP = new Nature(true, true, true, false);

  /** A FIFO whose first writer may be to come. */
  public static final Nature AWAITED = new Nature(true, true, false, true);

  /**
   * Looks at a descriptor that is no socket. To be done before it is opened once more: then nobody
   * tells any more that the last writer had left.
   *
   * @throws IOException if the system does not tell
   */
  public static Nature of(Posix calls, int fd) throws IOException {
    if (FileKind.of(fd) == FileKind.FIFO) {
      return FileKind.isHungUp(calls, fd) ? HUNG_UP : PIPE;
    }
    return FileKind.isSelectable(calls, fd) ? SELECTABLE : ALWAYS_READY;
  }
}
