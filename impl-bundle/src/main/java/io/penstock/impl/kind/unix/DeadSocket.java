// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.SocketName;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The file of a socket that a listener has left behind, which is in the way of the next. Only what
 * is beyond doubt is removed: a socket of our own user's at which a connect is refused.
 */
final class DeadSocket {
  private static final Logger LOG = Messages.log("unix");
  private static final Path SELF = Path.of("/proc/self");
  private static final int TYPE = 0170000;
  private static final int SOCKET = 0140000;

  private record Found(Object key, int mode, int uid) {
    boolean isSocket() {
      return (mode & TYPE) == SOCKET;
    }
  }

  private final String shown;
  private final Path path;
  private final PosixAccess posix;

  /**
   * What may be there.
   *
   * @param shown the endpoint, for errors
   * @param path where it may be
   * @param posix makes native calls, which disturb nobody
   */
  DeadSocket(String shown, Path path, PosixAccess posix) {
    this.shown = shown;
    this.path = path;
    this.posix = posix;
  }

  /**
   * Makes room for a listener.
   *
   * @throws AddressException of the kind in-use, if what is there must stay
   * @throws IOException if the system refuses
   */
  void remove() throws IOException {
    if (!Files.exists(SELF)) {
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        // Only Linux tells which process listens there.
        throw inUse("the file exists; remove it if nobody listens there");
      }
      return;
    }
    Optional<Found> present = look(path);
    if (present.isEmpty()) {
      return;
    }
    Found found = present.get();
    if (!found.isSocket()) {
      throw inUse("the file exists and is no socket");
    }
    if (found.uid != (Integer) Files.getAttribute(SELF, "unix:uid")) {
      throw inUse(
          "a socket of the user with number "
              + found.uid
              + " is there, and only one of our own would be taken over");
    }
    if (isAlive(path)) {
      throw inUse("somebody listens there");
    }
    take(found);
  }

  /**
   * Removes it under another name: between a look and a removal another listener may have taken its
   * place, and a move says for sure which of the two we have.
   */
  private void take(Found dead) throws IOException {
    Path aside =
        path.resolveSibling(
            ".dead-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36));
    try {
      Files.move(path, aside);
    } catch (NoSuchFileException e) {
      // The faster of us binds now, and one of us is told that the address is in use.
      return;
    }
    boolean same = look(aside).map(now -> now.key.equals(dead.key)).orElse(false);
    // Asked again: between its bind and its listen a listener refuses, too.
    if (!same || isAlive(aside)) {
      try {
        Files.createLink(path, aside);
      } finally {
        Files.delete(aside);
      }
      throw inUse("another listener has just begun");
    }
    Files.delete(aside);
    LOG.log(Level.INFO, "{0}: took the place of a listener that has gone", shown);
  }

  private AddressException inUse(String why) {
    return new AddressException(Kind.IN_USE, shown, why, null);
  }

  private static Optional<Found> look(Path file) throws IOException {
    try {
      Map<String, Object> seen =
          Files.readAttributes(file, "unix:mode,uid,fileKey", LinkOption.NOFOLLOW_LINKS);
      return Optional.of(
          new Found(
              Objects.requireNonNull(seen.get("fileKey")),
              (Integer) Objects.requireNonNull(seen.get("mode")),
              (Integer) Objects.requireNonNull(seen.get("uid"))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Whether anybody has it open; a doubt counts as yes. */
  private boolean isAlive(Path file) {
    Posix calls = posix.calls();
    if (calls == null) {
      return isListening(file);
    }
    try (Place place = Place.ofSocket(shown, file, calls)) {
      return isBound(calls, place.name());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: cannot be looked at", shown, e);
      return true;
    }
  }

  /**
   * Connects with a socket of another type: where somebody is, the system says that the type is
   * wrong, and nobody has to accept anything.
   */
  private static boolean isBound(Posix calls, Path file) {
    byte[] name = file.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer address = SocketName.ofPath(name);
    int probe = calls.socket(Linux.AF_UNIX, Linux.SOCK_DGRAM | Linux.SOCK_CLOEXEC, 0);
    if (probe < 0) {
      return true;
    }
    int answer = calls.with(address, at -> calls.connect(probe, at, address.limit()));
    calls.close(probe);
    return answer != -Linux.ECONNREFUSED;
  }

  /** The listener sees a peer come and go. */
  private static boolean isListening(Path file) {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      // A listener whose backlog is full must not make us wait.
      probe.configureBlocking(false);
      probe.connect(UnixDomainSocketAddress.of(file));
      return true;
    } catch (IOException e) {
      return !Failures.reason(e).contains("refused");
    }
  }
}
