// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds out what a standard stream is. Stateless. */
final class StandardStream {
  static final int OUT = 1;
  static final int ERR = 2;

  private StandardStream() {}

  /**
   * Whether what is written to a standard stream appears on a terminal. {@link System#console()}
   * does not tell: it asks about others at the same time.
   *
   * @param number of its descriptor
   * @return false where the system does not show its descriptors as files
   */
  static boolean isTerminal(int number) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + number)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
