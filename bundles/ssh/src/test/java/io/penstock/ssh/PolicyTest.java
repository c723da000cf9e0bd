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
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.ClientSession.ClientSessionEvent;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.junit.jupiter.api.Test;

/** Somebody's own code decides what clients may. */
class PolicyTest {
  private static Listener listen(String... options) throws IOException {
    return Bench.CHANNELS.listen(
        Bench.endpoint("ssh-listen://127.0.0.1:0?hostkey=" + Bench.HOST_KEY, options),
        ChannelOptions.defaults());
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void withPolicy(SshPolicy policy, Body body) throws Exception {
    Bench.PROVIDER.addPolicy("mine", policy);
    try {
      body.run();
    } finally {
      Bench.PROVIDER.removePolicy("mine", policy);
    }
  }

  private interface Body {
    void run() throws Exception;
  }

  @Test
  void policyIsAskedForEachRequestAndHasTheLastWord() throws Exception {
    BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    SshPolicy policy =
        new SshPolicy() {
          @Override
          public boolean permits(SshQuestion question) {
            asked.add(question.kind() + " " + question.text() + " " + question.configured());
            assertEquals("tester", question.user());
            assertTrue(question.peer().isPresent());
            return switch (question.kind()) {
              case PTY -> false;
              case SUBSYSTEM -> question.text().equals("echo");
              default -> question.configured();
            };
          }
        };
    withPolicy(
        policy,
        () -> {
          try (Listener listener = Bench.listen("policy=mine", "allow=exec,pty,env");
              Channel client = Bench.open(Bench.login(listener.endpoint()))) {
            SshClientFacet facet = Bench.client(client);
            assertThrows(
                RequestRejectedException.class, () -> facet.pty(Pty.defaults(), Bench.SOON));
            facet.environment("NAME", "value");
            assertThrows(RequestRejectedException.class, () -> facet.shell(Bench.SOON));
            assertThrows(RequestRejectedException.class, () -> facet.subsystem("sftp", Bench.SOON));
            facet.subsystem("echo", Bench.SOON);
            listener.accept(Bench.SOON).close();
          }
        });
    assertEquals(
        List.of(
            "SESSION  true",
            "PTY vt100 true",
            "ENV NAME true",
            "SHELL  false",
            "SUBSYSTEM sftp false",
            "SUBSYSTEM echo false"),
        new ArrayList<>(asked));
  }

  @Test
  void sessionIsRefusedWithTheCodeOfWhatIsProhibited() throws Exception {
    SshPolicy policy =
        new SshPolicy() {
          @Override
          public boolean permits(SshQuestion question) {
            return question.kind() != SshQuestion.Kind.SESSION;
          }
        };
    withPolicy(
        policy,
        () -> {
          try (Listener listener = Bench.listen("policy=mine")) {
            OpenFailedException refused =
                assertThrows(
                    OpenFailedException.class, () -> Bench.open(Bench.login(listener.endpoint())));
            assertEquals(1, refused.code());
          }
        });
  }

  @Test
  void policyIsAskedForWhatIsForwardedAndNotForASession() throws Exception {
    BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    SshPolicy policy =
        new SshPolicy() {
          @Override
          public boolean permits(SshQuestion question) {
            asked.add(question.kind() + " " + question.configured());
            // What no option permits.
            return question.kind() == SshQuestion.Kind.DIRECT_TCP;
          }
        };
    withPolicy(
        policy,
        () -> {
          try (Echo echo = Echo.tcp();
              Listener listener = Bench.listen("policy=mine")) {
            Bench.open(Bench.login(listener.endpoint(), "direct=" + echo.target())).close();
          }
        });
    assertEquals(List.of("DIRECT_TCP false"), new ArrayList<>(asked));
  }

  @Test
  void policyThatIsNotThereOrFailsRefusesEverything() throws Exception {
    try (Listener listener = Bench.listen("policy=nobody")) {
      assertThrows(HandshakeException.class, () -> Bench.open(Bench.login(listener.endpoint())));
    }
    SshPolicy failing =
        new SshPolicy() {
          @Override
          public boolean permits(SshQuestion question) {
            if (question.kind() == SshQuestion.Kind.EXEC) {
              throw new IllegalStateException("on purpose");
            }
            return question.configured();
          }
        };
    withPolicy(
        failing,
        () -> {
          try (Listener listener = Bench.listen("policy=mine");
              Channel client = Bench.open(Bench.login(listener.endpoint()))) {
            SshClientFacet facet = Bench.client(client);
            assertThrows(RequestRejectedException.class, () -> facet.exec(bytes("x"), Bench.SOON));
            // It goes while somebody is logged in.
            Bench.PROVIDER.removePolicy("mine", failing);
            assertThrows(RequestRejectedException.class, () -> facet.shell(Bench.SOON));
          }
        });
  }

  @Test
  void keyThatNoFileHasIsLetInByThePolicy() throws Exception {
    SshPolicy policy =
        new SshPolicy() {
          @Override
          public boolean login(SshLogin login) {
            assertFalse(login.configured());
            return login.key().isPresent() && login.user().equals("tester");
          }
        };
    withPolicy(
        policy,
        () -> {
          try (Listener listener = listen("policy=mine")) {
            Endpoint login = Bench.login(listener.endpoint());
            Bench.open(login).close();
            assertThrows(
                HandshakeException.class,
                () -> Bench.open(Endpoint.parse(login.toString().replace("tester@", "other@"))));
          }
        });
  }

  /** Lets a user in by a password or by an answer. */
  private static final class Passwords implements SshPolicy {
    private final Set<SshLogin.Method> methods;
    private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();

    Passwords(SshLogin.Method... methods) {
      this.methods = EnumSet.copyOf(List.of(methods));
    }

    @Override
    public Set<SshLogin.Method> methods() {
      return methods;
    }

    @Override
    public List<SshPrompt> prompts(SshLogin login) {
      return List.of(SshPrompt.secret("Code: "));
    }

    @Override
    public boolean login(SshLogin login) {
      texts.add(login.toString());
      return login.user().equals("tester") && login.answers().equals(List.of("xyzzy"));
    }
  }

  @Test
  void passwordsAndAnswersAreCheckedByThePolicy() throws Exception {
    Path right = Files.writeString(Bench.FOLDER.resolve("policy-right"), "xyzzy\n");
    Path wrong = Files.writeString(Bench.FOLDER.resolve("policy-wrong"), "plugh\n");
    for (SshLogin.Method method :
        List.of(SshLogin.Method.PASSWORD, SshLogin.Method.KEYBOARD_INTERACTIVE)) {
      Passwords policy = new Passwords(method);
      withPolicy(
          policy,
          () -> {
            try (Listener listener = listen("policy=mine", "users=tester,other")) {
              String login =
                  Bench.login(listener.endpoint()).toString().replaceAll("identity=[^&]*&", "")
                      + "&exec=x&password-file=";
              try (Channel client = Bench.open(Endpoint.parse(login + right));
                  Channel server = listener.accept(Bench.SOON)) {
                assertEquals("tester", Bench.server(server).user());
                assertTrue(client.isOpen());
              }
              for (String bad :
                  List.of(
                      login + wrong,
                      login.replace("tester@", "other@") + right,
                      login.replace("tester@", "stranger@") + right)) {
                assertThrows(HandshakeException.class, () -> Bench.open(Endpoint.parse(bad)), bad);
              }
            }
          });
      // A name of no user is not even asked for.
      assertEquals(3, policy.texts.size(), policy.texts.toString());
      assertFalse(policy.texts.toString().contains("xyzzy"));
      assertFalse(policy.texts.toString().contains("plugh"));
    }
  }

  @Test
  void guessesThatWaitForNoAnswerAreNoMoreThanOthers() throws Exception {
    Passwords policy = new Passwords(SshLogin.Method.PASSWORD);
    withPolicy(
        policy,
        () -> {
          try (Listener listener = listen("policy=mine", "max-auth-tries=2");
              SshClient client = SshClient.setUpDefaultClient()) {
            client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
            client.start();
            try (ClientSession session =
                client
                    .connect("tester", "127.0.0.1", Bench.port(listener.endpoint()))
                    .verify(20_000)
                    .getSession()) {
              session.waitFor(EnumSet.of(ClientSessionEvent.WAIT_AUTH), 20_000);
              try {
                for (int i = 0; i < 50; i++) {
                  Buffer guess = session.createBuffer(SshConstants.SSH_MSG_USERAUTH_REQUEST, 99);
                  guess.putString("tester");
                  guess.putString("ssh-connection");
                  guess.putString("password");
                  guess.putBoolean(false);
                  guess.putString("guess " + i);
                  Object unused = session.writePacket(guess);
                }
              } catch (IOException e) {
                assertFalse(session.isOpen(), e.toString());
              }
              assertTrue(
                  session
                      .waitFor(EnumSet.of(ClientSessionEvent.CLOSED), 20_000)
                      .contains(ClientSessionEvent.CLOSED));
            }
          }
        });
    assertTrue(policy.texts.size() <= 2, policy.texts.toString());
  }

  @Test
  void clientOfOpenSshLogsInByPasswordAndByAnswer() throws Exception {
    Path askpass = Bench.FOLDER.resolve("askpass");
    Files.writeString(askpass, "#!/bin/sh\necho xyzzy\n");
    Files.setPosixFilePermissions(askpass, PosixFilePermissions.fromString("rwx------"));
    Passwords policy =
        new Passwords(SshLogin.Method.PASSWORD, SshLogin.Method.KEYBOARD_INTERACTIVE);
    withPolicy(
        policy,
        () -> {
          try (Listener listener = listen("policy=mine")) {
            for (String method : List.of("password", "keyboard-interactive")) {
              List<String> command =
                  new ArrayList<>(
                      OpenSsh.client(
                          Bench.port(listener.endpoint()),
                          Bench.CLIENT_KEY,
                          "-o",
                          "PreferredAuthentications=" + method,
                          "tester@127.0.0.1",
                          "x"));
              command.replaceAll(each -> each.replace("BatchMode=yes", "BatchMode=no"));
              ProcessBuilder builder = new ProcessBuilder(command);
              builder.environment().put("SSH_ASKPASS", askpass.toString());
              builder.environment().put("SSH_ASKPASS_REQUIRE", "force");
              Process client = builder.start();
              try (Channel server = listener.accept(Bench.SOON)) {
                Bench.server(server).sendExitStatus(4);
              }
              assertTrue(client.waitFor(30, TimeUnit.SECONDS));
              assertEquals(4, client.exitValue());
            }
          }
        });
  }
}
