// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.util.io.resource.PathResource;
import org.apache.sshd.common.util.security.SecurityUtils;

/** Private keys from files. */
final class Identities {
  private Identities() {}

  /** Reads them all; blocks, because what is encrypted takes its time. */
  static List<KeyPair> read(List<Path> files, Optional<Secret> secret) throws IOException {
    FilePasswordProvider passphrase =
        secret.isEmpty()
            ? FilePasswordProvider.EMPTY
            : FilePasswordProvider.of(secret.get().read());
    List<KeyPair> pairs = new ArrayList<>();
    for (Path file : files) {
      int before = pairs.size();
      try (InputStream bytes = Files.newInputStream(file)) {
        Iterable<KeyPair> found =
            SecurityUtils.loadKeyPairIdentities(null, new PathResource(file), bytes, passphrase);
        if (found != null) {
          found.forEach(pairs::add);
        }
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        throw new IOException("identity: " + file + " cannot be used: " + reason(e, secret), e);
      }
      if (pairs.size() == before) {
        throw new IOException(
            "identity: " + file + " has no private key; expected one in OpenSSH's or PEM form");
      }
    }
    return pairs;
  }

  private static String reason(Exception e, Optional<Secret> secret) {
    if (e instanceof IOException io && !(e instanceof java.io.StreamCorruptedException)) {
      return Secret.reason(io);
    }
    return secret
        .map(given -> given + " does not fit, or the file is damaged")
        .orElse(
            "it is encrypted, so passphrase-file or a passphrase is needed, or the file is damaged");
  }
}
