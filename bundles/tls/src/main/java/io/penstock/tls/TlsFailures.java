// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.error.HandshakeException;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.SSLException;

/** Says in our terms what the engine says in its own. */
final class TlsFailures {
  private static final String ALERT = "Received fatal alert: ";

  /** The meaning of an alert from a peer, where its name does not say it. */
  private static final Map<String, String> ALERTS =
      Map.of(
          "certificate_required",
              "it wants a certificate of ours and was shown none; give it by key and certificates",
          "unknown_ca", "it does not trust the issuer of our certificate",
          "certificate_unknown", "it did not accept our certificate",
          "bad_certificate", "it did not accept our certificate, or was shown none",
          "certificate_expired", "our certificate has expired, or is not valid yet",
          "protocol_version", "it speaks none of our versions of TLS; protocols says which",
          "handshake_failure", "the two have no version, cipher suite or certificate in common",
          "no_application_protocol", "it speaks none of the protocols of alpn",
          "unrecognized_name", "it does not know the server name that was asked for");

  private TlsFailures() {}

  /** Why a handshake failed, or an established connection. */
  static HandshakeException handshake(String name, SSLException failure) {
    return new HandshakeException(name, reason(failure), failure);
  }

  static String reason(SSLException failure) {
    // Newer versions of Java put the alert that they send in front.
    String message = String.valueOf(failure.getMessage()).replaceFirst("^\\([a-z_]+\\) ", "");
    if (message.contains(ALERT)) {
      String alert = message.substring(message.indexOf(ALERT) + ALERT.length()).strip();
      String meaning = ALERTS.get(alert.toLowerCase(Locale.ROOT));
      return "the peer refused with the alert " + alert + (meaning == null ? "" : ": " + meaning);
    }
    if (message.contains("Empty client certificate chain") || message.contains("null cert chain")) {
      return "the client has shown no certificate, and clientAuth is need";
    }
    if (message.contains("Unsupported or unrecognized SSL message")
        || message.contains("plaintext connection")) {
      return "what the peer sent is not TLS";
    }
    if (message.contains("not accepted by") || message.contains("is not enabled or supported")) {
      return "the two have no version of TLS in common, the option protocols allows more: "
          + message;
    }
    return message;
  }
}
