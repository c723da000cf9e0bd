// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What OpenSSH asks of the owners and permissions of its files. Where the file system has none,
 * nothing is asked.
 */
public final class StrictModes {
  /** The option that switches it off. */
  public static final String KEY = "strict-modes";

  private static final int FILE_TYPE = 0170000;
  private static final int REGULAR = 0100000;
  private static final int STICKY = 01000;
  private static final int OTHERS = 077;
  private static final int OTHERS_WRITE = 022;
  private static final int NOBODY_KNOWN = -1;
  private static final String CURE = ", or " + KEY + "=false";

  /** Our user in the system. */
  private static final int OURSELVES = ourselves();

  private StrictModes() {}

  /** What the system says of a file. */
  private record Status(int owner, int mode) {
    boolean trusted() {
      return owner == 0 || OURSELVES == NOBODY_KNOWN || owner == OURSELVES;
    }

    String octal() {
      return String.format("%04o", mode & ~FILE_TYPE);
    }
  }

  private static int ourselves() {
    try {
      Status process = status(Path.of("/proc/self"));
      return process == null ? NOBODY_KNOWN : process.owner();
    } catch (IOException | RuntimeException e) {
      // A system of another kind.
      return NOBODY_KNOWN;
    }
  }

  private static @Nullable Status status(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return null;
    }
    return new Status(number(file, "unix:uid"), number(file, "unix:mode"));
  }

  private static int number(Path file, String attribute) throws IOException {
    return Files.getAttribute(file, attribute) instanceof Integer found ? found : 0;
  }

  /**
   * Refuses a private key of ours that others may read. Another owner has his reasons.
   *
   * @throws IOException if it is refused, or cannot be looked at
   */
  public static void requirePrivate(Path file) throws IOException {
    Status found = status(file);
    if (found != null
        && (OURSELVES == NOBODY_KNOWN || found.owner() == OURSELVES)
        && (found.mode() & OTHERS) != 0) {
      throw new IOException(
          "its permissions "
              + found.octal()
              + " are too open for a private key; expected 0600"
              + CURE);
    }
  }

  /**
   * Refuses a file that other users may change or replace. The file and the folders above it, up to
   * the user's home, must belong to us or to root, and no other user may write to them. Other users
   * may write to a folder such as {@code /tmp}, in which no user may move the files of others.
   *
   * @throws IOException if it is refused, or cannot be looked at
   */
  public static void requireUnchangeable(Path file) throws IOException {
    Path real = file.toRealPath();
    Status found = status(real);
    if (found == null) {
      return;
    }
    if ((found.mode() & FILE_TYPE) != REGULAR) {
      throw new IOException("it is not a regular file; expected one" + CURE);
    }
    check("it", found, OTHERS_WRITE);
    Path home = Path.of(System.getProperty("user.home", "")).toAbsolutePath();
    for (Path folder = real.getParent(); folder != null; folder = folder.getParent()) {
      Status above = status(folder);
      if (above == null) {
        return;
      }
      check("the folder " + folder, above, (above.mode() & STICKY) == 0 ? OTHERS_WRITE : 0);
      if (Files.exists(home) && Files.isSameFile(folder, home)) {
        return;
      }
    }
  }

  private static void check(String what, Status found, int forbidden) throws IOException {
    if (!found.trusted()) {
      throw new IOException(
          what + " belongs to another user; expected the user that runs this, or root" + CURE);
    }
    if ((found.mode() & forbidden) != 0) {
      throw new IOException(
          "others may write to "
              + what
              + ", with the permissions "
              + found.octal()
              + "; expected them not to (chmod go-w)"
              + CURE);
    }
  }
}
