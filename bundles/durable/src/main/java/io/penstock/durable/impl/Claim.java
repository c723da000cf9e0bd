// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.error.AddressException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Says that this process has a file, before it is opened. The system's lock does not suffice within
 * a process: by POSIX, closing any descriptor of a file gives up all locks that the process has on
 * it. A second opening, tried in vain, would take the lock from the writer of the file, and another
 * process could open it.
 *
 * <p>For one thread at a time; what all of them have is safe for use by any thread.
 */
final class Claim implements AutoCloseable {
  private static final Set<Object> TAKEN = ConcurrentHashMap.newKeySet();

  private final String shown;
  private final Set<Object> mine = new HashSet<>();
  private @Nullable Object file;

  /** Has nothing yet. */
  Claim(String shown) {
    this.shown = shown;
  }

  /**
   * Takes the place of a file, which need not be there: nobody else may make it meanwhile, because
   * making it opens and closes it.
   */
  void takePlace(Path path) throws IOException {
    take(real(path));
  }

  /** Takes the file that is there, whatever its names are. */
  void takeFile(Path path) throws IOException {
    Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    // Some systems have none. There a lock does not go with another descriptor, either.
    if (key != null) {
      take(key);
      file = key;
    }
  }

  /**
   * Gives the file back, and keeps its place. For the moment before it is closed: when it was
   * removed, the system may give its number to another one as soon as it is closed.
   */
  void leaveFile() {
    Object key = file;
    file = null;
    if (key != null) {
      TAKEN.remove(key);
      mine.remove(key);
    }
  }

  private void take(Object key) throws IOException {
    if (!TAKEN.add(key)) {
      throw new AddressException(
          AddressException.Kind.IN_USE,
          shown,
          "this process has it already, in another Penstock or by another path; only when that has"
              + " let go can it be opened",
          null);
    }
    mine.add(key);
  }

  private static Path real(Path path) throws IOException {
    try {
      return path.toRealPath();
    } catch (NoSuchFileException e) {
      Path folder = path.getParent();
      Path name = path.getFileName();
      return folder != null && name != null && Files.isDirectory(folder)
          ? folder.toRealPath().resolve(name)
          : path;
    }
  }

  /** Gives back what was taken. Idempotent. */
  @Override
  public void close() {
    TAKEN.removeAll(mine);
    mine.clear();
  }
}
