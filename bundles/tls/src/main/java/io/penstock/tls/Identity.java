// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;

/**
 * A private key and the certificates that go with it.
 *
 * @param key the key
 * @param chain its certificate first, then those that vouch for it
 */
record Identity(PrivateKey key, List<X509Certificate> chain) {
  X509Certificate certificate() {
    return chain.get(0);
  }

  /** Whether the certificate is for a host of that name; a star stands for one whole label. */
  boolean serves(String host) {
    String wanted = host.toLowerCase(Locale.ROOT);
    for (String name : Certificates.dnsNames(certificate())) {
      String pattern = name.toLowerCase(Locale.ROOT);
      int dot = wanted.indexOf('.');
      if (pattern.equals(wanted)
          || (pattern.startsWith("*.")
              && dot > 0
              && pattern.substring(1).equals(wanted.substring(dot)))) {
        return true;
      }
    }
    return false;
  }
}
