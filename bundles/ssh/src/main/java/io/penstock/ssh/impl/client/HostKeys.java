// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import io.penstock.ssh.impl.client.KnownHosts.Line;
import io.penstock.ssh.impl.client.KnownHosts.Marker;
import io.penstock.ssh.impl.client.KnownHosts.Match;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PublicKey;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.jspecify.annotations.Nullable;

/** Which servers are known, by a file in the form of OpenSSH's {@code known_hosts}. */
final class HostKeys {
  private static final Logger LOG = Messages.log("ssh.client");

  /** Lines are added one at a time. */
  private static final ReentrantLock ADDING = new ReentrantLock();

  /** Without blanks, and without what is a pattern, a list, a marker or a comment in the file. */
  private static final Pattern RECORDABLE =
      Pattern.compile("[^\\p{Cntrl}\\s,!@?*#\\[\\]|'\"\\\\]+");

  private final Path file;
  private final HostKeyChecking checking;

  HostKeys(Path file, HostKeyChecking checking) {
    this.file = file;
    this.checking = checking;
  }

  /**
   * The kinds of the keys by which a server is known, such as {@code ssh-ed25519}, and {@link
   * KnownFirst#CERTIFICATES} if a certificate authority is known for it. The server is asked for
   * one of these kinds first, as OpenSSH does, because it may have keys of other kinds that are not
   * known.
   *
   * @return empty if it is not known, or the file cannot be read, of which {@link #check} tells
   */
  Set<String> knownTypes(Where where) {
    Set<String> types = new TreeSet<>();
    try {
      List<Line> lines = lines();
      nearest(lines, where, Marker.NONE)
          .forEach(each -> types.add(KeyUtils.getKeyType(each.key())));
      if (!nearest(lines, where, Marker.AUTHORITY).isEmpty()) {
        types.add(KnownFirst.CERTIFICATES);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, file + " cannot be read", e);
    }
    return types;
  }

  private List<Line> lines() throws IOException {
    return KnownHosts.read(
        file, e -> LOG.log(Level.DEBUG, "{0}: a line has a key that cannot be read", file, e));
  }

  /**
   * The lines with a marker that are for the name with its port; if there are none, those for the
   * name without a port, as with OpenSSH.
   */
  private static List<Line> nearest(List<Line> lines, Where where, Marker marker) {
    for (String name : names(where)) {
      List<Line> found = of(lines, name, marker);
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  private static List<Line> of(List<Line> lines, String name, Marker marker) {
    return lines.stream()
        .filter(each -> each.marker() == marker && each.match(name) == Match.YES)
        .toList();
  }

  private static List<String> names(Where where) {
    String full = KnownHosts.name(where.host(), where.port());
    return full.equals(where.host()) ? List.of(full) : List.of(full, where.host());
  }

  /** A key is revoked under either name, whatever else is known under the other. */
  private static boolean revoked(List<Line> lines, Where where, @Nullable PublicKey key) {
    return lines.stream()
        .filter(each -> each.marker() == Marker.REVOKED && each.has(key))
        .map(each -> names(where).stream().map(each::match).toList())
        .anyMatch(found -> found.contains(Match.YES) && !found.contains(Match.NEGATED));
  }

  /**
   * Looks a server up.
   *
   * @param offered its key, or a certificate for it, of which the library has seen that it is valid
   *     now and for this host; trust is of the key or of the authority, never of the certificate
   * @return null if it is to be trusted; otherwise what is wrong, and what to do about it
   */
  @Nullable String check(Where where, PublicKey offered) {
    List<Line> lines;
    try {
      lines = lines();
    } catch (IOException e) {
      return "the file of known hosts " + file + " cannot be read: " + Secret.reason(e);
    }
    OpenSshCertificate certificate = offered instanceof OpenSshCertificate is ? is : null;
    PublicKey key = certificate == null ? offered : certificate.getCertPubKey();
    PublicKey authority = certificate == null ? null : certificate.getCaPubKey();
    if (revoked(lines, where, key)) {
      return "the server's key " + Fingerprint.of(key) + " is revoked by " + file;
    }
    if (authority != null && revoked(lines, where, authority)) {
      return "the authority of the server's certificate, "
          + Fingerprint.of(authority)
          + ", is revoked by "
          + file;
    }
    if (nearest(lines, where, Marker.AUTHORITY).stream().anyMatch(each -> each.has(authority))
        || nearest(lines, where, Marker.NONE).stream().anyMatch(each -> each.has(key))) {
      return null;
    }
    // Another key for the name without its port says nothing of this server.
    List<String> others =
        of(lines, names(where).get(0), Marker.NONE).stream()
            .map(each -> Fingerprint.of(each.key()))
            .toList();
    return unknown(where, key, others);
  }

  private @Nullable String unknown(Where where, PublicKey offered, List<String> others) {
    String shown = Where.text(where.host(), where.port());
    if (checking == HostKeyChecking.NO) {
      LOG.log(
          Level.WARNING,
          "{0}: the server''s key {1} is not checked, because host-key-checking is no",
          shown,
          Fingerprint.of(offered));
      return null;
    }
    if (!others.isEmpty()) {
      return "the server shows the key "
          + Fingerprint.of(offered)
          + ", but "
          + file
          + " has "
          + String.join(" and ", others)
          + " for "
          + shown
          + ": it is another server, or somebody is in between; if its key was changed on purpose,"
          + " take the old one out of the file";
    }
    if (checking == HostKeyChecking.ACCEPT_NEW) {
      return add(where, offered);
    }
    return shown
        + " is not known: the server shows the key "
        + Fingerprint.of(offered)
        + ", and "
        + file
        + " has none for it; if it is the right one, add it there, or set"
        + " host-key-checking=accept-new";
  }

  private @Nullable String add(Where where, PublicKey key) {
    String host = where.host().toLowerCase(Locale.ROOT);
    if (!RECORDABLE.matcher(host).matches()) {
      return "the host's name has characters that mean something else in "
          + file
          + ", so its key is not added there; set host-key-checking=yes and add it by a pattern";
    }
    String name = KnownHosts.name(host, where.port());
    ADDING.lock();
    try {
      makeFile();
      String line = name + " " + PublicKeyEntry.toString(key) + "\n";
      String whole = endsInALine() ? line : "\n" + line;
      Files.write(file, whole.getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
      LOG.log(Level.INFO, "{0}: added the key {1} to {2}", name, Fingerprint.of(key), file);
      return null;
    } catch (IOException e) {
      return "the server's key cannot be added to " + file + ": " + Secret.reason(e);
    } finally {
      ADDING.unlock();
    }
  }

  /** A last line that a user has written without a line end must stay a separate line. */
  private boolean endsInALine() throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      if (channel.size() == 0) {
        return true;
      }
      channel.position(channel.size() - 1);
      return channel.read(last) == 1 && last.get(0) == '\n';
    }
  }

  private void makeFile() throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    try {
      if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      } else {
        Files.createFile(file);
      }
    } catch (FileAlreadyExistsException e) {
      LOG.log(Level.TRACE, "{0} is there already", file);
    }
  }
}
