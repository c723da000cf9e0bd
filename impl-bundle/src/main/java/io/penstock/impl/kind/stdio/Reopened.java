// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Opens what standard input or output is once more, where that is the same thing: a FIFO, a
 * terminal, a device. What was opened can be closed, which ends a wait for it, while the process
 * keeps its descriptor; and it waits even if somebody has put the shared one into non-blocking
 * mode. A regular file opened again would have an offset of its own, and a socket cannot be opened.
 */
final class Reopened {
  private static final Logger LOG = Messages.log("stdio");
  private static final int TYPE = 0170000;
  private static final int FIFO = 0010000;
  private static final int CHARACTER_DEVICE = 0020000;

  private Reopened() {}

  /**
   * Opens a descriptor of this process once more.
   *
   * @param number 0 or 1
   * @param way to read or to write
   * @return null where it must be used as it is
   */
  static @Nullable FileChannel open(int number, StandardOpenOption way) {
    Path path = Path.of("/proc/self/fd/" + number);
    try {
      int type = (Integer) Files.getAttribute(path, "unix:mode") & TYPE;
      if (type == CHARACTER_DEVICE) {
        return FileChannel.open(path, way);
      }
      if (type == FIFO) {
        return openFifo(path, way);
      }
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      LOG.log(
          Level.DEBUG, "descriptor " + number + " cannot be opened again, using it as it is", e);
    }
    return null;
  }

  private static FileChannel openFifo(Path path, OpenOption way) throws IOException {
    if (Files.readSymbolicLink(path).toString().startsWith("pipe:")) {
      return FileChannel.open(path, way);
    }
    // Opening one with a name waits for its other end, which may have gone already. Opened for both
    // it never waits, and then neither does the opening that counts.
    FileChannel both = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      return FileChannel.open(path, way);
    } finally {
      both.close();
    }
  }
}
