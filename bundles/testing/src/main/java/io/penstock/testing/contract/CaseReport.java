// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Which cases ran and which were skipped, by kind, as a run of the suites leaves it in a folder. A
 * build compares it with a file that is checked in, so that no case is skipped unseen.
 */
public final class CaseReport {
  private static final ReentrantLock LOCK = new ReentrantLock();
  // What this JVM has written to each file.
  private static final Map<Path, Set<String>> WRITTEN = new HashMap<>();

  private final SortedSet<String> ran;
  private final SortedSet<String> skipped;

  private CaseReport(SortedSet<String> ran, SortedSet<String> skipped) {
    this.ran = ran;
    this.skipped = skipped;
  }

  static void ran(Path folder, String kind, String name) {
    write(folder, kind, "ran " + kind + " | " + name);
  }

  static void skipped(Path folder, String kind, String name, String reason) {
    write(folder, kind, "skipped " + kind + " | " + name + " | " + reason);
  }

  private static void write(Path folder, String kind, String line) {
    LOCK.lock();
    try {
      // A case of a class of its own has no kind. A build may run tests in several JVMs at a time.
      String name = (kind.equals("-") ? "no-kind" : kind) + "@" + ProcessHandle.current().pid();
      Path file = folder.resolve(name + ".txt").toAbsolutePath();
      Set<String> written = WRITTEN.get(file);
      if (written == null) {
        Files.createDirectories(folder);
        Files.deleteIfExists(file);
        written = new HashSet<>();
        WRITTEN.put(file, written);
      }
      if (written.add(line)) {
        Files.writeString(
            file,
            line + "\n",
            StandardCharsets.UTF_8,
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the case report cannot be written to " + folder, e);
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * Reads what a run has left. Each JVM writes files of its own, so that a build may run the suites
   * in several at a time: it empties the folder before.
   *
   * @param folder as the configuration parameter {@code io.penstock.testing.report} named it
   * @return the report
   * @throws IOException if it cannot be read
   */
  public static CaseReport read(Path folder) throws IOException {
    SortedSet<String> ran = new TreeSet<>();
    SortedSet<String> skipped = new TreeSet<>();
    List<Path> files;
    try (Stream<Path> list = Files.list(folder)) {
      files = list.toList();
    }
    for (Path file : files) {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith("ran ")) {
          ran.add(line.substring(4));
        } else if (line.startsWith("skipped ")) {
          skipped.add(line.substring(8));
        } else {
          throw new IOException(file + " has a line that is no record: " + line);
        }
      }
    }
    return new CaseReport(ran, skipped);
  }

  /**
   * The cases that ran and succeeded.
   *
   * @return {@code KIND | CLASS#METHOD}, sorted; a dash for a case that belongs to no kind
   */
  public SortedSet<String> ran() {
    return new TreeSet<>(ran);
  }

  /**
   * The cases that were skipped.
   *
   * @return {@code KIND | CLASS#METHOD | REASON}, sorted
   */
  public SortedSet<String> skipped() {
    return new TreeSet<>(skipped);
  }

  /**
   * Compares the skipped cases with a file.
   *
   * @param expected a line for each, as {@link #skipped()} gives them; lines that begin with # and
   *     empty ones are passed over
   * @throws AssertionError naming what was skipped and is not in the file, and the other way round
   * @throws IOException if the file cannot be read
   */
  public void compareSkipped(Path expected) throws IOException {
    SortedSet<String> listed = new TreeSet<>();
    for (String line : Files.readAllLines(expected)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        listed.add(line.strip());
      }
    }
    SortedSet<String> unlisted = skipped();
    unlisted.removeAll(listed);
    SortedSet<String> notSkipped = new TreeSet<>(listed);
    notSkipped.removeAll(skipped);
    if (!unlisted.isEmpty() || !notSkipped.isEmpty()) {
      StringBuilder text = new StringBuilder(expected.getFileName() + " differs from the run");
      unlisted.forEach(line -> text.append("\n  skipped, not listed: ").append(line));
      notSkipped.forEach(line -> text.append("\n  listed, not skipped: ").append(line));
      throw new AssertionError(text.toString());
    }
  }
}
