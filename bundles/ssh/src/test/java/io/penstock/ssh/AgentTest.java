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
import io.penstock.testing.contract.Case;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Keys that an agent holds. */
class AgentTest {
  private static OpenSsh.Server server;
  private static OpenSshAgent agent;
  private static Path rsa;

  @BeforeAll
  static void start() throws Exception {
    rsa = Bench.FOLDER.resolve("agents-rsa");
    OpenSsh.Outcome made =
        OpenSsh.run(
            List.of("ssh-keygen", "-q", "-N", "", "-t", "rsa", "-b", "2048", "-f", rsa.toString()),
            new byte[0]);
    assertEquals(0, made.status(), made.errors());
    server = OpenSsh.Server.start();
    // The first is not let in.
    agent = OpenSshAgent.start(Bench.STRANGER_KEY, Bench.CLIENT_KEY);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
    agent.close();
  }

  private static Endpoint with(Endpoint login, Path socket, String... options) {
    return Bench.endpoint(
        login.toString().replaceAll("identity=[^&]*&", "") + "&agent=" + socket, options);
  }

  @Case(seconds = 60)
  void agentSignsForAServerOfOpenSsh() throws Exception {
    try (Channel channel = Bench.open(with(server.exec("echo in"), agent.socket()))) {
      ByteBuffer said = channel.source().readAll(99, Bench.SOON);
      assertEquals("in\n", StandardCharsets.UTF_8.decode(said).toString());
    }
  }

  @Case(seconds = 60)
  void agentSignsWithAnRsaKeyForAListenerOfOurs() throws Exception {
    Path authorized =
        Files.write(Bench.FOLDER.resolve("agents-authorized"), List.of(Bench.publicKey(rsa)));
    Endpoint there =
        Endpoint.parse(
            "ssh-listen://127.0.0.1:0?hostkey="
                + Bench.HOST_KEY
                + "&authorized-keys="
                + authorized);
    try (OpenSshAgent other = OpenSshAgent.start(rsa);
        Listener listener = Bench.CHANNELS.listen(there, ChannelOptions.defaults())) {
      Bench.open(with(Bench.login(listener.endpoint()), other.socket())).close();
    }
  }

  @Test
  void agentWithoutTheRightKeyIsNamedWithItsKeys() throws Exception {
    try (OpenSshAgent other = OpenSshAgent.start(Bench.STRANGER_KEY)) {
      Endpoint login = with(server.login(), other.socket());
      HandshakeException refused = assertThrows(HandshakeException.class, () -> Bench.open(login));
      String fingerprint = other.add("-l").split(" ")[1];
      assertTrue(
          refused.getMessage().contains("the agent's key ssh-ed25519 " + fingerprint),
          refused.getMessage());
    }
  }

  @Case(seconds = 60)
  void keyThatTheAgentDoesNotSignWithIsPassedOver() throws Exception {
    // Its user has to agree, and there is nobody to ask.
    try (OpenSshAgent other = OpenSshAgent.start()) {
      other.add("-c", Bench.CLIENT_KEY.toString());
      Endpoint alone = with(server.login(), other.socket());
      HandshakeException refused = assertThrows(HandshakeException.class, () -> Bench.open(alone));
      assertTrue(refused.getMessage().contains("does not sign"), refused.getMessage());
      // A file has it, too.
      Bench.open(Bench.endpoint(alone.toString(), "identity=" + Bench.CLIENT_KEY)).close();
    }
  }

  @Case(seconds = 60)
  void passwordIsTriedAfterAnAgentThatDoesNotSign() throws Exception {
    SshPolicy policy =
        new SshPolicy() {
          @Override
          public Set<SshLogin.Method> methods() {
            return EnumSet.of(SshLogin.Method.PUBLIC_KEY, SshLogin.Method.PASSWORD);
          }

          @Override
          public boolean login(SshLogin login) {
            return login.configured() || login.answers().equals(List.of("xyzzy"));
          }
        };
    Path password = Files.writeString(Bench.FOLDER.resolve("agents-password"), "xyzzy\n");
    Bench.PROVIDER.addPolicy("agents", policy);
    try (OpenSshAgent other = OpenSshAgent.start();
        Listener listener = Bench.listen("policy=agents")) {
      other.add("-c", Bench.CLIENT_KEY.toString());
      Bench.open(
              with(Bench.login(listener.endpoint()), other.socket(), "password-file=" + password))
          .close();
    } finally {
      Bench.PROVIDER.removePolicy("agents", policy);
    }
  }

  @Test
  void agentThatIsNotThereIsNamed() {
    Path nowhere = Bench.FOLDER.resolve("no-agent");
    IOException refused =
        assertThrows(IOException.class, () -> Bench.open(with(server.login(), nowhere)));
    assertTrue(refused.getMessage().contains(nowhere.toString()), refused.getMessage());
  }

  @Test
  void agentThatIsSilentCostsNoMoreThanTheLimit() throws Exception {
    Path path = Bench.FOLDER.resolve("silent-agent");
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(path));
      ChannelOptions options = ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(200));
      // One that is shared is not given up by a caller that waits for it.
      for (String share : List.of("share=false", "share=true")) {
        Endpoint login = with(server.login(), path, share);
        long begun = System.nanoTime();
        assertThrows(
            IOException.class, () -> Bench.CHANNELS.open(login, options, Bench.SOON), share);
        assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(10));
      }
      // Nor is the connection kept.
      for (int i = 0; i < 2; i++) {
        try (SocketChannel asked = silent.accept()) {
          ByteBuffer request = ByteBuffer.allocate(99);
          while (asked.read(request) >= 0) {
            assertTrue(request.position() <= 5, "one question of 5 bytes is expected");
          }
        }
      }
    } finally {
      Files.delete(path);
    }
  }
}
