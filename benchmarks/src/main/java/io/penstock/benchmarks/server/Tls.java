// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.penstock.channel.Endpoint;
import io.penstock.standalone.Penstock;
import io.penstock.tls.TlsProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** TLS 1.3 with one cipher suite and one certificate for all, which is in a folder. */
public final class Tls {
  private static final String PROTOCOL = "TLSv1.3";
  private static final String SUITE = "TLS_AES_128_GCM_SHA256";
  private static final String PASSWORD = "benchmarks";

  /** The protocol, as the JDK's sockets take it. */
  static final String[] PROTOCOLS = {PROTOCOL};

  /** The cipher suite, as the JDK's sockets take it. */
  static final String[] SUITES = {SUITE};

  private Tls() {}

  /** For the report. */
  public static String text() {
    return PROTOCOL + ", " + SUITE;
  }

  /** Makes the key, its certificate and the file of the password. */
  public static void prepare(Path folder) throws IOException, InterruptedException {
    Files.writeString(folder.resolve("password"), PASSWORD + "\n");
    keytool(
        folder,
        "-genkeypair -keyalg EC -groupname secp256r1 -dname CN=localhost -ext san=ip:127.0.0.1"
            + " -validity 7");
    keytool(folder, "-exportcert -rfc -file " + folder.resolve("certificate.pem"));
  }

  private static void keytool(Path folder, String arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments.split(" ")));
    command.addAll(
        List.of("-alias", "server", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"));
    command.add(folder.resolve("key.p12").toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
  }

  static Penstock penstock() {
    Penstock penstock = Penstock.open();
    penstock.provide(new TlsProvider(penstock.provider("tcp").orElseThrow()));
    return penstock;
  }

  private static Endpoint with(Endpoint endpoint, String options) {
    return Endpoint.parse(endpoint + "?protocols=" + PROTOCOL + "&ciphers=" + SUITE + options);
  }

  static Endpoint listening(Address address, Path folder) {
    return with(
        address.listening("tls"),
        "&key=" + folder.resolve("key.p12") + "&keyPasswordFile=" + folder.resolve("password"));
  }

  static Endpoint connecting(Address address, Path folder) {
    return with(address.connecting("tls"), "&trust=" + folder.resolve("certificate.pem"));
  }

  private static KeyManagerFactory keys(Path folder) throws IOException, GeneralSecurityException {
    KeyStore store =
        KeyStore.getInstance(folder.resolve("key.p12").toFile(), PASSWORD.toCharArray());
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD.toCharArray());
    return keys;
  }

  /** The JDK's, with the key. */
  public static SSLContext jdkServer(Path folder) throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance(PROTOCOL);
    context.init(keys(folder).getKeyManagers(), null, null);
    return context;
  }

  /** What the JDK's clients trust: the certificate. */
  public static TrustManager[] trust(Path folder) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream certificate = Files.newInputStream(folder.resolve("certificate.pem"))) {
      store.setCertificateEntry(
          "server", CertificateFactory.getInstance("X.509").generateCertificate(certificate));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    return trust.getTrustManagers();
  }

  /** A new context of a client, which has no session to go on with. */
  public static SSLContext jdkClient(TrustManager[] trust) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance(PROTOCOL);
    context.init(null, trust, null);
    return context;
  }

  /** Netty with the JDK's engine. */
  static SslContext nettyServer(Path folder) throws IOException, GeneralSecurityException {
    return of(SslContextBuilder.forServer(keys(folder)));
  }

  static SslContext nettyClient(Path folder) throws IOException {
    return of(
        SslContextBuilder.forClient().trustManager(folder.resolve("certificate.pem").toFile()));
  }

  private static SslContext of(SslContextBuilder builder) throws IOException {
    return builder.sslProvider(SslProvider.JDK).protocols(PROTOCOL).ciphers(List.of(SUITE)).build();
  }
}
