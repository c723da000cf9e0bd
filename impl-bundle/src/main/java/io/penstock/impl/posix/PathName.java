// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Paths as the system's calls take them. */
public final class PathName {
  /** As the JDK encodes them; a path that cannot be encoded is refused when it is made. */
  private static final Charset ENCODING = encoding();

  private PathName() {}

  private static Charset encoding() {
    String name = System.getProperty("sun.jnu.encoding", "UTF-8");
    return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
  }

  private static ByteBuffer memory(Path path) {
    ByteBuffer name = ENCODING.encode(path + "\0");
    return ByteBuffer.allocateDirect(name.remaining()).put(name);
  }

  /**
   * Opens a path; nobody inherits what is opened.
   *
   * @return the descriptor, or -errno
   */
  public static int open(Posix calls, Path path, int flags) {
    ByteBuffer name = memory(path);
    try {
      int result;
      do {
        result = calls.open(calls.address(name), flags | Linux.O_CLOEXEC, 0);
      } while (result == -Linux.EINTR);
      return result;
    } finally {
      Reference.reachabilityFence(name);
    }
  }

  /**
   * Holds what is below a folder, as {@link io.penstock.spi.Anchor#below} says.
   *
   * @return the descriptor, or -errno
   */
  static int hold(Posix calls, int folder, Path path) {
    ByteBuffer name = memory(path);
    ByteBuffer how =
        ByteBuffer.allocateDirect(3 * Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .putLong(0, Linux.O_PATH | Linux.O_NOFOLLOW | Linux.O_CLOEXEC)
            .putLong(
                2 * Long.BYTES,
                Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS | Linux.RESOLVE_NO_MAGICLINKS);
    try {
      int result;
      do {
        // The system says EAGAIN when folders were moved while it looked.
        result = calls.openat2(folder, calls.address(name), calls.address(how), how.capacity());
      } while (result == -Linux.EINTR || result == -Linux.EAGAIN);
      return result;
    } finally {
      Reference.reachabilityFence(name);
      Reference.reachabilityFence(how);
    }
  }

  /**
   * Makes a FIFO.
   *
   * @return 0, or -errno
   */
  public static int mkfifo(Posix calls, Path path, int mode) {
    ByteBuffer name = memory(path);
    return calls.with(name, at -> calls.mkfifo(at, mode));
  }
}
