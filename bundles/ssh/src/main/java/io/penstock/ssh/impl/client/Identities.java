// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.StrictModes;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.util.io.resource.PathResource;
import org.apache.sshd.common.util.security.SecurityUtils;

/** Private keys from files. */
final class Identities {
  private static final Logger LOG = Messages.log("ssh.client");

  private Identities() {}

  /**
   * Reads them all; blocks, because what is encrypted takes its time.
   *
   * @param strict whether a key is refused that others may read
   */
  static List<KeyPair> read(List<Path> files, Optional<Secret> secret, boolean strict)
      throws IOException {
    FilePasswordProvider passphrase =
        secret.isEmpty()
            ? FilePasswordProvider.EMPTY
            : FilePasswordProvider.of(secret.get().read());
    List<KeyPair> pairs = new ArrayList<>();
    for (Path file : files) {
      int before = pairs.size();
      if (strict) {
        requirePrivate(file);
      }
      try (InputStream bytes = Files.newInputStream(file)) {
        Iterable<KeyPair> found =
            SecurityUtils.loadKeyPairIdentities(null, new PathResource(file), bytes, passphrase);
        if (found != null) {
          found.forEach(each -> add(each, file, pairs));
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

  /** As with {@code ssh -i} the certificate beside a key is offered before the key. */
  private static void add(KeyPair pair, Path file, List<KeyPair> pairs) {
    Path beside = Path.of(file + "-cert.pub");
    if (Files.exists(beside)) {
      try {
        String text = Files.readString(beside, StandardCharsets.ISO_8859_1).strip();
        PublicKey key =
            PublicKeyEntry.parsePublicKeyEntry(text).resolvePublicKey(null, Map.of(), null);
        if (!(key instanceof OpenSshCertificate certificate)
            || !KeyUtils.compareKeys(certificate.getCertPubKey(), pair.getPublic())) {
          throw new IOException("it is no certificate for the key beside it");
        }
        pairs.add(new KeyPair(certificate, pair.getPrivate()));
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        LOG.log(
            Level.WARNING,
            "identity: {0} is passed over, the key is used without it: {1}",
            beside,
            e instanceof IOException io ? Secret.reason(io) : "it is damaged");
      }
    }
    pairs.add(pair);
  }

  private static void requirePrivate(Path file) throws IOException {
    try {
      StrictModes.requirePrivate(file);
    } catch (IOException e) {
      throw new IOException("identity: " + file + " cannot be used: " + Secret.reason(e), e);
    }
  }

  private static String reason(Exception e, Optional<Secret> secret) {
    if (e instanceof IOException io && !(e instanceof java.io.StreamCorruptedException)) {
      return Secret.reason(io);
    }
    return secret
        .map(given -> given + " does not fit, or the file is damaged")
        .orElse(
            "it is encrypted, so passphrase-file or a passphrase is needed, or the file is"
                + " damaged");
  }
}
