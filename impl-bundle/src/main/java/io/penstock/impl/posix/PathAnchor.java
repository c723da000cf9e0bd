// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.spi.Anchor;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Holds a file or folder by a descriptor that was opened with {@code O_PATH}. */
public final class PathAnchor implements Anchor {
  private static final Path ITSELF = Path.of(".");

  private final Posix calls;
  private final int fd;
  private final Path path;
  private final AtomicBoolean closed = new AtomicBoolean();

  private PathAnchor(Posix calls, int fd) {
    this.calls = calls;
    this.fd = fd;
    this.path = Path.of("/proc/self/fd/" + fd);
  }

  /**
   * Holds a folder.
   *
   * @param calls makes native calls
   * @return empty if the kernel is older than 5.6, a filter forbids {@code openat2}, or there is no
   *     {@code /proc}
   * @throws IOException if the folder cannot be held
   */
  public static Optional<Anchor> of(Posix calls, Path folder) throws IOException {
    int fd = PathName.open(calls, folder, Linux.O_PATH);
    if (fd < 0) {
      throw failure(folder, fd);
    }
    int probe = PathName.hold(calls, fd, ITSELF);
    if (probe >= 0) {
      calls.close(probe);
    }
    PathAnchor anchor = new PathAnchor(calls, fd);
    if (probe == -Linux.ENOSYS || probe == -Linux.EPERM || !Files.exists(anchor.path)) {
      anchor.close();
      return Optional.empty();
    }
    if (probe < 0) {
      anchor.close();
      throw failure(folder, probe);
    }
    return Optional.of(anchor);
  }

  private static IOException failure(Path path, int result) {
    String name = path.toString();
    return switch (-result) {
      case Linux.ENOENT -> new NoSuchFileException(name);
      // A link on the way is no folder.
      case Linux.ENOTDIR, Linux.ELOOP -> new NotDirectoryException(name);
      case Linux.EACCES, Linux.EPERM, Linux.EXDEV -> new AccessDeniedException(name);
      default -> new FileSystemException(name, null, Linux.failure("openat2", result).getMessage());
    };
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Anchor below(Path relative) throws IOException {
    if (closed.get()) {
      throw new IllegalStateException("the anchor is closed");
    }
    int found = PathName.hold(calls, fd, relative);
    if (found < 0) {
      throw failure(relative, found);
    }
    return new PathAnchor(calls, found);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      calls.close(fd);
    }
  }
}
