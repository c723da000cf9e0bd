// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SocketName;
import io.penstock.impl.posix.SocketNumber;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Binds a socket that has its permissions before anybody can connect. The JDK listens as soon as it
 * binds. With native calls the socket is told its permissions before that. Without them it is bound
 * in a folder that only our user can enter, and then shown under its own path.
 */
final class HiddenSocket {
  private static final Logger LOG = Messages.log("unix");
  private static final FileAttribute<Set<PosixFilePermission>> OURS =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final String NAME = "s";

  /** What comes after the parent: two separators, a dot in front, the socket's name. */
  private static final int AROUND = 4;

  /** A byte less than the system takes, as the JDK has it. */
  private static final int MAX_BYTES = SocketName.MAX_NAME_BYTES - 1;

  private static final int MAX_RANDOM = 8;
  private static final int ATTEMPTS = 20;

  private HiddenSocket() {}

  /**
   * Binds and listens.
   *
   * @return what tells the socket's file from another
   * @throws AddressException if something is at the path
   */
  static @Nullable Object bind(
      ServerSocketChannel server,
      String shown,
      Path path,
      int backlog,
      Set<PosixFilePermission> mode,
      @Nullable Posix calls)
      throws IOException {
    if (calls != null && tell(server, calls, mode)) {
      try (Place place = Place.below(shown, path, calls)) {
        if (Place.isShort(place.name())) {
          return open(server, place.name(), path, backlog, mode);
        }
        // Even the name alone does not fit beside the number of its folder.
        Path other = place.sibling("." + random(MAX_RANDOM));
        try {
          server.bind(UnixDomainSocketAddress.of(other), backlog);
          return show(other, path, shown, mode);
        } finally {
          Files.deleteIfExists(other);
        }
      }
    }
    if (!Place.isShort(path)) {
      Place.below(shown, path, null).close();
    }
    return hide(server, shown, path, backlog, mode);
  }

  /** What the system masks out of these permissions is added when the file is there. */
  private static boolean tell(
      ServerSocketChannel server, Posix calls, Set<PosixFilePermission> mode) {
    String letters = PosixFilePermissions.toString(mode);
    int bits = 0;
    for (int i = 0; i < letters.length(); i++) {
      bits = 2 * bits + (letters.charAt(i) == '-' ? 0 : 1);
    }
    int permissions = bits;
    try (Descriptor socket = SocketNumber.unbound(server, calls)) {
      Linux.check("fchmod", socket.call(fd -> calls.call("fchmod", fd, permissions)));
      return true;
    } catch (IOException | UnsatisfiedLinkError e) {
      LOG.log(Level.DEBUG, "a socket is hidden until it has its permissions", e);
      return false;
    }
  }

  private static @Nullable Object open(
      ServerSocketChannel server, Path name, Path path, int backlog, Set<PosixFilePermission> mode)
      throws IOException {
    server.bind(UnixDomainSocketAddress.of(name), backlog);
    Object identity = UnixProvider.identity(path);
    try {
      if (!Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS).equals(mode)) {
        Files.setPosixFilePermissions(path, mode);
      }
      return identity;
    } catch (IOException | RuntimeException | Error e) {
      UnixProvider.unlink(path, identity);
      throw e;
    }
  }

  private static @Nullable Object hide(
      ServerSocketChannel server,
      String shown,
      Path path,
      int backlog,
      Set<PosixFilePermission> mode)
      throws IOException {
    Path parent = path.getParent();
    int bytes = parent == null ? 0 : parent.toString().getBytes(StandardCharsets.UTF_8).length;
    if (MAX_BYTES - bytes - AROUND > 0) {
      return hide(server, shown, path, backlog, mode, path);
    }
    // A link to the parent has a shorter path.
    Path detour = Files.createTempDirectory("", OURS);
    Path link = detour.resolve("p");
    try {
      Files.createSymbolicLink(link, Objects.requireNonNull(parent).toAbsolutePath());
      return hide(server, shown, path, backlog, mode, link.resolve(NAME));
    } finally {
      Files.deleteIfExists(link);
      Files.delete(detour);
    }
  }

  private static @Nullable Object hide(
      ServerSocketChannel server,
      String shown,
      Path path,
      int backlog,
      Set<PosixFilePermission> mode,
      Path beside)
      throws IOException {
    Path folder = folder(shown, beside);
    Path hidden = folder.resolve(NAME);
    try {
      server.bind(UnixDomainSocketAddress.of(hidden), backlog);
      return show(hidden, path, shown, mode);
    } finally {
      Files.deleteIfExists(hidden);
      Files.delete(folder);
    }
  }

  private static @Nullable Object show(
      Path hidden, Path path, String shown, Set<PosixFilePermission> mode) throws IOException {
    try {
      Files.setPosixFilePermissions(hidden, mode);
      Object identity = UnixProvider.identity(hidden);
      // Unlike a move, this never takes the place of another.
      Files.createLink(path, hidden);
      return identity;
    } catch (FileAlreadyExistsException e) {
      throw new AddressException(Kind.IN_USE, shown, "another listener was faster", e);
    }
  }

  private static Path folder(String shown, Path path) throws IOException {
    Path parent = path.getParent();
    int bytes = parent == null ? 0 : parent.toString().getBytes(StandardCharsets.UTF_8).length;
    int random = Math.min(MAX_RANDOM, MAX_BYTES - bytes - AROUND);
    if (random < 1) {
      throw new AddressException(
          Kind.NAME_TOO_LONG,
          shown,
          "the folder's path has "
              + bytes
              + " bytes, a socket is bound in one of at most "
              + (MAX_BYTES - AROUND - 1),
          null);
    }
    for (int i = 1; ; i++) {
      Path folder = path.resolveSibling("." + random(random));
      try {
        return Files.createDirectory(folder, OURS);
      } catch (FileAlreadyExistsException e) {
        if (i == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private static String random(int length) {
    String digits = Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);
    return digits.substring(Math.max(0, digits.length() - length));
  }
}
