// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.facet.TlsFacet;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** The agreement of an engine at the end of the handshake. */
final class Agreement implements TlsFacet {
  private final String protocol;
  private final String cipherSuite;
  private final Optional<String> applicationProtocol;
  private final Optional<String> serverName;
  private final List<X509Certificate> peerCertificates;
  private final List<X509Certificate> localCertificates;

  Agreement(SSLEngine engine) {
    SSLSession session = engine.getSession();
    protocol = session.getProtocol();
    cipherSuite = session.getCipherSuite();
    String chosen = engine.getApplicationProtocol();
    applicationProtocol =
        chosen == null || chosen.isEmpty() ? Optional.empty() : Optional.of(chosen);
    serverName = serverName(engine, session);
    peerCertificates = peer(session);
    localCertificates = certificates(session.getLocalCertificates());
  }

  private static Optional<String> serverName(SSLEngine engine, SSLSession session) {
    List<SNIServerName> names = List.of();
    if (engine.getUseClientMode()) {
      List<SNIServerName> asked = engine.getSSLParameters().getServerNames();
      names = asked == null ? List.of() : asked;
    } else if (session instanceof ExtendedSSLSession extended) {
      names = extended.getRequestedServerNames();
    }
    return names.stream()
        .filter(SNIHostName.class::isInstance)
        .map(name -> ((SNIHostName) name).getAsciiName())
        .findFirst();
  }

  private static List<X509Certificate> peer(SSLSession session) {
    try {
      return certificates(session.getPeerCertificates());
    } catch (SSLPeerUnverifiedException e) {
      // It has shown none.
      return List.of();
    }
  }

  private static List<X509Certificate> certificates(Certificate @Nullable [] chain) {
    List<X509Certificate> all = new ArrayList<>();
    if (chain != null) {
      for (Certificate each : chain) {
        if (each instanceof X509Certificate certificate) {
          all.add(certificate);
        }
      }
    }
    return List.copyOf(all);
  }

  @Override
  public String protocol() {
    return protocol;
  }

  @Override
  public String cipherSuite() {
    return cipherSuite;
  }

  @Override
  public Optional<String> applicationProtocol() {
    return applicationProtocol;
  }

  @Override
  public Optional<String> serverName() {
    return serverName;
  }

  @Override
  public List<X509Certificate> peerCertificates() {
    return peerCertificates;
  }

  @Override
  public List<X509Certificate> localCertificates() {
    return localCertificates;
  }

  @Override
  public String toString() {
    return protocol + " " + cipherSuite;
  }
}
