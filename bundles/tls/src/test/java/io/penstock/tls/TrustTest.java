// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.TlsFacet;
import io.penstock.error.HandshakeException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which side trusts which, by which files, and what is said when one does not. */
class TrustTest {
  @TempDir Path folder;

  private static TlsFacet facet(Channel channel) {
    return channel.facet(TlsFacet.class).orElseThrow();
  }

  private static X509Certificate shown(Channel channel) {
    return facet(channel).peerCertificates().get(0);
  }

  private Path write(Pki.Entity entity, String name) throws IOException {
    return entity.write(folder.resolve(name));
  }

  private static Listener serve(Path key, String... options) throws IOException {
    return Bench.CHANNELS.listen(
        Bench.endpoint("tls-listen://127.0.0.1:0?key=" + key, options), ChannelOptions.defaults());
  }

  private static HandshakeException refused(Listener listener, String... options) {
    return assertThrows(HandshakeException.class, () -> Bench.connect(listener, options));
  }

  private static void says(Exception refused, String... parts) {
    for (String part : parts) {
      assertTrue(
          String.valueOf(refused.getMessage()).contains(part),
          () -> "'" + refused.getMessage() + "' does not say '" + part + "'");
    }
  }

  // ---- the server's certificate

  @Test
  void whatWasAgreedOnCanBeAsked() throws Exception {
    try (Bench.Both both = Bench.meet("alpn=two,one")) {
      TlsFacet client = facet(both.client());
      TlsFacet server = facet(both.server());
      assertEquals("TLSv1.3", client.protocol());
      assertEquals(client.cipherSuite(), server.cipherSuite());
      assertTrue(client.cipherSuite().startsWith("TLS_"), client.cipherSuite());
      assertEquals(Optional.of("two"), client.applicationProtocol());
      assertEquals(Optional.of("two"), server.applicationProtocol());
      assertEquals(Bench.SERVER.certificate(), shown(both.client()));
      assertEquals(2, client.peerCertificates().size());
      assertEquals(Bench.SERVER.certificate(), server.localCertificates().get(0));
      assertEquals(List.of(), server.peerCertificates());
      assertEquals(List.of(), client.localCertificates());
      assertEquals(Optional.empty(), server.serverName(), "an address is no name to ask for");
      assertTrue(both.client().local().isPresent());
      assertEquals(both.client().local(), both.server().peer());
    }
  }

  @Test
  void wrongHostIsToldWithTheNamesOfTheCertificate() throws Exception {
    Path key = write(Pki.issue(Bench.AUTHORITY, "CN=other", "other.test", "10.1.2.3"), "k.pem");
    try (Listener listener = serve(key)) {
      says(refused(listener), "CN=other", "'127.0.0.1'", "other.test", "10.1.2.3");
      says(refused(listener, "serverName=wrong.test"), "'wrong.test'", "other.test");
      Bench.connect(listener, "serverName=other.test").close();
      Bench.connect(listener, "checkName=false").close();
    }
  }

  @Test
  void expiredCertificateIsToldWithItsDate() throws Exception {
    Instant now = Instant.now();
    Instant end = now.minus(Duration.ofHours(5));
    Pki.Entity old =
        Pki.issueOf(
            "EC", Bench.AUTHORITY, "CN=old", now.minus(Duration.ofDays(3)), end, "127.0.0.1");
    try (Listener listener = serve(write(old, "old.pem"))) {
      says(
          refused(listener),
          "CN=old",
          "serial " + old.certificate().getSerialNumber().toString(16),
          "CN=Test Authority",
          "expired on " + Certificates.time(old.certificate().getNotAfter()));
    }
    Pki.Entity early =
        Pki.issueOf(
            "EC",
            Bench.AUTHORITY,
            "CN=early",
            now.plus(Duration.ofHours(5)),
            now.plus(Duration.ofDays(1)),
            "127.0.0.1");
    try (Listener listener = serve(write(early, "early.pem"))) {
      says(refused(listener), "CN=early", "not valid before");
    }
  }

  @Test
  void expiredCertificateIsRefusedAlsoIfItIsItselfTrusted() throws Exception {
    Instant now = Instant.now();
    Instant end = now.minus(Duration.ofHours(5));
    Pki.Entity old =
        Pki.issueOf(
            "EC", Bench.AUTHORITY, "CN=old", now.minus(Duration.ofDays(3)), end, "127.0.0.1");
    Path key = write(old, "old.pem");
    Path trust = old.writeCertificate(folder.resolve("trust.pem"));
    String date = "expired on " + Certificates.time(old.certificate().getNotAfter());
    try (Listener listener = serve(key)) {
      HandshakeException refused =
          assertThrows(
              HandshakeException.class,
              () ->
                  Bench.CHANNELS.open(
                      Endpoint.parse("tls:" + listener.endpoint().address() + "?trust=" + trust),
                      ChannelOptions.defaults(),
                      Bench.SOON));
      says(refused, "CN=old", date);
    }
    // As of a server, so of a client.
    try (Warnings warnings = new Warnings();
        Listener listener = Bench.listen("clientAuth=need", "trust=" + trust + "," + Bench.TRUST)) {
      assertThrows(
          HandshakeException.class,
          () -> {
            try (Channel client = Bench.connect(listener, "key=" + key)) {
              client.source().read(ByteBuffer.allocate(1), Bench.SOON);
            }
          });
      assertTrue(warnings.seen(date), () -> "" + warnings.texts);
    }
  }

  @Test
  void unknownAuthorityIsNamed() throws Exception {
    Pki.Entity server = Pki.issue(Pki.authority("CN=Nobody"), "CN=leaf", "127.0.0.1");
    try (Listener listener = serve(write(server, "leaf.pem"))) {
      says(refused(listener), "CN=leaf", "nobody who is trusted", "CN=Nobody", "option trust");
    }
  }

  @Test
  void nobodyIsTrustedButWhomTheSystemTrustsByDefault() throws Exception {
    try (Listener listener = Bench.listen()) {
      String address = listener.endpoint().address();
      HandshakeException refused =
          assertThrows(
              HandshakeException.class,
              () ->
                  Bench.CHANNELS.open(
                      Endpoint.parse("tls:" + address), ChannelOptions.defaults(), Bench.SOON));
      says(refused, "nobody who is trusted", "CN=Test Authority");
      Endpoint both = Endpoint.parse("tls:" + address + "?trust=system," + Bench.TRUST);
      Bench.CHANNELS.open(both, ChannelOptions.defaults(), Bench.SOON).close();
    }
  }

  @Test
  void listenerGoesOnAfterHandshakesThatFail() throws Exception {
    try (Listener listener = Bench.listen();
        Warnings warnings = new Warnings()) {
      refused(listener, "serverName=wrong.test");
      assertTrue(warnings.seen("certificate"), "the alert is told: " + warnings.texts);
      Channel plain =
          Bench.CHANNELS.open(
              Endpoint.parse("tcp:" + listener.endpoint().address()),
              ChannelOptions.defaults(),
              Bench.SOON);
      plain.sink().writeFully("GET / HTTP/1.0\r\n\r\n", Bench.SOON);
      assertTrue(warnings.seen("is not TLS"), "told once: " + warnings.texts);
      plain.close();
      try (Channel client = Bench.connect(listener);
          Channel server = listener.accept(Bench.SOON)) {
        assertTrue(client.isOpen() && server.isOpen());
      }
    }
  }

  /** Two alerts that nobody has to sign: "user cancelled", then the end of the stream. */
  private static ByteBuffer cancelledAndClosed() {
    return ByteBuffer.wrap(new byte[] {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0});
  }

  @Test
  void serverThatCancelsAndClosesHasShownNoCertificate() throws Exception {
    Listener plain =
        Bench.CHANNELS.listen(
            Endpoint.parse("tcp-listen://127.0.0.1:0"), ChannelOptions.defaults());
    try (plain) {
      CompletableFuture<Void> between =
          CompletableFuture.runAsync(
              () -> {
                try (Channel client = plain.accept(Bench.SOON)) {
                  assertTrue(client.source().read(ByteBuffer.allocate(1), Bench.SOON) > 0);
                  client.sink().writeFully(cancelledAndClosed(), Bench.SOON);
                  while (client.source().read(ByteBuffer.allocate(1000), Bench.SOON) > 0) {
                    // Until the client has gone.
                  }
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      says(refused(plain), "before the handshake was done");
      between.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void clientThatCancelsAndClosesIsNotAccepted() throws Exception {
    try (Listener listener = Bench.listen();
        Warnings warnings = new Warnings();
        Channel stranger =
            Bench.CHANNELS.open(
                Endpoint.parse("tcp:" + listener.endpoint().address()),
                ChannelOptions.defaults(),
                Bench.SOON)) {
      stranger.sink().writeFully(cancelledAndClosed(), Bench.SOON);
      assertTrue(warnings.seen("no connection with"), "told: " + warnings.texts);
      assertThrows(WouldBlockException.class, () -> listener.accept(Wait.none()));
    }
  }

  // ---- the client's certificate

  @Test
  void clientIsKnownByItsCertificate() throws Exception {
    try (Listener listener = Bench.listen("clientAuth=need", "trust=" + Bench.TRUST);
        Channel client = Bench.connect(listener, "key=" + Bench.CLIENT_KEY);
        Channel server = listener.accept(Bench.SOON)) {
      assertEquals(Bench.CLIENT.certificate(), shown(server));
      assertEquals(Bench.CLIENT.certificate(), facet(client).localCertificates().get(0));
    }
  }

  @Test
  void clientWithoutACertificateIsRefusedWhereOneIsNeeded() throws Exception {
    for (String version : new String[] {"TLSv1.3", "TLSv1.2"}) {
      String protocols = "protocols=" + version;
      try (Warnings warnings = new Warnings();
          Listener listener = Bench.listen("clientAuth=need", "trust=" + Bench.TRUST, protocols)) {
        // With 1.3 the client is done before the server has looked.
        HandshakeException refused =
            assertThrows(
                HandshakeException.class,
                () -> {
                  try (Channel client = Bench.connect(listener, protocols)) {
                    client.source().read(ByteBuffer.allocate(1), Bench.SOON);
                  }
                });
        says(refused, "certificate");
        assertTrue(warnings.seen("the client has shown no certificate"), () -> "" + warnings.texts);
        assertThrows(IOException.class, () -> listener.accept(Wait.upTo(Duration.ofMillis(50))));
      }
    }
  }

  @Test
  void clientWhomNobodyVouchesForIsNamed() throws Exception {
    Path stranger = write(Pki.issue(Pki.authority("CN=Stranger CA"), "CN=stranger"), "s.pem");
    try (Warnings warnings = new Warnings();
        Listener listener = Bench.listen("clientAuth=want", "trust=" + Bench.TRUST)) {
      // It is not even shown to a server that trusts others.
      try (Channel client = Bench.connect(listener, "key=" + stranger);
          Channel server = listener.accept(Bench.SOON)) {
        assertEquals(List.of(), facet(server).peerCertificates());
        assertTrue(client.isOpen());
      }
      Instant now = Instant.now();
      Path old =
          write(
              Pki.issueOf(
                  "EC",
                  Bench.AUTHORITY,
                  "CN=old client",
                  now.minus(Duration.ofDays(3)),
                  now.minus(Duration.ofDays(2))),
              "old.pem");
      assertThrows(
          HandshakeException.class,
          () -> {
            try (Channel client = Bench.connect(listener, "key=" + old)) {
              client.source().read(ByteBuffer.allocate(1), Bench.SOON);
            }
          });
      assertTrue(warnings.seen("CN=old client"), () -> "" + warnings.texts);
    }
  }

  @Test
  void clientIsAskedAlsoIfItHasASessionWithoutACertificate() throws Exception {
    String first = "tls-listen://127.0.0.1:0?key=" + Bench.SERVER_KEY;
    String[] more = {"trust=" + Bench.TRUST, "clientAuth=none"};
    Endpoint bound;
    try (Listener listener =
        Bench.CHANNELS.listen(Bench.endpoint(first, more), ChannelOptions.defaults())) {
      bound = listener.endpoint();
      try (Channel client = Bench.connect(listener, "key=" + Bench.CLIENT_KEY);
          Channel server = listener.accept(Bench.SOON)) {
        assertEquals(List.of(), facet(server).peerCertificates());
        // What the client resumes comes with the first bytes.
        server.sink().writeFully("x", Bench.SOON);
        client.source().readFully(ByteBuffer.allocate(1), Bench.SOON);
      }
    }
    String again =
        first.replace(":0?", bound.address().substring(bound.address().lastIndexOf(':')) + "?");
    more[1] = "clientAuth=want";
    try (Listener listener =
            Bench.CHANNELS.listen(Bench.endpoint(again, more), ChannelOptions.defaults());
        Channel client = Bench.connect(listener, "key=" + Bench.CLIENT_KEY);
        Channel server = listener.accept(Bench.SOON)) {
      assertTrue(client.isOpen());
      assertEquals(Bench.CLIENT.certificate(), shown(server));
    }
  }

  // ---- names

  @Test
  void keyIsChosenByTheNameThatIsAskedFor() throws Exception {
    Path one = write(Pki.issueOf("RSA", Bench.AUTHORITY, "CN=one", "one.test"), "one.pem");
    Path two = write(Pki.issue(Bench.AUTHORITY, "CN=two", "*.two.test", "two.test"), "two.pem");
    try (Listener listener =
        Bench.CHANNELS.listen(
            Endpoint.parse("tls-listen://127.0.0.1:0?key=" + one + "," + two),
            ChannelOptions.defaults())) {
      Map<String, String> expected =
          Map.of("one.test", "CN=one", "two.test", "CN=two", "deep.two.test", "CN=two");
      for (Map.Entry<String, String> each : expected.entrySet()) {
        try (Channel client = Bench.connect(listener, "serverName=" + each.getKey());
            Channel server = listener.accept(Bench.SOON)) {
          assertEquals(each.getValue(), shown(client).getSubjectX500Principal().getName());
          assertEquals(Optional.of(each.getKey()), facet(server).serverName());
          assertEquals(Optional.of(each.getKey()), facet(client).serverName());
        }
      }
      // The first is for a client that asks for no name, or for another.
      try (Channel client = Bench.connect(listener, "checkName=false")) {
        assertEquals("CN=one", shown(client).getSubjectX500Principal().getName());
      }
      try (Channel client =
          Bench.connect(listener, "checkName=false", "serverName=a.deep.two.test")) {
        assertEquals("CN=one", shown(client).getSubjectX500Principal().getName());
      }
    }
  }

  @Test
  void protocolsOfTheApplicationMustHaveOneInCommon() throws Exception {
    try (Listener listener = Bench.listen("alpn=h2,http/1.1")) {
      try (Channel client = Bench.connect(listener, "alpn=http/1.1")) {
        assertEquals(Optional.of("http/1.1"), facet(client).applicationProtocol());
      }
      try (Channel client = Bench.connect(listener)) {
        assertEquals(Optional.empty(), facet(client).applicationProtocol());
      }
      says(refused(listener, "alpn=smtp"), "no_application_protocol", "alpn");
    }
  }

  // ---- versions and suites

  @Test
  void olderVersionIsRefusedUnlessItIsAllowed() throws Exception {
    try (Listener listener = Bench.listen()) {
      says(refused(listener, "protocols=TLSv1.2"), "protocol_version", "protocols");
    }
    try (Listener listener = Bench.listen("protocols=TLSv1.2")) {
      says(refused(listener), "protocol_version", "protocols");
    }
  }

  @Test
  void weakSuitesAreLeftOut() throws Exception {
    String[] all = {
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
      "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
      "TLS_RSA_WITH_AES_128_CBC_SHA",
      "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"
    };
    assertEquals(Arrays.asList(all).subList(0, 4), TlsOptions.strong(all));
    try (Bench.Both both = Bench.meet("ciphers=TLS_AES_256_GCM_SHA384")) {
      assertEquals("TLS_AES_256_GCM_SHA384", facet(both.client()).cipherSuite());
    }
  }

  // ---- files

  @Test
  void pkcs12HoldsSeveralKeysAndTrust() throws Exception {
    Pki.Entity one = Pki.issue(Bench.AUTHORITY, "CN=one", "one.test");
    Pki.Entity two = Pki.issue(Bench.AUTHORITY, "CN=two", "two.test");
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    char[] password = "open sesame".toCharArray();
    for (Pki.Entity each : List.of(one, two)) {
      store.setKeyEntry(
          each.certificate().getSubjectX500Principal().getName(),
          each.key(),
          password,
          new Certificate[] {each.certificate(), Bench.AUTHORITY.certificate()});
    }
    Path keys = folder.resolve("keys.p12");
    try (OutputStream out = Files.newOutputStream(keys)) {
      store.store(out, password);
    }
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", Bench.AUTHORITY.certificate());
    Path trust = folder.resolve("trust.p12");
    try (OutputStream out = Files.newOutputStream(trust)) {
      trusted.store(out, password);
    }
    Path secret = Files.writeString(folder.resolve("secret"), "open sesame\nand a comment\n");
    try (Listener listener = serve(keys, "keyPasswordFile=" + secret)) {
      for (Pki.Entity each : List.of(one, two)) {
        String host = Certificates.dnsNames(each.certificate()).get(0);
        Endpoint endpoint =
            Endpoint.parse(
                "tls:"
                    + listener.endpoint().address()
                    + "?trust="
                    + trust
                    + "&trustPasswordFile="
                    + secret
                    + "&serverName="
                    + host);
        try (Channel client =
            Bench.CHANNELS.open(endpoint, ChannelOptions.defaults(), Bench.SOON)) {
          assertEquals(each.certificate(), shown(client));
        }
      }
    }
    Path wrong = Files.writeString(folder.resolve("wrong"), "close sesame");
    IOException refused =
        assertThrows(IOException.class, () -> serve(keys, "keyPasswordFile=" + wrong));
    says(refused, keys.toString(), "keyPasswordFile");
    assertFalse(refused.getMessage().contains("sesame"), "no secret in " + refused.getMessage());
  }

  @Test
  void encryptedKeyAndChainInAFileOfItsOwn() throws Exception {
    Pki.Entity server = Pki.issue(Bench.AUTHORITY, "CN=sealed", "127.0.0.1");
    byte[] sealed = Pki.sealed(server.key(), "sesame");
    Path key =
        Files.writeString(folder.resolve("sealed.pem"), Pki.pem("ENCRYPTED PRIVATE KEY", sealed));
    Path chain = Files.writeString(folder.resolve("chain.pem"), server.chainPem());
    Path secret = Files.writeString(folder.resolve("secret"), "sesame\n");
    try (Listener listener = serve(key, "certificates=" + chain, "keyPasswordFile=" + secret);
        Channel client = Bench.connect(listener)) {
      assertEquals(server.certificate(), shown(client));
    }
    says(
        assertThrows(IOException.class, () -> serve(key, "certificates=" + chain)),
        key.toString(),
        "keyPasswordFile");
    Path wrong = Files.writeString(folder.resolve("wrong"), "mellon");
    says(
        assertThrows(
            IOException.class,
            () -> serve(key, "certificates=" + chain, "keyPasswordFile=" + wrong)),
        "cannot be decrypted");
  }

  @Test
  void filesThatCannotBeUsedAreRefusedNamingThem() throws Exception {
    Path missing = folder.resolve("missing.pem");
    says(assertThrows(IOException.class, () -> serve(missing)), missing.toString(), "no such file");
    Path trust = Bench.TRUST;
    says(assertThrows(IOException.class, () -> serve(trust)), trust.toString(), "private key");
    Path text = Files.writeString(folder.resolve("text"), "hello");
    says(assertThrows(IOException.class, () -> serve(text)), text.toString(), "PEM", "PKCS#12");
    Pki.Entity one = Pki.issue(Bench.AUTHORITY, "CN=one", "one.test");
    Pki.Entity two = Pki.issueOf("RSA", Bench.AUTHORITY, "CN=two", "two.test");
    Pki.Entity three = Pki.issue(Bench.AUTHORITY, "CN=three", "three.test");
    for (Pki.Entity other : List.of(two, three)) {
      Path mixed = Files.writeString(folder.resolve("mixed.pem"), one.keyPem() + other.chainPem());
      says(
          assertThrows(IOException.class, () -> serve(mixed)),
          "does not belong",
          other.certificate().getSubjectX500Principal().getName());
    }
    Path old =
        Files.writeString(
            folder.resolve("old.pem"),
            Pki.pem("RSA PRIVATE KEY", new byte[] {1, 2, 3}) + two.chainPem());
    says(assertThrows(IOException.class, () -> serve(old)), "RSA PRIVATE KEY", "PKCS#8", "openssl");
    Path lonely = Files.writeString(folder.resolve("lonely.pem"), one.keyPem());
    says(assertThrows(IOException.class, () -> serve(lonely)), "no certificate", "certificates");
  }

  @Test
  void optionsThatAreNotAllowedAreRefusedNamingThem() {
    Map<String, String> wrong =
        Map.of(
            "protocols", "SSLv3",
            "ciphers", "NULL",
            "clientAuth", "maybe",
            "handshakeTimeout", "0s",
            "alpn", "x".repeat(256));
    wrong.forEach(
        (key, value) ->
            says(
                assertThrows(IllegalArgumentException.class, () -> Bench.listen(key + "=" + value)),
                key,
                value.substring(0, Math.min(5, value.length()))));
    IllegalArgumentException keyless =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Bench.CHANNELS.listen(
                    Endpoint.parse("tls-listen://127.0.0.1:0"), ChannelOptions.defaults()));
    says(keyless, "key", "PEM");
    says(
        assertThrows(
            IllegalArgumentException.class, () -> Bench.listen("certificates=a.pem,b.pem")),
        "certificates",
        "2 files for 1 keys");
    says(
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Bench.CHANNELS.connect(
                    Endpoint.parse("tls://127.0.0.1:1?checkName=perhaps"),
                    ChannelOptions.defaults())),
        "checkName",
        "perhaps");
  }

  @Test
  void clientAboveAChannelNeedsANameToCheck() {
    ChannelPair pair = Bench.CHANNELS.pair(ChannelOptions.defaults());
    says(
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Bench.CHANNELS.over(
                    pair.left(), Endpoint.parse("tls:"), ChannelOptions.defaults())),
        "serverName",
        "tls://HOST:PORT");
    assertTrue(pair.left().isOpen(), "what was refused has not touched the channel below");
    pair.left().abort(new IOException("the test is over"));
    pair.right().abort(new IOException("the test is over"));
  }

  // ---- rotation

  @Test
  void changedKeyIsForNewConnectionsAndABadOneForNone() throws Exception {
    Path key = write(Pki.issue(Bench.AUTHORITY, "CN=first", "127.0.0.1"), "k.pem");
    try (Warnings warnings = new Warnings();
        Listener listener = serve(key);
        Channel before = Bench.connect(listener);
        Channel peer = listener.accept(Bench.SOON)) {
      assertEquals("CN=first", shown(before).getSubjectX500Principal().getName());
      write(Pki.issue(Bench.AUTHORITY, "CN=second", "127.0.0.1"), "k.pem");
      try (Channel after = Bench.connect(listener)) {
        assertEquals("CN=second", shown(after).getSubjectX500Principal().getName());
      }
      Files.writeString(key, "half a file");
      try (Channel after = Bench.connect(listener)) {
        assertEquals("CN=second", shown(after).getSubjectX500Principal().getName());
      }
      assertTrue(warnings.seen(key.toString()), () -> "told once: " + warnings.texts);
      write(Pki.issue(Bench.AUTHORITY, "CN=third", "127.0.0.1"), "k.pem");
      try (Channel after = Bench.connect(listener)) {
        assertEquals("CN=third", shown(after).getSubjectX500Principal().getName());
      }
      before.sink().writeFully("still here", Bench.SOON);
      ByteBuffer got = ByteBuffer.allocate(10);
      peer.source().readFully(got, Bench.SOON);
    }
  }

  @Test
  void changedPkcs12WithoutACertificateIsForNone() throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "sesame");
    char[] password = "sesame".toCharArray();
    Pki.Entity entity = Pki.issue(Bench.AUTHORITY, "CN=first", "127.0.0.1");
    Path keys = folder.resolve("keys.p12");
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("own", entity.key(), password, new Certificate[] {entity.certificate()});
    try (OutputStream out = Files.newOutputStream(keys)) {
      store.store(out, password);
    }
    try (Warnings warnings = new Warnings();
        Listener listener = serve(keys, "keyPasswordFile=" + secret)) {
      Bench.connect(listener).close();
      KeyStore lonely = KeyStore.getInstance("PKCS12");
      lonely.load(null, null);
      lonely.setKeyEntry("own", Pki.sealed(entity.key(), "sesame"), null);
      try (OutputStream out = Files.newOutputStream(keys)) {
        lonely.store(out, password);
      }
      try (Channel after = Bench.connect(listener)) {
        assertEquals("CN=first", shown(after).getSubjectX500Principal().getName());
      }
      assertTrue(
          warnings.seen(keys + ": there is no certificate"), () -> "told: " + warnings.texts);
    }
    Path other = Files.copy(keys, folder.resolve("other.p12"));
    says(
        assertThrows(IOException.class, () -> serve(other, "keyPasswordFile=" + secret)),
        other + ": there is no certificate for the key 'own' in it");
  }

  /** Connections come and go, one stays busy, and keys change all the while: nothing fails. */
  @Test
  void rotationUnderLoad() throws Exception {
    int rotations = 20;
    Path key = write(Pki.issue(Bench.AUTHORITY, "CN=r0", "127.0.0.1"), "k.pem");
    ExecutorService threads = Executors.newCachedThreadPool();
    AtomicBoolean stop = new AtomicBoolean();
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (Listener listener = serve(key)) {
      List<Future<?>> tasks = new ArrayList<>();
      threads.submit(() -> echo(listener, threads));
      CountDownLatch[] used = new CountDownLatch[rotations + 1];
      Arrays.setAll(used, i -> new CountDownLatch(2));
      for (int i = 0; i < 2; i++) {
        tasks.add(
            threads.submit(
                () -> {
                  while (!stop.get()) {
                    try (Channel client = Bench.connect(listener)) {
                      String name = shown(client).getSubjectX500Principal().getName();
                      seen.add(name);
                      ping(client);
                      used[Integer.parseInt(name.substring("CN=r".length()))].countDown();
                    }
                  }
                  return null;
                }));
      }
      tasks.add(
          threads.submit(
              () -> {
                try (Channel client = Bench.connect(listener)) {
                  while (!stop.get()) {
                    ping(client);
                  }
                }
                return null;
              }));
      for (int i = 1; i <= rotations; i++) {
        assertTrue(used[i - 1].await(20, TimeUnit.SECONDS), "key " + (i - 1) + " was not used");
        write(Pki.issue(Bench.AUTHORITY, "CN=r" + i, "127.0.0.1"), "k.pem");
      }
      assertTrue(used[rotations].await(20, TimeUnit.SECONDS), "the last key was not used");
      stop.set(true);
      for (Future<?> each : tasks) {
        each.get(20, TimeUnit.SECONDS);
      }
      assertEquals(rotations + 1, seen.stream().distinct().count());
    } finally {
      stop.set(true);
      threads.shutdownNow();
    }
  }

  private static Void echo(Listener listener, ExecutorService threads) throws IOException {
    while (true) {
      Channel channel = listener.accept(Wait.forever());
      threads.submit(
          () -> {
            try (channel) {
              long moved = 0;
              while (moved >= 0) {
                moved = channel.source().transferTo(channel.sink(), Long.MAX_VALUE, Wait.forever());
              }
            }
            return null;
          });
    }
  }

  private static void ping(Channel channel) throws IOException {
    channel.sink().writeFully("ping", Bench.SOON);
    ByteBuffer got = ByteBuffer.allocate(4);
    channel.source().readFully(got, Bench.SOON);
  }
}
