// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates of users: a user that gets in with {@code ssh} gets in here. */
class UserCertificateTest {
  private static final String USER = System.getProperty("user.name");

  private static OpenSsh.Server server;
  private static Path authority;

  @BeforeAll
  static void start() throws Exception {
    authority = made("user-authority", "ed25519");
    server = OpenSsh.Server.start("TrustedUserCAKeys " + authority + ".pub");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void keygen(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ssh-keygen", "-q"));
    command.addAll(List.of(words));
    OpenSsh.Outcome outcome = OpenSsh.run(command, new byte[0]);
    assertEquals(0, outcome.status(), outcome.errors());
  }

  private static Path made(String name, String type) throws Exception {
    Path file = Bench.FOLDER.resolve(name);
    keygen("-N", "", "-t", type, "-f", file.toString());
    return file;
  }

  /** A key that nobody knows, with a certificate beside it. */
  private static Path certified(String name, String type, String user) throws Exception {
    Path key = made(name, type);
    keygen("-s", authority.toString(), "-I", "somebody", "-n", user, key + ".pub");
    return key;
  }

  private static Endpoint with(Path agent) throws Exception {
    return Endpoint.parse(
        server.exec("echo in").toString().replaceAll("identity=[^&]*&", "") + "&agent=" + agent);
  }

  private static void assertIn(Endpoint endpoint) throws Exception {
    try (Channel channel = Bench.open(endpoint)) {
      ByteBuffer said = channel.source().readAll(99, Bench.SOON);
      assertEquals("in\n", StandardCharsets.UTF_8.decode(said).toString());
    }
  }

  /** What {@code ssh} does with the same agent. */
  private static int openSsh(Path agent) throws Exception {
    return OpenSsh.run(
            List.of(
                "env",
                "SSH_AUTH_SOCK=" + agent,
                "ssh",
                "-F",
                "none",
                "-o",
                "BatchMode=yes",
                "-o",
                "IdentityFile=none",
                "-o",
                "UserKnownHostsFile=" + Bench.knownHosts(server.port(), Bench.HOST_KEY),
                "-p",
                String.valueOf(server.port()),
                USER + "@127.0.0.1",
                "true"),
            new byte[0])
        .status();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ed25519", "rsa", "ecdsa"})
  void agentLogsInByACertificate(String type) throws Exception {
    Path key = certified("agents-certified-" + type, type, USER);
    try (OpenSshAgent agent = OpenSshAgent.start(key)) {
      assertTrue(agent.add("-l").contains("-CERT"));
      assertEquals(0, openSsh(agent.socket()));
      assertIn(with(agent.socket()));
    }
  }

  @Test
  void certificateForSomebodyElseIsPassedOver() throws Exception {
    Path other = certified("agents-of-another", "ed25519", "nobody-of-that-name");
    Path right = certified("agents-of-the-user", "ed25519", USER);
    try (OpenSshAgent agent = OpenSshAgent.start(other)) {
      assertEquals(255, openSsh(agent.socket()));
      HandshakeException refused =
          assertThrows(HandshakeException.class, () -> Bench.open(with(agent.socket())));
      assertTrue(refused.getMessage().contains("the agent's key"), refused.getMessage());
      agent.add(right.toString());
      assertEquals(0, openSsh(agent.socket()));
      assertIn(with(agent.socket()));
    }
  }

  @Test
  void fileLogsInByTheCertificateBesideIt() throws Exception {
    Path key = certified("file-certified", "ed25519", USER);
    assertIn(
        Endpoint.parse(
            server
                .exec("echo in")
                .toString()
                .replace(Bench.CLIENT_KEY.toString(), key.toString())));
  }

  @Test
  void certificateOfAnotherKeyIsPassedOver() throws Exception {
    Path other = certified("file-of-another-key", "ed25519", USER);
    Path key = Bench.key("file-with-the-wrong-certificate", "");
    Files.copy(Path.of(other + "-cert.pub"), Path.of(key + "-cert.pub"));
    String login = server.exec("echo in").toString();
    try (LogLines log = new LogLines("io.penstock", Level.WARNING)) {
      assertThrows(
          HandshakeException.class,
          () ->
              Bench.open(
                  Endpoint.parse(login.replace(Bench.CLIENT_KEY.toString(), key.toString()))));
      log.await("no certificate for the key beside it");
      Files.writeString(Path.of(key + "-cert.pub"), "ssh-ed25519-cert-v01@openssh.com AAAA x\n");
      assertIn(
          Endpoint.parse(login.replace(Bench.CLIENT_KEY.toString(), key + "," + Bench.CLIENT_KEY)));
      log.await("is passed over");
    }
  }

  /** As with OpenSSH's sshd: keys say which users are let in, and an authority is not supported. */
  @ParameterizedTest
  @ValueSource(strings = {"", "cert-authority "})
  void listenerOfOursLetsNobodyInByACertificate(String option) throws Exception {
    Path key = certified("ours-by-certificate-" + option.strip(), "ed25519", "tester");
    String line =
        option.isEmpty()
            ? Files.readString(Path.of(key + "-cert.pub"))
            : option + Files.readString(Path.of(authority + ".pub"));
    Path authorized =
        Files.writeString(
            Bench.FOLDER.resolve("by-certificate-" + option.strip()),
            line + Bench.publicKey(Bench.STRANGER_KEY) + "\n");
    try (LogLines log = new LogLines("io.penstock", Level.WARNING);
        Listener listener =
            Bench.CHANNELS.listen(
                Endpoint.parse(
                    "ssh-listen://127.0.0.1:0?hostkey="
                        + Bench.HOST_KEY
                        + "&authorized-keys="
                        + authorized),
                ChannelOptions.defaults())) {
      String login = Bench.login(listener.endpoint()).toString();
      assertThrows(
          HandshakeException.class,
          () ->
              Bench.open(
                  Endpoint.parse(login.replace(Bench.CLIENT_KEY.toString(), key.toString()))));
      log.await("nobody is let in by line 1");
    }
  }

  @Test
  void listenerOfOursGoesByThePlainKey() throws Exception {
    Path key = certified("ours-certified", "ed25519", USER);
    try (OpenSshAgent agent = OpenSshAgent.start(key);
        Listener listener =
            Bench.CHANNELS.listen(
                Endpoint.parse(
                    "ssh-listen://127.0.0.1:0?hostkey="
                        + Bench.HOST_KEY
                        + "&authorized-keys="
                        + key
                        + ".pub"),
                ChannelOptions.defaults())) {
      String login = Bench.login(listener.endpoint()).toString();
      Bench.open(
              Endpoint.parse(login.replaceAll("identity=[^&]*&", "") + "&agent=" + agent.socket()))
          .close();
    }
  }
}
