// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.keyboard.DefaultKeyboardInteractiveAuthenticator;
import org.apache.sshd.server.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.junit.jupiter.api.Test;

/** Which clients are let in, which servers are believed, and what is said when not. */
class TrustTest {
  private static String without(Endpoint endpoint, String key) {
    return endpoint.toString().replaceAll("&" + key + "=[^&]*", "");
  }

  private static <T extends Exception> T refused(Class<T> type, String endpoint) {
    return assertThrows(type, () -> Bench.open(Endpoint.parse(endpoint)));
  }

  private static void assertMentions(Exception thrown, String... expected) {
    for (String each : expected) {
      assertTrue(String.valueOf(thrown.getMessage()).contains(each), thrown + " without " + each);
    }
  }

  // ---- the server

  @Test
  void unknownServerIsRefusedUnlessNewOnesAreAccepted() throws Exception {
    try (Listener listener = Bench.listen()) {
      Path file = Bench.FOLDER.resolve("new-folder").resolve("known_hosts");
      String login =
          without(Bench.login(listener.endpoint()), "known-hosts") + "&known-hosts=" + file;
      for (String policy : List.of("", "&host-key-checking=yes", "&host-key-checking=ask")) {
        assertMentions(
            refused(HandshakeException.class, login + policy),
            "is not known",
            "SHA256:",
            file.toString());
      }
      assertFalse(Files.exists(file));
      Bench.open(Endpoint.parse(login + "&host-key-checking=accept-new")).close();
      assertEquals(
          List.of(
              "[127.0.0.1]:"
                  + Bench.port(listener.endpoint())
                  + " "
                  + Bench.publicKey(Bench.HOST_KEY)),
          Files.readAllLines(file));
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
      // Now it is known.
      Bench.open(Endpoint.parse(login)).close();
    }
  }

  @Test
  void changedKeyIsRefusedEvenWhereNewOnesAreAccepted() throws Exception {
    try (Listener listener = Bench.listen()) {
      int port = Bench.port(listener.endpoint());
      Path wrong = Bench.knownHosts(port, Bench.STRANGER_KEY);
      String login =
          without(Bench.login(listener.endpoint()), "known-hosts") + "&known-hosts=" + wrong;
      assertMentions(
          refused(HandshakeException.class, login + "&host-key-checking=accept-new"),
          "shows the key",
          wrong.toString());
      Bench.open(Endpoint.parse(login + "&host-key-checking=no")).close();
      Files.write(
          wrong, List.of("@revoked [127.0.0.1]:" + port + " " + Bench.publicKey(Bench.HOST_KEY)));
      assertMentions(refused(HandshakeException.class, login), "revoked");
    }
  }

  @Test
  void hashedNameIsKnown() throws Exception {
    try (Listener listener = Bench.listen()) {
      Path hashed = Bench.knownHosts(Bench.port(listener.endpoint()), Bench.HOST_KEY);
      OpenSsh.Outcome made =
          OpenSsh.run(List.of("ssh-keygen", "-H", "-f", hashed.toString()), new byte[0]);
      assertEquals(0, made.status(), made.errors());
      assertTrue(Files.readString(hashed).startsWith("|1|"));
      Bench.open(
              Endpoint.parse(
                  without(Bench.login(listener.endpoint()), "known-hosts")
                      + "&known-hosts="
                      + hashed))
          .close();
    }
  }

  // ---- the client

  @Test
  void encryptedKeyNeedsItsPassphrase() throws Exception {
    Path key = Bench.key("encrypted", "open sesame");
    Path authorized =
        Files.write(Bench.FOLDER.resolve("authorized-too"), List.of(Bench.publicKey(key)));
    Path right = Files.writeString(Bench.FOLDER.resolve("passphrase"), "open sesame\n");
    Path wrong = Files.writeString(Bench.FOLDER.resolve("wrong"), "open says me\n");
    Endpoint there =
        Endpoint.parse(
            "ssh-listen://127.0.0.1:0?hostkey="
                + Bench.HOST_KEY
                + "&authorized-keys="
                + authorized);
    try (Listener listener = Bench.CHANNELS.listen(there, ChannelOptions.defaults())) {
      String login =
          Bench.login(listener.endpoint())
              .toString()
              .replace("identity=" + Bench.CLIENT_KEY, "identity=" + key);
      Bench.open(Endpoint.parse(login + "&passphrase-file=" + right)).close();
      assertMentions(refused(IOException.class, login), "identity", key.toString(), "encrypted");
      IOException failed = refused(IOException.class, login + "&passphrase-file=" + wrong);
      assertMentions(failed, "passphrase-file");
      assertFalse(failed.getMessage().contains("open says me"));
      assertMentions(
          refused(IOException.class, login + "&passphrase-file=/no/such/file"), "/no/such/file");
    }
  }

  @Test
  void passwordIsGivenWhenItIsAskedForAndWhenASecretIs() throws Exception {
    Path secret = Files.writeString(Bench.FOLDER.resolve("password"), "xyzzy\n");
    Path wrong = Files.writeString(Bench.FOLDER.resolve("wrong-password"), "plugh\n");
    for (boolean interactive : new boolean[] {false, true}) {
      try (SshServer other = SshServer.setUpDefaultServer()) {
        other.setHost("127.0.0.1");
        other.setKeyPairProvider(new FileKeyPairProvider(Bench.HOST_KEY));
        other.setPasswordAuthenticator((user, password, session) -> password.equals("xyzzy"));
        other.setKeyboardInteractiveAuthenticator(DefaultKeyboardInteractiveAuthenticator.INSTANCE);
        other.setUserAuthFactories(
            List.of(
                interactive
                    ? UserAuthKeyboardInteractiveFactory.INSTANCE
                    : UserAuthPasswordFactory.INSTANCE));
        other.start();
        String login =
            "ssh://tester@127.0.0.1:"
                + other.getPort()
                + "?known-hosts="
                + Bench.knownHosts(other.getPort(), Bench.HOST_KEY);
        Bench.open(Endpoint.parse(login + "&password-file=" + secret)).close();
        HandshakeException refused =
            refused(HandshakeException.class, login + "&password-file=" + wrong);
        assertMentions(refused, "tester", wrong.toString());
        assertFalse(refused.getMessage().contains("plugh"));
        assertMentions(refused(HandshakeException.class, login), "identity=");
      }
    }
  }

  @Test
  void onlyNamedUsersWithAKeyAreLetIn() throws Exception {
    try (Listener listener = Bench.listen("users=alice,tester")) {
      String login = Bench.login(listener.endpoint()).toString();
      Bench.open(Endpoint.parse(login)).close();
      assertMentions(
          refused(HandshakeException.class, login.replace("tester@", "mallory@")), "mallory");
      assertMentions(
          refused(
              HandshakeException.class,
              login.replace("identity=" + Bench.CLIENT_KEY, "identity=" + Bench.STRANGER_KEY)),
          "SHA256:");
    }
  }

  @Test
  void missingHostKeyIsMadeForItsOwnerOnly() throws Exception {
    Path key = Bench.FOLDER.resolve("made");
    Endpoint there =
        Endpoint.parse(
            "ssh-listen://127.0.0.1:0?hostkey=" + key + "&authorized-keys=" + Bench.AUTHORIZED);
    Bench.CHANNELS.listen(there, ChannelOptions.defaults()).close();
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
    String first = Files.readString(key);
    OpenSsh.Outcome read = OpenSsh.run(List.of("ssh-keygen", "-yf", key.toString()), new byte[0]);
    assertTrue(read.text().startsWith("ssh-ed25519 "), read.errors());
    Bench.CHANNELS.listen(there, ChannelOptions.defaults()).close();
    assertEquals(first, Files.readString(key));
  }

  // ---- what cannot be used

  @Test
  void whatIsNotAllowedIsRefusedNamingIt() {
    String listen = "ssh-listen://127.0.0.1:0?authorized-keys=" + Bench.AUTHORIZED;
    for (String[] bad :
        new String[][] {
          {listen, "hostkey"},
          {"ssh-listen://127.0.0.1:0?hostkey=" + Bench.HOST_KEY, "authorized-keys"},
          {listen + "&hostkey=" + Bench.HOST_KEY + "&allow=everything", "everything"},
          {
            listen + "&hostkey=" + Bench.HOST_KEY + "&window=1KiB",
            "window: '1KiB'",
            "32KiB to 1GiB"
          },
          {
            listen + "&hostkey=" + Bench.HOST_KEY + "&max-sessions=0",
            "max-sessions",
            "1 to 1000000"
          },
          {listen + "&hostkey=" + Bench.HOST_KEY + "&max-channels=1KiB", "'1KiB'", "a number"},
          {listen + "&hostkey=" + Bench.HOST_KEY + "&login-timeout=0s", "login-timeout"},
        }) {
      assertMentions(
          assertThrows(
              IllegalArgumentException.class,
              () -> Bench.CHANNELS.listen(Endpoint.parse(bad[0]), ChannelOptions.defaults())),
          List.of(bad).subList(1, bad.length).toArray(String[]::new));
    }
    for (String[] bad :
        new String[][] {
          {"exec=a&shell=true", "one channel"},
          {"host-key-checking=perhaps", "perhaps"},
          {"stderr=away", "away"},
          {"columns=80", "pty"},
          {"direct=nowhere", "nowhere"},
          {"persist=1s", "share"},
          {"shell=maybe", "maybe"},
        }) {
      assertMentions(
          assertThrows(
              IllegalArgumentException.class,
              () -> Bench.open(Endpoint.parse("ssh://a@127.0.0.1:1?" + bad[0]))),
          bad[1]);
    }
    for (String bad :
        List.of("ssh:a@b", "ssh://127.0.0.1:22", "ssh://a@", "ssh://a@b:0", "ssh://a@::1:22")) {
      AddressException refused = refused(AddressException.class, bad);
      assertEquals(AddressException.Kind.INVALID, refused.kind());
    }
    assertMentions(
        assertThrows(
            IOException.class,
            () ->
                Bench.CHANNELS.listen(
                    Endpoint.parse(
                        "ssh-listen://127.0.0.1:0?hostkey="
                            + Bench.HOST_KEY
                            + "&authorized-keys=/no/such/file"),
                    ChannelOptions.defaults())),
        "authorized-keys",
        "/no/such/file");
  }

  @Case(seconds = 60)
  void silentServerCostsNoMoreThanTheLimit() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ChannelOptions options = ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(200));
      StreamTimeoutException late =
          assertThrows(
              StreamTimeoutException.class,
              () ->
                  Bench.CHANNELS.open(
                      Endpoint.parse("ssh://a@127.0.0.1:" + silent.getLocalPort()),
                      options,
                      Bench.SOON));
      assertMentions(late, "200 ms");
    }
  }

  @Case(seconds = 60)
  void whatIsNeverAnsweredCostsNoMoreThanTheLimit() throws Exception {
    try (Paramiko.Server server = Paramiko.Server.start("")) {
      String login = server.login("share=true").toString();
      try (Channel first = Bench.open(Endpoint.parse(login))) {
        // Within it a slow machine, too, must have asked.
        ChannelOptions options =
            ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(2));
        for (String silent : List.of("exec=silent", "exec=echo&pty=silent", "direct=silent:1")) {
          StreamTimeoutException late =
              assertThrows(
                  StreamTimeoutException.class,
                  () ->
                      Bench.CHANNELS.open(
                          Endpoint.parse(login + "&" + silent), options, Bench.SOON),
                  silent);
          assertMentions(late, "the server has not opened the channel", "2000 ms");
          // Now it is, when nobody wants it any more: that is no offence.
          server.script().go();
        }
        // The others on this connection have not lost it.
        Bench.client(first).exec(ByteBuffer.wrap("echo".getBytes(UTF_8)), Bench.SOON);
        first.sink().writeFully("still here", Bench.SOON);
        first.sink().end();
        assertEquals(
            ByteBuffer.wrap("still here".getBytes(UTF_8)), first.source().readAll(99, Bench.SOON));
      }
    }
  }

  @Test
  void serverThatSpeaksSomethingElseIsNamed() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread speaker =
          new Thread(
              () -> {
                try (var peer = other.accept()) {
                  peer.getOutputStream().write("SSH-1.5-old\r\n".getBytes());
                  peer.getInputStream().readAllBytes();
                } catch (IOException e) {
                  System.getLogger("io.penstock").log(System.Logger.Level.DEBUG, "cut", e);
                }
              });
      speaker.start();
      assertThrows(
          HandshakeException.class,
          () -> Bench.open(Endpoint.parse("ssh://a@127.0.0.1:" + other.getLocalPort())));
      speaker.join();
    }
  }

  @Test
  void clientThatDoesNotLogInIsCut() throws Exception {
    try (Listener listener = Bench.listen("login-timeout=200ms");
        var client =
            new java.net.Socket(
                InetAddress.getLoopbackAddress(), Bench.port(listener.endpoint()))) {
      client.setSoTimeout(20_000);
      client.getInputStream().readAllBytes();
    }
  }

  @Test
  void connectionIsCutOnceItIsSilentForTooLong() throws Exception {
    Duration most = Duration.ofSeconds(4);
    try (Listener listener = Bench.listen("idle-timeout=4s");
        Channel client = Bench.connect(listener);
        Channel server = listener.accept(Bench.SOON)) {
      long busy = System.nanoTime() + most.toNanos() * 3 / 2;
      ByteBuffer one = ByteBuffer.allocate(1);
      while (System.nanoTime() < busy) {
        client.sink().writeFully("x", Bench.SOON);
        server.source().readFully(one.clear(), Bench.SOON);
      }
      long silent = System.nanoTime();
      assertThrows(
          ConnectionResetException.class, () -> client.source().readFully(one.clear(), Bench.SOON));
      assertTrue(System.nanoTime() - silent > most.toNanos() / 4);
      assertThrows(
          ConnectionResetException.class, () -> server.source().readFully(one.clear(), Bench.SOON));
    }
  }

  @Test
  void connectionIsCutAtTheLastOfTheAttemptsThatMayFail() throws Exception {
    String strangers = Bench.STRANGER_KEY + "," + Bench.key("another", "");
    try (Listener one = Bench.listen("max-auth-tries=1");
        Listener two = Bench.listen("max-auth-tries=2")) {
      String login = Bench.login(one.endpoint()).toString();
      // Asking what is offered and showing the key are no failures.
      Bench.open(Endpoint.parse(login)).close();
      OpenSsh.Outcome openSsh =
          OpenSsh.run(
              OpenSsh.client(
                  Bench.port(one.endpoint()),
                  Bench.STRANGER_KEY,
                  "-i",
                  Bench.CLIENT_KEY.toString(),
                  "me@127.0.0.1",
                  "x"),
              new byte[0]);
      assertEquals(255, openSsh.status());
      assertTrue(openSsh.errors().contains("Too many"), openSsh.errors());
      assertMentions(refused(HandshakeException.class, withKeys(login, strangers)), "Too many");
      String other = Bench.login(two.endpoint()).toString();
      Bench.open(Endpoint.parse(withKeys(other, Bench.STRANGER_KEY + "," + Bench.CLIENT_KEY)))
          .close();
      assertMentions(
          refused(HandshakeException.class, withKeys(other, strangers + "," + Bench.CLIENT_KEY)),
          "Too many");
    }
  }

  private static String withKeys(String login, String keys) {
    return login.replace("identity=" + Bench.CLIENT_KEY, "identity=" + keys);
  }

  @Test
  void connectionBeyondTheLimitIsRefused() throws Exception {
    try (Listener listener = Bench.listen("max-sessions=1");
        Channel first = Bench.open(Bench.login(listener.endpoint()))) {
      assertThrows(IOException.class, () -> Bench.open(Bench.login(listener.endpoint())));
      assertTrue(first.isOpen());
    }
  }

  @Test
  void librariesAreNotAddedToTheWholeVirtualMachine() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener)) {
      assertTrue(client.isOpen());
      assertEquals(null, java.security.Security.getProvider("BC"));
    }
  }
}
