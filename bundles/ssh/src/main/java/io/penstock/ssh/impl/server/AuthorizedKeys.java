// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.StrictModes;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.jspecify.annotations.Nullable;

/**
 * Which keys may log in, by a file in the form of OpenSSH's {@code authorized_keys}, read anew each
 * time. A line that is not fully understood lets no client in.
 */
final class AuthorizedKeys {
  private static final Logger LOG = Messages.log("ssh.server");

  private final String name;
  private final Path file;
  private final boolean strict;
  private final AtomicReference<List<String>> told = new AtomicReference<>(List.of());

  /**
   * Those of a listener.
   *
   * @param name the listener's, for logs
   * @param strict whether a file is refused that others could change
   */
  AuthorizedKeys(String name, Path file, boolean strict) {
    this.name = name;
    this.file = file;
    this.strict = strict;
  }

  /** A line of the file. */
  private record Entry(PublicKey key, KeyOptions options) {}

  /** Refuses a file that cannot be used. */
  void check() throws IOException {
    try {
      if (read().isEmpty()) {
        throw new IOException("there is no key in it that may log in");
      }
    } catch (IOException e) {
      throw new IOException("authorized-keys: " + file + " cannot be used: " + Secret.reason(e), e);
    }
  }

  private List<Entry> read() throws IOException {
    if (strict) {
      StrictModes.requireUnchangeable(file);
    }
    List<Entry> entries = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    // Comments may be in any encoding; what counts is ASCII.
    List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    for (int i = 0; i < lines.size(); i++) {
      // Other blanks than these are no blanks for OpenSSH.
      String line = lines.get(i).replaceFirst("^[ \t]+", "").stripTrailing();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      try {
        entries.add(entry(line));
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        problems.add("line " + (i + 1) + " (" + e.getMessage() + ")");
      }
    }
    // Once for each state of the file, not for each login.
    if (!problems.equals(told.getAndSet(problems)) && !problems.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "{0}: {1}: nobody is let in by {2}",
          name,
          file,
          String.join(", ", problems));
    }
    return entries;
  }

  private static Entry entry(String line) throws IOException, GeneralSecurityException {
    PublicKey plain = key(line);
    if (plain != null) {
      return new Entry(plain, KeyOptions.NONE);
    }
    int end = endOfOptions(line);
    PublicKey restricted = key(line.substring(end).strip());
    if (restricted == null) {
      throw new IOException("there is no key in it that is known here");
    }
    // The bytes again, of which the options are text in UTF-8.
    byte[] options = line.substring(0, end).getBytes(StandardCharsets.ISO_8859_1);
    return new Entry(restricted, KeyOptions.parse(new String(options, StandardCharsets.UTF_8)));
  }

  /** The first blank outside of quotes. */
  private static int endOfOptions(String line) {
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char each = line.charAt(i);
      if (each == '\\' && line.startsWith("\\\"", i)) {
        i++;
      } else if (each == '"') {
        quoted = !quoted;
      } else if (!quoted && (each == ' ' || each == '\t')) {
        return i;
      }
    }
    return line.length();
  }

  private static @Nullable PublicKey key(String text) throws IOException, GeneralSecurityException {
    String[] words = text.split("[ \t]+", 3);
    // What has an option in front has it there.
    if (words.length < 2 || !words[0].matches("[\\w@.-]+") || !words[1].startsWith("AAAA")) {
      return null;
    }
    AuthorizedKeyEntry entry =
        AuthorizedKeyEntry.parseAuthorizedKeyEntry(words[0] + " " + words[1]);
    PublicKey key =
        entry == null ? null : entry.resolvePublicKey(null, PublicKeyEntryResolver.IGNORING);
    if (key instanceof OpenSshCertificate) {
      // Its authority, its validity and its users would not be checked.
      throw new IOException("it is a certificate, and expected is a key");
    }
    return key;
  }

  /**
   * Looks a key up.
   *
   * @param peer where the client comes from; null where there is no address
   * @return what the line that lets it in says; null if there is none
   */
  @Nullable KeyOptions find(PublicKey offered, @Nullable InetAddress peer) {
    try {
      for (Entry each : read()) {
        if (!KeyUtils.compareKeys(each.key(), offered)) {
          continue;
        }
        KeyOptions options = each.options();
        if (!options.valid(Instant.now())) {
          LOG.log(Level.INFO, "{0}: a key of {1} has expired", name, file);
        } else if (options.from().isPresent() && (peer == null || !options.from(peer))) {
          LOG.log(
              Level.INFO,
              "{0}: a key of {1} is not for clients from {2}",
              name,
              file,
              LogField.peer(peer));
        } else {
          return options;
        }
      }
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          name + ": nobody is let in, because " + file + " cannot be used: " + Secret.reason(e));
    }
    return null;
  }
}
