// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.security.PublicKey;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.digest.BuiltinDigests;

/** What people compare of keys. */
public final class Fingerprint {
  private Fingerprint() {}

  /**
   * The kind of the key, and its fingerprint as OpenSSH shows it: of a certificate that of its key.
   */
  public static String of(PublicKey key) {
    PublicKey meant =
        key instanceof OpenSshCertificate certificate ? certificate.getCertPubKey() : key;
    return KeyUtils.getKeyType(key) + " " + KeyUtils.getFingerPrint(BuiltinDigests.sha256, meant);
  }
}
