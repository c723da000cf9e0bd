// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import java.io.IOException;
import java.net.BindException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Binds a Unix socket to which, at every moment, only our user can connect. The JDK listens as soon
 * as it binds, so the socket is bound in a folder that only our user can enter, gets its mode
 * there, and is then shown under its own path.
 */
final class OwnSocket {
  private static final FileAttribute<Set<PosixFilePermission>> OURS =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final String NAME = "s";

  /** What the system takes as an address. */
  private static final int MAX_BYTES = 107;

  /** Some JDKs take a byte less. */
  private static final int MAX_TO_BIND = MAX_BYTES - 1;

  private OwnSocket() {}

  /**
   * Binds and listens.
   *
   * @return what tells the socket's file from another
   * @throws BindException if something is at the path
   */
  static @Nullable Object bind(ServerSocketChannel server, Path path, int backlog)
      throws IOException {
    if (bytes(path) > MAX_BYTES) {
      throw new BindException("a socket's path has at most " + MAX_BYTES + " bytes");
    }
    long number = ThreadLocalRandom.current().nextLong() >>> 1;
    Path folder = Files.createDirectory(path.resolveSibling("." + Long.toString(number, 36)), OURS);
    Path hidden = folder.resolve(NAME);
    try {
      if (bytes(hidden) > MAX_TO_BIND) {
        bindByLink(server, folder, backlog);
      } else {
        server.bind(UnixDomainSocketAddress.of(hidden), backlog);
      }
      Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rw-------"));
      Object identity = identity(hidden);
      // Unlike a move, this never takes the place of another.
      Files.createLink(path, hidden);
      return identity;
    } catch (FileAlreadyExistsException e) {
      BindException taken = new BindException("Address already in use");
      taken.initCause(e);
      throw taken;
    } finally {
      Files.deleteIfExists(hidden);
      Files.delete(folder);
    }
  }

  /** A link to the folder has a shorter path. */
  private static void bindByLink(ServerSocketChannel server, Path folder, int backlog)
      throws IOException {
    Path detour = Files.createTempDirectory("", OURS);
    Path link = detour.resolve("p");
    try {
      Files.createSymbolicLink(link, folder.toAbsolutePath());
      server.bind(UnixDomainSocketAddress.of(link.resolve(NAME)), backlog);
    } finally {
      Files.deleteIfExists(link);
      Files.delete(detour);
    }
  }

  private static int bytes(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length;
  }

  /** What tells a file from another of its name. */
  static @Nullable Object identity(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }
}
