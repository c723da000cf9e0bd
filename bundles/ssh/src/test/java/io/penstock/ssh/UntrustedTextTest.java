// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.AsyncAuthException;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.junit.jupiter.api.Test;

/** What peers say begins no lines in our log, and does nothing to our user's terminal. */
class UntrustedTextTest {
  private static final String EVIL = "evil\nroot let in\033[2J";
  private static final String TAME = "evil\\nroot let in\\u001b[2J";

  @Test
  void nameOfWhoIsNotLetInIsOneLineOfTheLog() throws Exception {
    try (LogLines log = new LogLines("io.penstock", Level.INFO);
        Listener listener = Bench.listen("users=alice");
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
      assertTrue(log.all().stream().anyMatch(each -> each.contains(TAME)), log.all().toString());
      assertFalse(log.all().stream().anyMatch(each -> each.contains("\n")), log.all().toString());
    }
  }

  @Test
  void nameOfWhoIsLetInIsOneLineOfTheLogAndWholeForPrograms() throws Exception {
    try (LogLines log = new LogLines("", Level.INFO);
        Listener listener = Bench.listen();
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
        session.auth().verify(20_000);
        session.createExecChannel("x").open();
        try (Channel channel = listener.accept(Bench.SOON)) {
          assertEquals(EVIL, Bench.server(channel).user());
        }
      }
      String library = log.await("AcceptedSession: Session evil");
      assertTrue(library.contains(TAME), library);
      assertFalse(
          log.all().stream().anyMatch(each -> each.contains("ssh.impl") && each.contains("\n")),
          () -> log.all().toString());
    }
  }

  @Test
  void algorithmsOfAClientAreOneLineOfTheLog() throws Exception {
    try (LogLines log = new LogLines("", Level.INFO);
        Listener listener = Bench.listen();
        Socket client =
            new Socket(InetAddress.getLoopbackAddress(), Bench.port(listener.endpoint()))) {
      Buffer proposal = new ByteArrayBuffer();
      proposal.putByte(SshConstants.SSH_MSG_KEXINIT);
      proposal.putRawBytes(new byte[16]);
      for (int list = 0; list < 10; list++) {
        proposal.putString(EVIL);
      }
      proposal.putBoolean(false);
      proposal.putUInt(0);
      byte[] padding = new byte[16 - (proposal.available() + 5) % 8];
      Buffer packet = new ByteArrayBuffer();
      packet.putUInt(1 + proposal.available() + padding.length);
      packet.putByte((byte) padding.length);
      packet.putRawBytes(proposal.getCompactData());
      packet.putRawBytes(padding);
      OutputStream out = client.getOutputStream();
      out.write("SSH-2.0-evil\r\n".getBytes(StandardCharsets.US_ASCII));
      out.write(packet.getCompactData());
      String line = log.await("the connection from 127.0.0.1:");
      assertTrue(line.contains("in common: the peer offers " + TAME + "; we accept "), line);
      assertFalse(log.all().stream().anyMatch(each -> each.contains(EVIL)), log.all().toString());
    }
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
