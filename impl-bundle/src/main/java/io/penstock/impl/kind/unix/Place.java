// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.PathName;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SocketName;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A path as a socket's address can hold it. One that is too long for that is reached through a
 * descriptor, which is to be closed when the path was used.
 */
final class Place implements Closeable {
  private static final String DESCRIPTORS = "/proc/self/fd/";

  private final Path name;
  private final @Nullable Posix calls;
  private final int fd;

  private Place(Path name, @Nullable Posix calls, int fd) {
    this.name = name;
    this.calls = calls;
    this.fd = fd;
  }

  /** Where somebody listens. */
  static Place ofSocket(String shown, Path path, @Nullable Posix calls) throws IOException {
    return isPlain(path, calls)
        ? plain(path)
        : through(held(shown, path, path, calls), null, calls);
  }

  /** Where nothing is yet, below a folder that is there. */
  static Place below(String shown, Path path, @Nullable Posix calls) throws IOException {
    Path parent = path.getParent();
    if (isPlain(path, calls) || parent == null) {
      return plain(path);
    }
    return through(held(shown, path, parent, calls), path.getFileName(), calls);
  }

  /** Whether every JDK takes it; some take a byte less than the system. */
  static boolean isShort(Path path) {
    return bytes(path) < SocketName.MAX_NAME_BYTES;
  }

  private static boolean isPlain(Path path, @Nullable Posix calls) {
    return isShort(path) || (calls == null && bytes(path) == SocketName.MAX_NAME_BYTES);
  }

  private static int bytes(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length;
  }

  /** For an address that is no path. */
  static Place none() {
    return plain(Path.of(""));
  }

  private static Place plain(Path path) {
    return new Place(path, null, -1);
  }

  private static int held(String shown, Path path, Path held, @Nullable Posix calls)
      throws IOException {
    if (calls == null) {
      throw new AddressException(
          Kind.NAME_TOO_LONG,
          shown,
          "a socket's path has at most "
              + SocketName.MAX_NAME_BYTES
              + " bytes without native calls, this one has "
              + bytes(path),
          null);
    }
    return Linux.check("open", PathName.open(calls, held, Linux.O_PATH));
  }

  private static Place through(int fd, @Nullable Path name, @Nullable Posix calls) {
    Path held = Path.of(DESCRIPTORS + fd);
    return new Place(name == null ? held : held.resolve(name), calls, fd);
  }

  /** What the system is given. */
  Path name() {
    return name;
  }

  /** The same place, under another name. */
  Path sibling(String other) {
    return name.resolveSibling(other);
  }

  @Override
  public void close() {
    if (calls != null) {
      calls.close(fd);
    }
  }
}
