// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Secrets;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.List;
import java.util.Set;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;

/**
 * Who may log in, by a file in the form of OpenSSH's {@code authorized_keys}, read anew each time.
 * A line with options is of no use: they would restrict what we do not restrict.
 */
final class AuthorizedKeys implements PublickeyAuthenticator {
  private static final Logger LOG = System.getLogger("io.penstock");

  private final String name;
  private final Path file;
  private final Set<String> users;

  AuthorizedKeys(String name, Path file, Set<String> users) {
    this.name = name;
    this.file = file;
    this.users = users;
  }

  /** Refuses a file that cannot be used. */
  void check() throws IOException {
    try {
      if (read().isEmpty()) {
        throw new IOException("there is no key in it");
      }
    } catch (IOException e) {
      throw new IOException(
          "authorized-keys: " + file + " cannot be used: " + Secrets.reason(e), e);
    }
  }

  private List<AuthorizedKeyEntry> read() throws IOException {
    List<AuthorizedKeyEntry> all;
    try {
      all = AuthorizedKeyEntry.readAuthorizedKeys(file);
    } catch (RuntimeException e) {
      throw new IOException("a line cannot be read: " + e.getMessage(), e);
    }
    List<AuthorizedKeyEntry> plain =
        all.stream()
            .filter(each -> each.getLoginOptions() == null || each.getLoginOptions().isEmpty())
            .toList();
    if (plain.size() < all.size()) {
      LOG.log(
          Level.WARNING,
          "{0}: {1} lines of {2} have options, which are not supported: their keys are not let in",
          name,
          all.size() - plain.size(),
          file);
    }
    return plain;
  }

  @Override
  public boolean authenticate(String user, PublicKey offered, ServerSession session) {
    if (!users.isEmpty() && !users.contains(user)) {
      LOG.log(Level.INFO, "{0}: the user ''{1}'' is not one of users", name, user);
      return false;
    }
    try {
      for (AuthorizedKeyEntry each : read()) {
        PublicKey key = key(each);
        if (key != null && KeyUtils.compareKeys(key, offered)) {
          return true;
        }
      }
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          name + ": nobody is let in, because " + file + " cannot be used: " + Secrets.reason(e));
    }
    return false;
  }

  private @Nullable PublicKey key(AuthorizedKeyEntry entry) {
    try {
      return entry.resolvePublicKey(null, PublicKeyEntryResolver.IGNORING);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      LOG.log(Level.DEBUG, name + ": a key of " + file + " cannot be read", e);
      return null;
    }
  }
}
