// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.Channel;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The agreed properties of a channel that is encrypted by TLS, as {@link Channel#facet} gives it.
 * Immutable; safe for use by any thread.
 */
@ProviderType
public interface TlsFacet {
  /**
   * The version of the protocol.
   *
   * @return {@code TLSv1.3} or {@code TLSv1.2}
   */
  String protocol();

  /**
   * The cipher suite.
   *
   * @return by its standard name, such as {@code TLS_AES_128_GCM_SHA256}
   */
  String cipherSuite();

  /**
   * The application protocol that was agreed on by ALPN.
   *
   * @return empty when neither side asked for one
   */
  Optional<String> applicationProtocol();

  /**
   * The name of the server that the client asked for.
   *
   * @return empty when it asked for none, as it does when it connects to an address
   */
  Optional<String> serverName();

  /**
   * The certificates of the peer. They were verified.
   *
   * @return its certificate first, then those that certify it; empty when it has shown none
   */
  List<X509Certificate> peerCertificates();

  /**
   * The certificates that we have shown to the peer.
   *
   * @return our certificate first, then those that certify it; empty when we have shown none
   */
  List<X509Certificate> localCertificates();
}
