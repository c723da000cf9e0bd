// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.AsyncAuthException;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.junit.jupiter.api.Test;

/** What peers say begins no lines in our log, and does nothing to our user's terminal. */
class UntrustedTextTest {
  private static final String EVIL = "evil\nroot let in\033[2J";
  private static final String TAME = "evil?root let in?[2J";

  @Test
  void nameOfWhoIsNotLetInIsOneLineOfTheLog() throws Exception {
    Queue<String> lines = new ConcurrentLinkedQueue<>();
    Handler log =
        new Handler() {
          @Override
          public void publish(LogRecord each) {
            lines.add(new MessageFormat(each.getMessage()).format(each.getParameters()));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger.getLogger("io.penstock").addHandler(log);
    try (Listener listener = Bench.listen("users=alice");
        SshClient client = SshClient.setUpDefaultClient()) {
      client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
      client.start();
      try (ClientSession session =
          client
              .connect(EVIL, "127.0.0.1", Bench.port(listener.endpoint()))
              .verify(20_000)
              .getSession()) {
        session.addPublicKeyIdentity(
            new FileKeyPairProvider(Bench.CLIENT_KEY).loadKeys(null).iterator().next());
        assertFalse(session.auth().await(20_000) && session.isAuthenticated());
      }
    } finally {
      Logger.getLogger("io.penstock").removeHandler(log);
    }
    assertTrue(lines.stream().anyMatch(each -> each.contains(TAME)), lines.toString());
    assertFalse(lines.stream().anyMatch(each -> each.contains("\n")), lines.toString());
  }

  @Test
  void whatAServerSaysAtPartingIsOneLineOfTheError() throws Exception {
    Path password = Files.writeString(Bench.FOLDER.resolve("untrusting"), "xyzzy\n");
    try (SshServer server = SshServer.setUpDefaultServer()) {
      server.setHost("127.0.0.1");
      server.setKeyPairProvider(new FileKeyPairProvider(Bench.HOST_KEY));
      server.setUserAuthFactories(List.of(UserAuthPasswordFactory.INSTANCE));
      server.setPasswordAuthenticator(
          (user, text, session) -> {
            try {
              session.disconnect(11, EVIL);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            // Never: the parting is the answer.
            throw new AsyncAuthException();
          });
      server.start();
      HandshakeException refused =
          assertThrows(
              HandshakeException.class,
              () ->
                  Bench.open(
                      Endpoint.parse(
                          "ssh://tester@127.0.0.1:"
                              + server.getPort()
                              + "?password-file="
                              + password
                              + "&known-hosts="
                              + Bench.knownHosts(server.getPort(), Bench.HOST_KEY))));
      assertTrue(refused.getMessage().contains(TAME), refused.getMessage());
    }
  }

  @Test
  void whatAServerSaysOfASignalIsOneLineOfTheOutcomeAndWholeForPrograms() throws Exception {
    try (Bench.Both both = Bench.meet()) {
      Bench.server(both.server()).sendExitSignal("TERM", false, EVIL);
      both.server().close();
      assertEquals(EVIL, Bench.client(both.client()).exit(Bench.SOON).message());
      ExecutionException end =
          assertThrows(
              ExecutionException.class,
              () -> both.client().gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertTrue(end.getCause().getMessage().contains(TAME), end.getCause().getMessage());
    }
  }
}
