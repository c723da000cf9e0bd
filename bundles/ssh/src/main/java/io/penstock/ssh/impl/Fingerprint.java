// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.security.PublicKey;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.digest.BuiltinDigests;

/** The short form of a key that people compare. */
public final class Fingerprint {
  private Fingerprint() {}

  /**
   * The kind of the key, and its fingerprint as OpenSSH shows it; for a certificate the fingerprint
   * of its key.
   */
  public static String of(PublicKey key) {
    PublicKey meant =
        key instanceof OpenSshCertificate certificate ? certificate.getCertPubKey() : key;
    return KeyUtils.getKeyType(key) + " " + KeyUtils.getFingerPrint(BuiltinDigests.sha256, meant);
  }
}
