// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a server's key by the name that the client asks for: the first whose certificate is for
 * that name, otherwise the first of all. A client's key is the first whose issuer the server
 * trusts.
 */
final class NamedKeys extends X509ExtendedKeyManager {
  private final List<Identity> identities;

  NamedKeys(List<Identity> identities) {
    this.identities = List.copyOf(identities);
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    // The engine asks for one type of key after the other: the name goes before the type.
    List<Identity> named =
        requested(engine)
            .map(name -> identities.stream().filter(each -> each.serves(name)).toList())
            .filter(some -> !some.isEmpty())
            .findFirst()
            .orElseGet(this::defaults);
    return named.stream()
        .filter(each -> isOf(each, keyType))
        .findFirst()
        .map(this::alias)
        .orElse(null);
  }

  /** The first key, and those of other types that stand for the same host. */
  private List<Identity> defaults() {
    Identity first = identities.get(0);
    List<String> names = Certificates.dnsNames(first.certificate());
    return identities.stream()
        .filter(each -> each.equals(first) || names.stream().anyMatch(each::serves))
        .toList();
  }

  private static Stream<String> requested(@Nullable SSLEngine engine) {
    return engine != null && engine.getHandshakeSession() instanceof ExtendedSSLSession session
        ? session.getRequestedServerNames().stream()
            .filter(SNIHostName.class::isInstance)
            .map(name -> ((SNIHostName) name).getAsciiName())
        : Stream.of();
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
    return firstAlias(keyTypes, issuers);
  }

  private @Nullable String firstAlias(String[] keyTypes, Principal @Nullable [] issuers) {
    for (String type : keyTypes) {
      String[] fitting = aliases(type, issuers);
      if (fitting.length > 0) {
        return fitting[0];
      }
    }
    return null;
  }

  private static boolean isOf(Identity identity, String keyType) {
    String have = identity.certificate().getPublicKey().getAlgorithm();
    // Types may carry more than the algorithm, such as EC_RSA.
    return keyType.equals(have)
        || keyType.startsWith(have + "_")
        || (keyType.equals("EdDSA") && have.startsWith("Ed"));
  }

  private static boolean issuedBy(Identity identity, Principal @Nullable [] issuers) {
    return issuers == null
        || issuers.length == 0
        || identity.chain().stream()
            .anyMatch(each -> Arrays.asList(issuers).contains(each.getIssuerX500Principal()));
  }

  private String[] aliases(String keyType, Principal @Nullable [] issuers) {
    return IntStream.range(0, identities.size())
        .filter(i -> isOf(identities.get(i), keyType) && issuedBy(identities.get(i), issuers))
        .mapToObj(Integer::toString)
        .toArray(String[]::new);
  }

  private String alias(Identity identity) {
    return Integer.toString(identities.indexOf(identity));
  }

  @Override
  public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return aliases(keyType, issuers);
  }

  @Override
  public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return aliases(keyType, issuers);
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
    // Of a library that makes its own sockets.
    return firstAlias(keyTypes, issuers);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, Socket socket) {
    throw new UnsupportedOperationException("only engines accept clients, never sockets");
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return identities.get(Integer.parseInt(alias)).chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return identities.get(Integer.parseInt(alias)).key();
  }
}
