// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.error.AddressException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Given;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.future.ConnectFuture;
import org.apache.sshd.client.future.DefaultConnectFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.ClientSession.ClientSessionEvent;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.future.CancelFuture;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.helpers.MissingAttachedSessionException;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.junit.jupiter.api.Test;

/** What is left of a login that nobody waits for any more, and of the secrets of one that did. */
class LoginTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration SOON = Duration.ofSeconds(12);

  private static ClientOptions.Login wanted(int port, Optional<Secret> password) {
    return wanted(port, password, HostKeyChecking.NO);
  }

  private static ClientOptions.Login wanted(
      int port, Optional<Secret> password, HostKeyChecking checking) {
    return new ClientOptions.Login(
        new Where("a", "127.0.0.1", port),
        List.of(),
        Optional.empty(),
        password,
        Optional.empty(),
        Path.of("/no/such/file"),
        checking,
        true,
        Duration.ZERO,
        3);
  }

  private static Login login(int port, Optional<Secret> password, Duration limit) {
    return new Login("test", "ssh://a@127.0.0.1", wanted(port, password), Runnable::run, limit);
  }

  /** To a host that has these addresses. */
  private static Login login(int port, Optional<Secret> password, String... addresses) {
    return new Login("test", "ssh://a@host", wanted(port, password), Runnable::run, SOON) {
      @Override
      InetAddress[] addresses(String host) throws UnknownHostException {
        InetAddress[] all = new InetAddress[addresses.length];
        for (int i = 0; i < all.length; i++) {
          all[i] = InetAddress.getByName(addresses[i]);
        }
        return all;
      }
    };
  }

  /** A client that connected before us would be the first in the queue. */
  private static void assertNobodyHasConnected(ServerSocket server) throws IOException {
    try (Socket own = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
        Socket first = server.accept()) {
      assertEquals(own.getLocalPort(), first.getPort());
    }
  }

  @Test
  void nothingIsConnectedWithoutTimeOrAfterACancellation() throws Exception {
    boolean unused = CryptoProviders.ready();
    SharedClient engine = new SharedClient();
    SshClient client = engine.acquire();
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Login late = login(silent.getLocalPort(), Optional.empty(), Duration.ofNanos(1));
      assertThrows(StreamTimeoutException.class, () -> late.run(client));
      assertNobodyHasConnected(silent);
      Login cancelled = login(silent.getLocalPort(), Optional.empty(), LONG);
      cancelled.cancel();
      assertThrows(CancellationException.class, () -> cancelled.run(client));
      assertNobodyHasConnected(silent);
    } finally {
      engine.release();
    }
  }

  /** Whose connection comes to be at the moment at which somebody gives it up. */
  private static final class Contrary extends SshClient {
    private final SshClient other;
    private volatile ClientSession made;

    Contrary(SshClient other) {
      this.other = other;
    }

    @Override
    public ConnectFuture connect(
        String user, SocketAddress target, AttributeRepository context, SocketAddress local)
        throws IOException {
      ClientSession session =
          other.connect(user, target, context, local).verify(LONG.toMillis()).getSession();
      made = session;
      return new DefaultConnectFuture("contrary", null) {
        @Override
        public CancelFuture cancel() {
          setSession(session);
          return super.cancel();
        }
      };
    }
  }

  /** A client whose connections end before it can say that they are there. */
  private static final class Hasty extends SshClient {
    private final PublicKey shown;

    Hasty(PublicKey shown) {
      this.shown = shown;
    }

    @Override
    public ConnectFuture connect(
        String user, SocketAddress target, AttributeRepository context, SocketAddress local) {
      assertFalse(context.getAttribute(SharedClient.TRUST).apply(shown));
      ConnectFuture future = new DefaultConnectFuture("hasty", null);
      future.setException(new MissingAttachedSessionException("No session attached"));
      return future;
    }
  }

  @Test
  void connectionThatIsRefusedAtOnceSaysWhy() throws Exception {
    boolean unused = CryptoProviders.ready();
    PublicKey shown = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256).getPublic();
    Login login =
        new Login(
            "test",
            "ssh://a@127.0.0.1",
            wanted(22, Optional.empty(), HostKeyChecking.YES),
            Runnable::run,
            LONG);
    HandshakeException refused =
        assertThrows(HandshakeException.class, () -> login.run(new Hasty(shown)));
    assertTrue(refused.getMessage().contains(Fingerprint.of(shown)), refused.getMessage());
  }

  @Test
  void connectionThatComesToBeWhileItIsGivenUpIsClosed() throws Exception {
    boolean unused = CryptoProviders.ready();
    SharedClient engine = new SharedClient();
    Contrary client = new Contrary(engine.acquire());
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Login late = login(silent.getLocalPort(), Optional.empty(), Duration.ofSeconds(2));
      assertThrows(StreamTimeoutException.class, () -> late.run(client));
      assertCloses(client.made);
      Login interrupted = login(silent.getLocalPort(), Optional.empty(), LONG);
      SshClient interrupting =
          new SshClient() {
            @Override
            public ConnectFuture connect(
                String user, SocketAddress target, AttributeRepository context, SocketAddress local)
                throws IOException {
              ConnectFuture future = client.connect(user, target, context, local);
              Thread.currentThread().interrupt();
              return future;
            }
          };
      assertThrows(InterruptedIOException.class, () -> interrupted.run(interrupting));
      boolean unusedFlag = Thread.interrupted();
      assertCloses(client.made);
    } finally {
      engine.release();
    }
  }

  private static void assertCloses(ClientSession session) {
    assertTrue(
        session
            .waitFor(EnumSet.of(ClientSessionEvent.CLOSED), LONG)
            .contains(ClientSessionEvent.CLOSED));
  }

  private interface Use {
    void run(SshClient client, int port, Optional<Secret> password) throws Exception;
  }

  /** Has a server at 127.0.0.1 that lets in by a password. */
  private static void withServer(Use use) throws Exception {
    boolean unused = CryptoProviders.ready();
    SharedClient engine = new SharedClient();
    SshClient client = engine.acquire();
    try (SshServer server = SshServer.setUpDefaultServer()) {
      server.setHost("127.0.0.1");
      server.setKeyPairProvider(
          KeyPairProvider.wrap(KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256)));
      server.setPasswordAuthenticator((user, password, session) -> password.equals("xyzzy"));
      server.setUserAuthFactories(List.of(UserAuthPasswordFactory.INSTANCE));
      server.start();
      use.run(
          client,
          server.getPort(),
          Secret.of(
              "password",
              new Given(Map.of()),
              ChannelOptions.defaults().withSecret("password", "xyzzy")));
    } finally {
      engine.release();
    }
  }

  @Test
  void passwordIsForgottenOnceItWasOfUse() throws Exception {
    withServer(
        (client, port, password) -> {
          ClientSession session = login(port, password, LONG).run(client);
          try {
            assertTrue(session.isAuthenticated());
            assertNull(session.removePasswordIdentity("xyzzy"));
          } finally {
            Object unused = session.close(true);
          }
        });
  }

  @Test
  void oneAddressOfTheHostIsTriedAfterTheOther() throws Exception {
    withServer(
        (client, port, password) -> {
          Login login = login(port, password, "127.0.0.2", "127.0.0.3", "127.0.0.1");
          ClientSession session = login.run(client);
          assertTrue(session.isAuthenticated());
          Object unused = session.close(true);
          Login nowhere = login(port, password, "127.0.0.2", "127.0.0.3");
          AddressException refused =
              assertThrows(AddressException.class, () -> nowhere.run(client));
          assertEquals(AddressException.Kind.REFUSED, refused.kind());
          assertEquals(
              "ssh://a@host refused the connection: 127.0.0.2: Connection refused,"
                  + " 127.0.0.3: Connection refused",
              refused.getMessage());
        });
  }

  @Test
  void addressThatDoesNotAnswerLeavesTimeForTheOthers() throws Exception {
    withServer(
        (client, port, password) -> {
          SshClient deaf =
              new SshClient() {
                @Override
                public ConnectFuture connect(
                    String user,
                    SocketAddress target,
                    AttributeRepository context,
                    SocketAddress local)
                    throws IOException {
                  return target.equals(new InetSocketAddress("127.0.0.2", port))
                      ? new DefaultConnectFuture("silence", null)
                      : client.connect(user, target, context, local);
                }
              };
          Login login = login(port, password, "127.0.0.2", "127.0.0.1");
          ClientSession session = login.run(deaf);
          assertTrue(session.isAuthenticated());
          Object unused = session.close(true);
        });
  }
}
