// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Principal;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Contexts for libraries with sockets of their own, which ask for no check of the name. */
class TlsContextsTest {
  private static final int SOON = 10;
  private static final char[] PASSWORD = "secret".toCharArray();

  @TempDir Path folder;

  private final Pki.Entity authority = Pki.authority("CN=authority");
  private ServerSocket server;

  @AfterEach
  void close() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  /** A server of the JDK, with a certificate for these hosts. */
  private void serve(boolean asksClients, String... hosts) throws Exception {
    serve(asksClients, Pki.issue(authority, "CN=server", hosts));
  }

  private void serve(boolean asksClients, Pki.Entity entity) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry("server", entity.key(), PASSWORD, new Certificate[] {entity.certificate()});
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("authority", authority.certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    SSLServerSocket made =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 5, InetAddress.getLoopbackAddress());
    made.setNeedClientAuth(asksClients);
    server = made;
  }

  private Map<String, String> keys(String... more) throws IOException {
    Map<String, String> keys = new HashMap<>();
    keys.put("trust", authority.writeCertificate(folder.resolve("ca.pem")).toString());
    for (int i = 0; i < more.length; i += 2) {
      keys.put(more[i], more[i + 1]);
    }
    return keys;
  }

  /** Connects as a library does, above a socket of its own; gives the client that was seen. */
  private String connect(SSLContext context, String host) throws Exception {
    CompletableFuture<String> seen =
        CompletableFuture.supplyAsync(
            () -> {
              try (SSLSocket accepted = (SSLSocket) server.accept()) {
                accepted.setSoTimeout((int) TimeUnit.SECONDS.toMillis(SOON));
                accepted.getOutputStream().write(accepted.getInputStream().read());
                Principal peer =
                    accepted.getNeedClientAuth() ? accepted.getSession().getPeerPrincipal() : null;
                return peer == null ? "" : peer.getName();
              } catch (IOException e) {
                return "refused";
              }
            });
    int port = server.getLocalPort();
    try (Socket below = new Socket(InetAddress.getLoopbackAddress(), port);
        Socket socket = context.getSocketFactory().createSocket(below, host, port, true)) {
      socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(SOON));
      socket.getOutputStream().write('a');
      assertEquals('a', socket.getInputStream().read());
    }
    return seen.get(SOON, TimeUnit.SECONDS);
  }

  private void refused(SSLContext context, String host, String... texts) {
    String said = assertThrows(SSLException.class, () -> connect(context, host)).getMessage();
    for (String each : texts) {
      assertTrue(said.contains(each), said);
    }
  }

  @Test
  void theNameIsCheckedThoughNobodyAsks() throws Exception {
    serve(false, "right.example");
    SSLContext context = TlsContexts.client(keys());
    assertEquals("", connect(context, "right.example"));
    refused(context, "wrong.example", "'wrong.example'", "right.example");
  }

  @Test
  void anotherNameStandsForTheHost() throws Exception {
    serve(false, "right.example");
    assertEquals("", connect(TlsContexts.client(keys("serverName", "right.example")), "127.0.0.1"));
    refused(TlsContexts.client(keys("serverName", "wrong.example")), "right.example", "wrong");
  }

  @Test
  void theCheckOfTheNameCanBeLeftOut() throws Exception {
    serve(false, "right.example");
    assertEquals("", connect(TlsContexts.client(keys("checkName", "false")), "wrong.example"));
  }

  @Test
  void anUnknownAuthorityIsRefusedWithOrWithoutACheckOfTheName() throws Exception {
    serve(false, "right.example");
    Path other = Pki.authority("CN=other").writeCertificate(folder.resolve("other.pem"));
    for (String check : new String[] {"true", "false"}) {
      refused(
          TlsContexts.client(Map.of("trust", other.toString(), "checkName", check)),
          "right.example",
          "nobody who is trusted");
    }
  }

  @Test
  void anExpiredCertificateIsRefusedAlsoIfItIsItselfTrusted() throws Exception {
    Instant now = Instant.now();
    Instant begin = now.minus(Duration.ofDays(3));
    Instant end = now.minus(Duration.ofHours(5));
    Pki.Entity old = Pki.issueOf("EC", authority, "CN=old", begin, end, "right.example");
    serve(false, old);
    Path trust = old.writeCertificate(folder.resolve("old.pem"));
    refused(
        TlsContexts.client(Map.of("trust", trust.toString())),
        "right.example",
        "CN=old",
        "it expired on");
  }

  @Test
  void aClientShowsItsCertificate() throws Exception {
    serve(true, "right.example");
    Path key = Pki.issue(authority, "CN=client").write(folder.resolve("client.pem"));
    assertEquals(
        "CN=client", connect(TlsContexts.client(keys("key", key.toString())), "right.example"));
    assertThrows(IOException.class, () -> connect(TlsContexts.client(keys()), "right.example"));
  }

  @Test
  void everyWayToASocketIsChecked() throws Exception {
    serve(false, "127.0.0.1");
    InetAddress here = InetAddress.getByName("127.0.0.1");
    int port = server.getLocalPort();
    for (String name : new String[] {"", "wrong.example"}) {
      var sockets = TlsContexts.client(keys("serverName", name)).getSocketFactory();
      for (Way way :
          new Way[] {
            () -> sockets.createSocket("127.0.0.1", port),
            () -> sockets.createSocket("127.0.0.1", port, here, 0),
            () -> sockets.createSocket(here, port),
            () -> sockets.createSocket(here, port, here, 0),
          }) {
        CompletableFuture<Void> served =
            CompletableFuture.runAsync(
                () -> {
                  try (SSLSocket accepted = (SSLSocket) server.accept()) {
                    accepted.startHandshake();
                  } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                  }
                });
        try (SSLSocket socket = (SSLSocket) way.open()) {
          if (name.isEmpty()) {
            socket.startHandshake();
            served.get(SOON, TimeUnit.SECONDS);
          } else {
            assertThrows(SSLException.class, socket::startHandshake);
            assertThrows(ExecutionException.class, () -> served.get(SOON, TimeUnit.SECONDS));
          }
        }
      }
    }
  }

  private interface Way {
    Socket open() throws IOException;
  }

  @Test
  void enginesCheckTheNameToo() throws Exception {
    SSLContext context = TlsContexts.client(keys("serverName", "right.example"));
    for (SSLEngine engine :
        new SSLEngine[] {context.createSSLEngine(), context.createSSLEngine("10.0.0.1", 1)}) {
      assertEquals("right.example", engine.getPeerHost());
      assertEquals("HTTPS", engine.getSSLParameters().getEndpointIdentificationAlgorithm());
    }
    assertThrows(UnsupportedOperationException.class, context::getServerSocketFactory);
  }

  @Test
  void aChangedFileIsReadAgain() throws Exception {
    serve(false, "right.example");
    Path trust = folder.resolve("trust.pem");
    Files.writeString(trust, Pki.authority("CN=a quite different one").certificatePem());
    SSLContext context = TlsContexts.client(Map.of("trust", trust.toString()));
    refused(context, "right.example");
    authority.writeCertificate(trust);
    assertEquals("", connect(context, "right.example"));
    Files.writeString(trust, "nothing");
    assertEquals("", connect(context, "right.example"));
  }

  @ParameterizedTest
  @CsvSource({
    "trusts,       a,     'trusts: it is unknown; expected one of [certificates, checkName, key'",
    "clientAuth,   need,  'clientAuth: it is unknown'",
    "checkName,    maybe, \"checkName: 'maybe'\"",
    "certificates, a.pem, 'certificates: there is no key'",
  })
  void whatIsWrongIsNamed(String key, String value, String expected) {
    String said =
        assertThrows(IllegalArgumentException.class, () -> TlsContexts.client(Map.of(key, value)))
            .getMessage();
    assertTrue(said.startsWith(expected.replace("\"", "")), said);
  }

  @Test
  void aMissingFileIsNamedAtOnce() {
    Path gone = folder.resolve("gone.pem");
    String said =
        assertThrows(IOException.class, () -> TlsContexts.client(Map.of("trust", gone.toString())))
            .getMessage();
    assertTrue(said.contains(gone.toString()), said);
  }
}
