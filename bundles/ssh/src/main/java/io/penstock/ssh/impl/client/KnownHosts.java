// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Glob;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a file of known hosts, as OpenSSH's {@code hostfile.c} reads them. What OpenSSH
 * passes over is passed over here, except that a tab after {@code @revoked} ends that word.
 */
final class KnownHosts {
  private static final String REVOKED = "@revoked";
  private static final String AUTHORITY = "@cert-authority";
  private static final String HASHED = "|1|";
  private static final int SHA1_LENGTH = 20;

  /** OpenSSH takes the whole list for no match if it meets a longer one. */
  private static final int LONGEST_PATTERN = 1022;

  /** What a line says of its key. */
  enum Marker {
    NONE,
    AUTHORITY,
    REVOKED
  }

  /** Whether a list of patterns is for a name. */
  enum Match {
    NO,
    YES,
    /** A pattern with an exclamation mark leaves the name out, whatever the others say. */
    NEGATED
  }

  /**
   * A line with a key that can be read.
   *
   * @param hosts patterns that are joined by commas, or one hashed name
   */
  record Line(Marker marker, String hosts, PublicKey key) {
    /**
     * Looks whether the line is for a name.
     *
     * @param name in the form of the file: {@code host} or {@code [host]:port}
     */
    Match match(String name) {
      return KnownHosts.match(hosts, name);
    }

    boolean has(@Nullable PublicKey other) {
      return other != null && KeyUtils.compareKeys(key, other);
    }
  }

  private KnownHosts() {}

  /**
   * Reads all lines of a file.
   *
   * @param damaged told of a line whose key cannot be read
   * @return empty if there is no file
   */
  static List<Line> read(Path file, Consumer<Exception> damaged) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    List<Line> lines = new ArrayList<>();
    // Comments may be in any encoding; names are compared by their bytes.
    for (String text : Files.readString(file, StandardCharsets.ISO_8859_1).split("\n", -1)) {
      try {
        Line line = line(text);
        if (line != null) {
          lines.add(line);
        }
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        damaged.accept(e);
      }
    }
    return lines;
  }

  private static @Nullable Line line(String text) throws IOException, GeneralSecurityException {
    int end = text.indexOf('\0');
    String rest = skipBlanks(end < 0 ? text : text.substring(0, end));
    if (rest.isEmpty() || rest.startsWith("#")) {
      return null;
    }
    Marker marker = Marker.NONE;
    if (rest.startsWith("@")) {
      int blank = blank(rest);
      String word = rest.substring(0, blank);
      if (word.equals(REVOKED)) {
        marker = Marker.REVOKED;
      } else if (word.equals(AUTHORITY) && rest.startsWith(" ", blank)) {
        marker = Marker.AUTHORITY;
      } else {
        // An unknown marker must not be read as trust.
        return null;
      }
      rest = skipBlanks(rest.substring(blank));
      if (rest.startsWith("@")) {
        return null;
      }
    }
    int blank = blank(rest);
    PublicKey key = key(skipBlanks(rest.substring(blank)));
    // As with OpenSSH a certificate behind a marker stands for its key, and without one for
    // nothing.
    PublicKey meant =
        marker != Marker.NONE && key instanceof OpenSshCertificate certificate
            ? certificate.getCertPubKey()
            : key;
    return new Line(marker, rest.substring(0, blank), meant);
  }

  private static PublicKey key(String text) throws IOException, GeneralSecurityException {
    int blank = blank(text);
    String type = text.substring(0, blank);
    String rest = skipBlanks(text.substring(blank));
    // Whatever else counts as white space in C may stand in the middle of it.
    String encoded = rest.substring(0, blank(rest)).replaceAll("[\r\f\u000b]", "");
    byte[] blob = Base64.getDecoder().decode(encoded);
    if (encoded.isEmpty() || !Base64.getEncoder().encodeToString(blob).equals(encoded)) {
      throw new IOException("the key is not in Base64");
    }
    ByteArrayBuffer buffer = new ByteArrayBuffer(blob);
    PublicKey key = buffer.getRawPublicKey();
    if (buffer.available() > 0
        || !KeyUtils.getCanonicalKeyType(type).equals(KeyUtils.getKeyType(key))) {
      throw new IOException("the key is not of the kind that is said, or more than a key");
    }
    return key;
  }

  private static String skipBlanks(String text) {
    int at = 0;
    while (at < text.length() && isBlank(text.charAt(at))) {
      at++;
    }
    return text.substring(at);
  }

  /** Where the first blank is, or the end. */
  private static int blank(String text) {
    int at = 0;
    while (at < text.length() && !isBlank(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isBlank(char each) {
    return each == ' ' || each == '\t';
  }

  // ---- names

  /** A name in the form of the file, of which the port is a part unless it is the usual one. */
  static String name(String host, int port) {
    return port == 22 ? host : "[" + host + "]:" + port;
  }

  /** Looks whether the names of a line are for a name. */
  static Match match(String hosts, String name) {
    byte[] bytes = name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
    if (hosts.startsWith("|")) {
      return matchesHash(hosts, bytes) ? Match.YES : Match.NO;
    }
    String wanted = new String(bytes, StandardCharsets.ISO_8859_1);
    Match found = Match.NO;
    for (String each : hosts.split(",", -1)) {
      boolean negated = each.startsWith("!");
      String pattern = negated ? each.substring(1) : each;
      if (pattern.length() > LONGEST_PATTERN) {
        return Match.NO;
      }
      if (Glob.matches(lower(pattern), wanted)) {
        if (negated) {
          return Match.NEGATED;
        }
        found = Match.YES;
      }
    }
    return found;
  }

  /** ASCII only: the other bytes are parts of letters in some encoding. */
  private static String lower(String pattern) {
    StringBuilder lower = new StringBuilder(pattern.length());
    pattern
        .chars()
        .map(each -> each >= 'A' && each <= 'Z' ? each - 'A' + 'a' : each)
        .forEach(each -> lower.append((char) each));
    return lower.toString();
  }

  private static boolean matchesHash(String hosts, byte[] name) {
    int delimiter = hosts.indexOf('|', HASHED.length());
    if (!hosts.startsWith(HASHED) || delimiter < 0) {
      return false;
    }
    byte[] salt;
    byte[] hash;
    try {
      salt = Base64.getDecoder().decode(hosts.substring(HASHED.length(), delimiter));
      hash = Base64.getDecoder().decode(hosts.substring(delimiter + 1));
    } catch (IllegalArgumentException e) {
      // As with any other text that is no pattern for the name.
      return false;
    }
    if (salt.length != SHA1_LENGTH
        || !(HASHED + encoded(salt) + "|" + encoded(hash)).equals(hosts)) {
      return false;
    }
    try {
      Mac mac = Mac.getInstance("HmacSHA1");
      mac.init(new SecretKeySpec(salt, "HmacSHA1"));
      return MessageDigest.isEqual(mac.doFinal(name), hash);
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("Java has no HmacSHA1", e);
    }
  }

  private static String encoded(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
