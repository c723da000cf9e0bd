// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds out what standard error is. Stateless. */
final class StandardError {
  private StandardError() {}

  /**
   * Whether what is written to standard error appears on a terminal. {@link System#console()} does
   * not tell: it asks about the other two streams.
   *
   * @return false where the system does not show its descriptors as files
   */
  static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
