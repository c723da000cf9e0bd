// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * How TLS is spoken.
 *
 * @param server whether the peer is the side that connects
 * @param host the name of the server, for the client to ask for and to check
 * @param port for the client to find a session to resume
 * @param checkName whether the client checks that name
 * @param protocols the versions allowed
 * @param ciphers the suites allowed; empty for those that are not weak
 * @param alpn application protocols, the best first
 * @param clientAuth whether the server asks for a certificate
 * @param handshakeTimeout how long the handshake may take
 * @param material where keys and trust come from
 */
record TlsOptions(
    boolean server,
    String host,
    int port,
    boolean checkName,
    List<String> protocols,
    List<String> ciphers,
    List<String> alpn,
    ClientAuth clientAuth,
    Duration handshakeTimeout,
    Material.Files material) {

  /** Whether a server asks its clients for a certificate. */
  enum ClientAuth {
    NONE,
    WANT,
    NEED
  }

  private static final Set<String> BOTH =
      Set.of(
          "protocols",
          "ciphers",
          "alpn",
          "handshakeTimeout",
          "key",
          "certificates",
          "keyPasswordFile",
          "trust",
          "trustPasswordFile");
  static final Set<String> CLIENT = with(BOTH, "serverName", "checkName");
  static final Set<String> SERVER = with(BOTH, "clientAuth");

  private static final List<String> VERSIONS = List.of("TLSv1.3", "TLSv1.2");

  private static Set<String> with(Set<String> some, String... more) {
    List<String> all = new ArrayList<>(some);
    all.addAll(List.of(more));
    return Set.copyOf(all);
  }

  /** Reads the options, and refuses what is not allowed. */
  static TlsOptions of(Endpoint endpoint, ChannelOptions options) {
    Map<String, String> given = options.extra();
    boolean server = endpoint.listening();
    String host = host(endpoint);
    Material.Files material =
        new Material.Files(
            paths(given, "key"),
            paths(given, "certificates"),
            path(given, "keyPasswordFile"),
            trust(given),
            path(given, "trustPasswordFile"));
    if (server && material.keys().isEmpty()) {
      throw new IllegalArgumentException(
          "key: "
              + endpoint.scheme()
              + ": needs a private key; expected a file in PEM or PKCS#12 form");
    }
    if (material.keys().isEmpty() && !material.certificates().isEmpty()) {
      throw new IllegalArgumentException("certificates: there is no key that they belong to");
    }
    if (!material.certificates().isEmpty()
        && material.certificates().size() != material.keys().size()) {
      throw new IllegalArgumentException(
          "certificates: "
              + material.certificates().size()
              + " files for "
              + material.keys().size()
              + " keys; expected one for each, in the same order");
    }
    return new TlsOptions(
        server,
        given.getOrDefault("serverName", host).strip(),
        port(endpoint),
        flag(given, "checkName", true),
        protocols(given),
        ciphers(given),
        alpn(given),
        clientAuth(given),
        handshakeTimeout(given),
        material);
  }

  private static String host(Endpoint endpoint) {
    String address = endpoint.address();
    String authority = address.startsWith("//") ? address.substring(2) : "";
    int colon = authority.lastIndexOf(':');
    String host = colon < 0 ? authority : authority.substring(0, colon);
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  private static int port(Endpoint endpoint) {
    String address = endpoint.address();
    String port = address.substring(address.lastIndexOf(':') + 1);
    return port.matches("\\d{1,5}") ? Integer.parseInt(port) : -1;
  }

  private static List<String> list(Map<String, String> given, String key) {
    return Arrays.stream(given.getOrDefault(key, "").split(",", -1))
        .map(String::strip)
        .filter(each -> !each.isEmpty())
        .toList();
  }

  private static List<Path> paths(Map<String, String> given, String key) {
    return list(given, key).stream().map(each -> path(key, each)).toList();
  }

  private static @Nullable Path path(Map<String, String> given, String key) {
    String value = given.get(key);
    return value == null || value.isBlank() ? null : path(key, value.strip());
  }

  private static Path path(String key, String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw refused(key, value, "a path");
    }
  }

  private static List<String> trust(Map<String, String> given) {
    List<String> trust = list(given, "trust");
    // They stay text, because one of them may be no file; what is no path is refused here.
    trust.forEach(each -> path("trust", each));
    return trust.isEmpty() ? List.of(Material.SYSTEM) : trust;
  }

  private static boolean flag(Map<String, String> given, String key, boolean fallback) {
    String value = given.get(key);
    if (value == null) {
      return fallback;
    }
    return switch (value.strip()) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refused(key, value, "true or false");
    };
  }

  private static List<String> protocols(Map<String, String> given) {
    List<String> asked = list(given, "protocols");
    for (String each : asked) {
      if (!VERSIONS.contains(each)) {
        throw refused("protocols", each, "TLSv1.3, TLSv1.2 or both, separated by a comma");
      }
    }
    return asked.isEmpty() ? List.of("TLSv1.3") : asked;
  }

  private static List<String> ciphers(Map<String, String> given) {
    List<String> asked = list(given, "ciphers");
    if (asked.isEmpty()) {
      return asked;
    }
    List<String> known;
    try {
      known = List.of(SSLContext.getDefault().getSupportedSSLParameters().getCipherSuites());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no TLS", e);
    }
    for (String each : asked) {
      if (!known.contains(each)) {
        throw refused("ciphers", each, "standard names such as TLS_AES_256_GCM_SHA384");
      }
    }
    return asked;
  }

  private static List<String> alpn(Map<String, String> given) {
    List<String> asked = list(given, "alpn");
    for (String each : asked) {
      if (each.length() > 255) {
        throw refused("alpn", each, "names of 1 to 255 characters");
      }
    }
    return asked;
  }

  private static ClientAuth clientAuth(Map<String, String> given) {
    String value = given.getOrDefault("clientAuth", "none");
    return switch (value.strip()) {
      case "none" -> ClientAuth.NONE;
      case "want" -> ClientAuth.WANT;
      case "need" -> ClientAuth.NEED;
      default -> throw refused("clientAuth", value, "none, want or need");
    };
  }

  private static Duration handshakeTimeout(Map<String, String> given) {
    String value = given.getOrDefault("handshakeTimeout", "10s");
    Duration limit;
    try {
      limit = Units.duration(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("handshakeTimeout: " + e.getMessage(), e);
    }
    if (limit.isZero() || limit.isNegative()) {
      throw refused("handshakeTimeout", value, "a duration of more than zero");
    }
    return limit;
  }

  private static IllegalArgumentException refused(String key, String value, String allowed) {
    return Messages.refused(key, value, allowed);
  }

  /** Makes an engine for one connection. */
  SSLEngine engine(SSLContext context) {
    SSLEngine engine =
        server || host.isEmpty() ? context.createSSLEngine() : context.createSSLEngine(host, port);
    engine.setUseClientMode(!server);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(protocols.toArray(String[]::new));
    parameters.setCipherSuites(
        (ciphers.isEmpty() ? strong(parameters.getCipherSuites()) : ciphers)
            .toArray(String[]::new));
    parameters.setUseCipherSuitesOrder(true);
    if (!alpn.isEmpty()) {
      parameters.setApplicationProtocols(alpn.toArray(String[]::new));
    }
    if (server) {
      switch (clientAuth) {
        case NONE -> parameters.setNeedClientAuth(false);
        case WANT -> parameters.setWantClientAuth(true);
        case NEED -> parameters.setNeedClientAuth(true);
      }
    } else {
      if (checkName) {
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
      }
      sni(host).ifPresent(name -> parameters.setServerNames(List.of(name)));
    }
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** An address is not a name that can be asked for. */
  private static Optional<SNIHostName> sni(String host) {
    if (host.isEmpty() || host.indexOf(':') >= 0 || host.matches("[0-9.]+")) {
      return Optional.empty();
    }
    try {
      return Optional.of(new SNIHostName(host));
    } catch (IllegalArgumentException e) {
      // Underscores and the like, which DNS has and names of servers cannot.
      return Optional.empty();
    }
  }

  /** The suites allowed by Java that have forward secrecy and authenticated encryption. */
  static List<String> strong(String[] suites) {
    return Arrays.stream(suites)
        .filter(
            suite ->
                (suite.startsWith("TLS_AES_")
                        || suite.startsWith("TLS_CHACHA20_")
                        || suite.startsWith("TLS_ECDHE_"))
                    && (suite.contains("_GCM_") || suite.contains("_CHACHA20_")))
        .toList();
  }
}
