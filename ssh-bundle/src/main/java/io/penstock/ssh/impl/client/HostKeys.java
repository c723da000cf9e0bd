// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.client.config.hosts.KnownHostEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.jspecify.annotations.Nullable;

/** Who a server may be, by a file in the form of OpenSSH's {@code known_hosts}. */
final class HostKeys {
  private static final Logger LOG = System.getLogger("io.penstock");

  /** Lines are added one at a time. */
  private static final ReentrantLock ADDING = new ReentrantLock();

  private final Path file;
  private final HostKeyChecking checking;

  HostKeys(Path file, HostKeyChecking checking) {
    this.file = file;
    this.checking = checking;
  }

  /**
   * The kinds of the keys by which a server is known, such as {@code ssh-ed25519}: it is asked for
   * one of those, as OpenSSH does, because it may have others that are not known.
   *
   * @return empty if it is not known, or the file cannot be read, of which {@link #check} tells
   */
  Set<String> knownTypes(Where where) {
    Set<String> types = new TreeSet<>();
    try {
      for (KnownHostEntry entry : entries(where)) {
        PublicKey key = entry.getMarker() == null ? key(entry) : null;
        if (key != null) {
          types.add(KeyUtils.getKeyType(key));
        }
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.DEBUG, file + " cannot be read", e);
    }
    return types;
  }

  private List<KnownHostEntry> entries(Where where) throws IOException {
    List<KnownHostEntry> all =
        Files.exists(file) ? KnownHostEntry.readKnownHostEntries(file) : List.of();
    return all.stream()
        .filter(each -> each.getKeyEntry() != null && each.isHostMatch(where.host(), where.port()))
        .toList();
  }

  /**
   * Looks a server up.
   *
   * @return null if it is to be trusted; otherwise what is wrong, and what to do about it
   */
  @Nullable String check(Where where, PublicKey offered) {
    List<KnownHostEntry> entries;
    try {
      entries = entries(where);
    } catch (IOException | RuntimeException e) {
      return "the file of known hosts " + file + " cannot be read: " + e.getMessage();
    }
    List<String> others = new ArrayList<>();
    boolean known = false;
    for (KnownHostEntry entry : entries) {
      String marker = entry.getMarker() == null ? "" : entry.getMarker();
      if (!marker.isEmpty() && !marker.equals("revoked")) {
        // Certificates are not taken, and what nobody knows must not be read as trust.
        continue;
      }
      PublicKey key = key(entry);
      if (key == null) {
        continue;
      }
      boolean same = KeyUtils.compareKeys(key, offered);
      if (marker.equals("revoked")) {
        if (same) {
          return "the server's key " + Fingerprint.of(offered) + " is revoked by " + file;
        }
      } else if (same) {
        known = true;
      } else {
        others.add(Fingerprint.of(key));
      }
    }
    return known ? null : unknown(where, offered, others);
  }

  private @Nullable PublicKey key(KnownHostEntry entry) {
    try {
      return entry.getKeyEntry().resolvePublicKey(null, PublicKeyEntryResolver.IGNORING);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      LOG.log(Level.DEBUG, file + ": a line has a key that cannot be read", e);
      return null;
    }
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
    String host = where.port() == 22 ? where.host() : "[" + where.host() + "]:" + where.port();
    ADDING.lock();
    try {
      String line = host + " " + PublicKeyEntry.toString(key) + "\n";
      makeFile();
      Files.write(file, line.getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
      LOG.log(Level.INFO, "{0}: added the key {1} to {2}", host, Fingerprint.of(key), file);
      return null;
    } catch (IOException e) {
      return "the server's key cannot be added to " + file + ": " + Secret.reason(e);
    } finally {
      ADDING.unlock();
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
