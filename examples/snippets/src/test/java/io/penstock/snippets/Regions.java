// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The pieces of sources that pages show: the lines between {@code // snippet: NAME} and {@code //
 * end of snippet}.
 */
final class Regions {
  private static final String START = "// snippet: ";
  private static final String END = "// end of snippet";
  private static final Set<String> NO_SOURCES = Set.of("target", ".git", "docs", "site");

  private Regions() {}

  /** All of them, by name, without the indentation that all lines have in common. */
  static Map<String, List<String>> below(Path root) throws IOException {
    Map<String, List<String>> found = new TreeMap<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return !folder.equals(root) && NO_SOURCES.contains(folder.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (file.toString().endsWith(".java")) {
              of(file.toString(), Files.readAllLines(file), found);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return found;
  }

  /** Adds those of one file. */
  static void of(String file, List<String> lines, Map<String, List<String>> found) {
    String name = null;
    List<String> region = new ArrayList<>();
    for (String line : lines) {
      String bare = line.strip();
      if (bare.startsWith(START)) {
        check(name == null, file, "the region " + name + " has no end before the next begins");
        name = bare.substring(START.length());
      } else if (bare.equals(END)) {
        check(name != null, file, "an end without a region");
        List<String> before = found.put(name, outdented(region));
        check(before == null, file, "the region " + name + " is there twice");
        name = null;
        region = new ArrayList<>();
      } else if (name != null) {
        region.add(line);
      }
    }
    check(name == null, file, "the region " + name + " has no end");
  }

  private static List<String> outdented(List<String> lines) {
    String whole = String.join("\n", lines).stripTrailing();
    return whole.stripIndent().lines().toList();
  }

  private static void check(boolean right, String file, String what) {
    if (!right) {
      throw new IllegalStateException(file + ": " + what);
    }
  }
}
