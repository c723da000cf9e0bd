// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Passwords and passphrases that are given and not read from files: used, and never shown. */
class SecretsTest {
  private static final String SECRET = "xyzzy";

  /** By a strong reference: a logger is forgotten otherwise, and its level. */
  private final Logger logger = Logger.getLogger("");

  private final Queue<String> seen = new ConcurrentLinkedQueue<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          seen.add(new SimpleFormatter().format(entry));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };
  private Level before;

  @BeforeEach
  void listen() {
    before = logger.getLevel();
    handler.setLevel(Level.ALL);
    logger.addHandler(handler);
    logger.setLevel(Level.ALL);
  }

  @AfterEach
  void nothingIsShown() {
    logger.removeHandler(handler);
    logger.setLevel(before);
    assertTrue(seen.stream().anyMatch(line -> line.contains("sshd")), "nothing was logged at all");
    for (String each : seen) {
      assertFalse(each.contains(SECRET), each);
    }
  }

  private static ChannelOptions with(String key, String value) {
    return ChannelOptions.defaults().withSecret(key, value);
  }

  private Channel open(String endpoint, ChannelOptions options) throws IOException {
    seen.add(options.toString());
    try {
      Channel channel = Bench.CHANNELS.open(Endpoint.parse(endpoint), options, Bench.SOON);
      seen.add(channel + " " + channel.name() + " " + channel.endpoint());
      return channel;
    } catch (IOException | RuntimeException e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      seen.add(trace.toString());
      throw e;
    }
  }

  @Test
  void passwordOpensTheServer() throws Exception {
    try (SshServer other = SshServer.setUpDefaultServer()) {
      other.setHost("127.0.0.1");
      other.setKeyPairProvider(new FileKeyPairProvider(Bench.HOST_KEY));
      other.setPasswordAuthenticator((user, password, session) -> password.equals(SECRET));
      other.setUserAuthFactories(List.of(UserAuthPasswordFactory.INSTANCE));
      other.start();
      String login =
          "ssh://tester@127.0.0.1:"
              + other.getPort()
              + "?share=true&known-hosts="
              + Bench.knownHosts(other.getPort(), Bench.HOST_KEY);
      Channel channel = open(login, with("password", SECRET));
      // Another password is another connection.
      HandshakeException refused =
          assertThrows(
              HandshakeException.class, () -> open(login, with("password", SECRET + "-wrong")));
      assertTrue(refused.getMessage().contains("password"), refused.getMessage());
      channel.close();
    }
  }

  @Test
  void passphrasesOpenOurKeysOnBothSides() throws Exception {
    Path host = Bench.FOLDER.resolve("encrypted-host");
    String listening =
        "ssh-listen://127.0.0.1:0?hostkey=" + host + "&authorized-keys=" + Bench.AUTHORIZED;
    for (int again = 0; again < 2; again++) {
      try (Listener listener =
          Bench.CHANNELS.listen(Endpoint.parse(listening), with("passphrase", SECRET + "-host"))) {
        Path client = Bench.key("encrypted-client", SECRET + "-client");
        Files.writeString(
            Bench.AUTHORIZED,
            Bench.publicKey(Bench.CLIENT_KEY) + "\n" + Bench.publicKey(client) + "\n");
        String login =
            "ssh://tester@127.0.0.1:"
                + Bench.port(listener.endpoint())
                + "?exec=x&host-key-checking=no&identity="
                + client;
        open(login, with("passphrase", SECRET + "-client")).close();
        IOException wrong =
            assertThrows(IOException.class, () -> open(login, with("passphrase", SECRET)));
        assertTrue(wrong.getMessage().contains("passphrase"), wrong.getMessage());
      }
    }
    IOException wrong =
        assertThrows(
            IOException.class,
            () -> Bench.CHANNELS.listen(Endpoint.parse(listening), with("passphrase", SECRET)));
    seen.add(wrong.toString());
    assertTrue(wrong.getMessage().contains("does not fit"), wrong.getMessage());
  }

  @Test
  void secretThatNobodyKnowsOrThatIsGivenTwiceIsRefused() throws Exception {
    IllegalArgumentException unknown =
        assertThrows(
            IllegalArgumentException.class,
            () -> open("tcp://127.0.0.1:1", with("password", SECRET)));
    assertTrue(unknown.getMessage().contains("'password'"), unknown.getMessage());
    try (Listener listener = Bench.listen()) {
      String login = Bench.login(listener.endpoint()).toString();
      unknown =
          assertThrows(IllegalArgumentException.class, () -> open(login, with("pasword", SECRET)));
      assertTrue(unknown.getMessage().contains("passphrase, password"), unknown.getMessage());
      IllegalArgumentException twice =
          assertThrows(
              IllegalArgumentException.class,
              () -> open(login + "&password-file=x", with("password", SECRET)));
      assertTrue(twice.getMessage().contains("password-file"), twice.getMessage());
      Bench.open(Endpoint.parse(login)).close();
    }
    assertThrows(IllegalArgumentException.class, () -> with("password", ""));
    ChannelOptions options = with("password", SECRET);
    assertEquals(SECRET, options.secret("password").orElseThrow());
    assertEquals(List.of("password"), List.copyOf(options.secretKeys()));
    assertTrue(options.extra().isEmpty() && options.secret("x").isEmpty());
  }
}
