// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says of certificates what helps to find them. */
final class Certificates {
  private static final int DNS = 2;
  private static final int ADDRESS = 7;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'");

  private Certificates() {}

  static String describe(X509Certificate certificate) {
    return "the certificate of "
        + certificate.getSubjectX500Principal()
        + " (serial "
        + certificate.getSerialNumber().toString(16)
        + ", issued by "
        + certificate.getIssuerX500Principal()
        + ", valid from "
        + time(certificate.getNotBefore())
        + " to "
        + time(certificate.getNotAfter())
        + ")";
  }

  static String time(Date date) {
    return date.toInstant().atOffset(ZoneOffset.UTC).format(TIME);
  }

  static List<String> dnsNames(X509Certificate certificate) {
    return names(certificate, DNS);
  }

  /** The hosts and addresses that a certificate is for. */
  static List<String> hosts(X509Certificate certificate) {
    List<String> all = new ArrayList<>(dnsNames(certificate));
    all.addAll(names(certificate, ADDRESS));
    return all;
  }

  private static List<String> names(X509Certificate certificate, int type) {
    @Nullable Collection<List<?>> alternatives;
    try {
      alternatives = certificate.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      // Without names that can be read it is for no host.
      alternatives = null;
    }
    List<String> names = new ArrayList<>();
    if (alternatives != null) {
      for (List<?> each : alternatives) {
        if (Integer.valueOf(type).equals(each.get(0)) && each.get(1) instanceof String name) {
          names.add(name);
        }
      }
    }
    return names;
  }
}
