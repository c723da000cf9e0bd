// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.net.Socket;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Leaves the decision to Java, and says which certificate was refused and why. */
final class ExplainingTrust extends X509ExtendedTrustManager {
  private final X509ExtendedTrustManager judge;

  ExplainingTrust(X509ExtendedTrustManager judge) {
    this.judge = judge;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    try {
      judge.checkServerTrusted(chain, authType, engine);
      checkDates(chain);
    } catch (CertificateException e) {
      throw explained(e, chain, engine.getPeerHost());
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    try {
      judge.checkClientTrusted(chain, authType, engine);
      checkDates(chain);
    } catch (CertificateException e) {
      throw explained(e, chain, null);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("only engines are used, whose host name can be checked");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("only engines are used");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    // Of a library that makes its own sockets.
    try {
      judge.checkServerTrusted(chain, authType, socket);
      checkDates(chain);
    } catch (CertificateException e) {
      SSLSession session = socket instanceof SSLSocket secure ? secure.getHandshakeSession() : null;
      throw explained(e, chain, session == null ? null : session.getPeerHost());
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw new CertificateException("only engines accept clients, never sockets");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return judge.getAcceptedIssuers();
  }

  /** Java does not look at the dates of a certificate that is itself among the trusted ones. */
  private static void checkDates(X509Certificate[] chain) throws CertificateException {
    chain[0].checkValidity();
  }

  private static CertificateException explained(
      CertificateException refusal, X509Certificate[] chain, @Nullable String host) {
    X509Certificate culprit = culprit(refusal, chain);
    String text =
        Certificates.describe(culprit) + " was refused: " + why(refusal, culprit, chain, host);
    // The engine looks here for the alert that it sends.
    Throwable cause =
        refusal.getCause() instanceof CertPathValidatorException inner ? inner : refusal;
    return new CertificateException(text, cause);
  }

  private static X509Certificate culprit(CertificateException refusal, X509Certificate[] chain) {
    for (Throwable each = refusal; each != null; each = each.getCause()) {
      if (each instanceof CertPathValidatorException at
          && at.getCertPath() != null
          && at.getIndex() >= 0
          && at.getCertPath().getCertificates().get(at.getIndex())
              instanceof X509Certificate certificate) {
        return certificate;
      }
    }
    for (X509Certificate each : chain) {
      if (outOfDate(each) != null) {
        return each;
      }
    }
    return chain[0];
  }

  private static @Nullable String outOfDate(X509Certificate certificate) {
    try {
      certificate.checkValidity();
      return null;
    } catch (CertificateExpiredException e) {
      return "it expired on " + Certificates.time(certificate.getNotAfter());
    } catch (CertificateNotYetValidException e) {
      return "it is not valid before " + Certificates.time(certificate.getNotBefore());
    }
  }

  private static String why(
      CertificateException refusal,
      X509Certificate culprit,
      X509Certificate[] chain,
      @Nullable String host) {
    String date = outOfDate(culprit);
    if (date != null) {
      return date;
    }
    Throwable root = refusal;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String said = String.valueOf(root.getMessage());
    if (host != null
        && (said.contains("subject alternative") || said.contains("No name matching"))) {
      List<String> hosts = Certificates.hosts(culprit);
      return "it is not for the host '"
          + host
          + "' but for "
          + (hosts.isEmpty() ? "none that it names" : String.join(", ", hosts));
    }
    if (said.contains("unable to find valid certification path")) {
      return "nobody who is trusted vouches for it; the last of the "
          + chain.length
          + " certificates shown was issued by "
          + chain[chain.length - 1].getIssuerX500Principal()
          + ", which the option trust can name";
    }
    return said;
  }
}
