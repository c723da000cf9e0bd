// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Finds the paths that the system has for what channels have opened. The JDK does not tell the
 * numbers of its descriptors, but it sets their positions, and the system tells those by number: so
 * a random position, set twice, shows which one it is. Safe for use by any thread.
 */
final class Numbers {
  private static final Path OPENED = Path.of("/proc/self/fd");
  private static final Path TOLD = Path.of("/proc/self/fdinfo");
  private static final int ATTEMPTS = 4;

  /** Every file system takes positions up to this one. */
  private static final long MAX_POSITION = 1L << 31;

  /** Where one was found: the next is often there, or near. */
  private static final AtomicInteger HINT = new AtomicInteger();

  private static final int NEAR = 3;

  private Numbers() {}

  /** Whether the system tells positions. */
  static boolean areKnown() {
    return Files.isDirectory(TOLD) && Files.isDirectory(OPENED);
  }

  /**
   * A path to the file that a channel has opened; valid until the channel is closed.
   *
   * @param channel its position must not be in use
   */
  static Path path(SeekableByteChannel channel) throws IOException {
    for (int i = 0; i < ATTEMPTS; i++) {
      long mark = mark(channel);
      int found = find(mark);
      // Checks with a second mark, because another file may have the first position by chance.
      if (found >= 0 && isAt(found, mark(channel))) {
        HINT.set(found);
        return OPENED.resolve(Integer.toString(found));
      }
    }
    throw new IOException("the system does not tell which descriptor a channel has");
  }

  private static long mark(SeekableByteChannel channel) throws IOException {
    long mark = ThreadLocalRandom.current().nextLong(1, MAX_POSITION);
    channel.position(mark);
    return mark;
  }

  private static int find(long mark) throws IOException {
    int hint = HINT.get();
    for (int each = Math.max(0, hint - NEAR); each <= hint + NEAR; each++) {
      if (isAt(each, mark)) {
        return each;
      }
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(TOLD)) {
      for (Path each : all) {
        int number = Integer.parseInt(each.getFileName().toString());
        if (isAt(number, mark)) {
          return number;
        }
      }
    }
    return -1;
  }

  private static boolean isAt(int number, long mark) {
    try {
      String told =
          Files.readString(TOLD.resolve(Integer.toString(number)), StandardCharsets.ISO_8859_1);
      return told.startsWith("pos:\t" + mark + "\n");
    } catch (IOException e) {
      // Closed meanwhile, so it is another.
      return false;
    }
  }
}
