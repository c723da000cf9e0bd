// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.HandshakeException;
import io.penstock.stream.Wait;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.keyboard.InteractiveChallenge;
import org.apache.sshd.server.auth.keyboard.KeyboardInteractiveAuthenticator;
import org.apache.sshd.server.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.server.session.ServerSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The password answers the question for it, and no other one. */
class PromptsTest {
  private static final String SECRET = "xyzzy";

  private final SshServer server = SshServer.setUpDefaultServer();
  private final BlockingQueue<List<String>> answered = new LinkedBlockingQueue<>();

  @BeforeEach
  void start() throws Exception {
    server.setHost("127.0.0.1");
    server.setKeyPairProvider(new FileKeyPairProvider(Bench.HOST_KEY));
    server.setUserAuthFactories(
        List.of(UserAuthKeyboardInteractiveFactory.INSTANCE, UserAuthPasswordFactory.INSTANCE));
    server.setPasswordAuthenticator((user, password, session) -> password.equals(SECRET));
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    server.stop(true);
  }

  /** Each of these prompts is hidden, unless it begins with a plus. */
  private void asks(String methods, String... prompts) {
    CoreModuleProperties.AUTH_METHODS.set(server, methods);
    server.setKeyboardInteractiveAuthenticator(
        new KeyboardInteractiveAuthenticator() {
          @Override
          public InteractiveChallenge generateChallenge(
              ServerSession session, String user, String lang, String submethods) {
            InteractiveChallenge challenge = new InteractiveChallenge();
            challenge.setInteractionName("");
            challenge.setInteractionInstruction("");
            challenge.setLanguageTag("");
            for (String each : prompts) {
              challenge.addPrompt(each.replace("+", ""), each.startsWith("+"));
            }
            return challenge;
          }

          @Override
          public boolean authenticate(ServerSession session, String user, List<String> answers) {
            answered.add(new ArrayList<>(answers));
            return answers.contains(SECRET);
          }
        });
  }

  private void logIn() throws Exception {
    Endpoint login =
        Endpoint.parse(
            "ssh://tester@127.0.0.1:"
                + server.getPort()
                + "?known-hosts="
                + Bench.knownHosts(server.getPort(), Bench.HOST_KEY));
    Bench.CHANNELS
        .open(
            login,
            ChannelOptions.defaults().withSecret("password", SECRET),
            Wait.upTo(java.time.Duration.ofSeconds(20)))
        .close();
  }

  @Test
  void oneHiddenPromptIsAnsweredWithThePassword() throws Exception {
    asks("keyboard-interactive", "Kennwort");
    logIn();
    assertEquals(List.of(SECRET), answered.take());
  }

  @Test
  void whatIsToBeSeenIsNotAnsweredWithThePassword() throws Exception {
    asks("keyboard-interactive", "+Your name: ", "Password: ");
    logIn();
    assertEquals(List.of("", SECRET), answered.take());
  }

  @Test
  void aPasswordAndACodeAreNotBothAnsweredWithThePassword() {
    asks("keyboard-interactive", "Password: ", "Verification code: ");
    HandshakeException refused = assertThrows(HandshakeException.class, this::logIn);
    assertTrue(
        refused.getMessage().contains("asks 2 hidden questions at once"), refused.getMessage());
    assertFalse(answered.stream().anyMatch(each -> each.contains(SECRET)), answered.toString());
  }

  @Test
  void aCodeAfterThePasswordIsNotAnsweredWithIt() {
    for (String prompt : List.of("Verification code: ", "One-time password: ")) {
      for (String methods :
          List.of("password,keyboard-interactive", "keyboard-interactive,keyboard-interactive")) {
        answered.clear();
        asks(methods, prompt);
        HandshakeException refused = assertThrows(HandshakeException.class, this::logIn, methods);
        assertTrue(
            refused.getMessage().contains("asks for more than the password"), refused.getMessage());
        long given = answered.stream().filter(each -> each.contains(SECRET)).count();
        assertEquals(methods.startsWith("password") ? 0 : 1, given, methods + answered);
      }
    }
  }
}
