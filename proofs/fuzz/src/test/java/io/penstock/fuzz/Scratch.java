// SPDX-License-Identifier: Apache-2.0
package io.penstock.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder of one process for what a target needs on disk; removed when the process ends. */
public final class Scratch {
  private static final Path FOLDER = make();

  private Scratch() {}

  private static Path make() {
    try {
      Path folder = Files.createTempDirectory("penstock-fuzz");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> empty(folder, true)));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A path in the folder; there is nothing yet. */
  public static Path path(String name) {
    return FOLDER.resolve(name);
  }

  /** Removes all that is below a folder, without following links. */
  public static void empty(Path folder, boolean itself) {
    try (Stream<Path> all = Files.walk(folder)) {
      List<Path> deepest = all.sorted(Comparator.reverseOrder()).toList();
      for (Path each : deepest) {
        if (itself || !each.equals(folder)) {
          Files.deleteIfExists(each);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
