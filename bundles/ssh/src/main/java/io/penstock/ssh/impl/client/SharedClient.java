// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Algorithms;
import io.penstock.ssh.impl.Stops;
import io.penstock.ssh.impl.Transport;
import io.penstock.ssh.impl.agent.AgentPublicKey;
import io.penstock.ssh.impl.channel.Losses;
import io.penstock.ssh.impl.channel.Mismatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.sshd.client.ClientBuilder;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.ClientUserAuthServiceFactory;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.session.helpers.DefaultUnknownChannelReferenceHandler;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.jspecify.annotations.Nullable;

/** The library's threads for connections of ours: there as long as one is open. */
final class SharedClient {
  private static final Logger LOG = Messages.log("ssh.client");

  /** Decides on the server's key of one connection. */
  static final AttributeKey<Function<PublicKey, Boolean>> TRUST = new AttributeKey<>();

  /**
   * The library's client, without its log entry for a connection that ends as soon as it is made.
   */
  private static final class Client extends SshClient {
    @Override
    protected void warn(
        String message,
        Object first,
        Object second,
        Object third,
        Object fourth,
        Object fifth,
        Throwable cause) {
      debug(message, first, second, third, fourth, fifth, cause);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private @Nullable Running running;

  private static final class Running {
    final FutureTask<SshClient> client;
    int users;

    Running(Callable<SshClient> maker) {
      client = new FutureTask<>(maker);
    }
  }

  private final Callable<SshClient> maker;

  SharedClient() {
    this(SharedClient::make);
  }

  /**
   * For tests.
   *
   * @param maker makes the library's client, with its threads
   */
  SharedClient(Callable<SshClient> maker) {
    this.maker = maker;
  }

  /**
   * Returns the client; each user calls {@link #release} afterwards, unless this fails. The first
   * user waits while the threads are made; after a failure the next user makes them anew.
   */
  SshClient acquire() throws IOException {
    Running current;
    lock.lock();
    try {
      current = running;
      if (current == null) {
        current = new Running(maker);
        running = current;
        Stops.started();
      }
      current.users++;
    } finally {
      lock.unlock();
    }
    current.client.run();
    boolean made = false;
    try {
      SshClient client = current.client.get();
      made = true;
      return client;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while SSH was started", e);
    } catch (ExecutionException e) {
      Throwable cause =
          e.getCause() instanceof UncheckedIOException io ? io.getCause() : e.getCause();
      throw new IOException("SSH cannot be started: " + cause, cause);
    } finally {
      if (!made) {
        release();
      }
    }
  }

  /** Gives it back; the last user stops the threads in the background. */
  void release() {
    Running idle = null;
    lock.lock();
    try {
      Running current = running;
      if (current != null && --current.users == 0) {
        idle = current;
        running = null;
      }
    } finally {
      lock.unlock();
    }
    if (idle != null) {
      FutureTask<SshClient> client = idle.client;
      Stops.stop(
          () -> stop(client),
          () -> {
            LOG.log(Level.DEBUG, "nobody waits for SSH to stop");
            close(client);
          });
    }
  }

  private static void stop(FutureTask<SshClient> making) {
    made(making).ifPresent(SshClient::stop);
  }

  private static void close(FutureTask<SshClient> making) {
    made(making).ifPresent(client -> client.close(true));
  }

  private static Optional<SshClient> made(FutureTask<SshClient> making) {
    try {
      return Optional.of(making.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      LOG.log(Level.DEBUG, "SSH was never started", e);
    }
    return Optional.empty();
  }

  private static SshClient make() {
    SshClient client = ClientBuilder.builder().factory(Client::new).build();
    // Only what is configured, nothing from the user's own files.
    client.setIoServiceFactoryFactory(SshConnector.factory());
    client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    client.setFilePasswordProvider(FilePasswordProvider.EMPTY);
    client.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
    List<ChannelFactory> kinds = new ArrayList<>(ForwardListener.KINDS);
    kinds.add(AgentArrival.factory());
    kinds.add(X11Arrival.factory());
    client.setChannelFactories(kinds);
    client.setUnknownChannelReferenceHandler(DefaultUnknownChannelReferenceHandler.INSTANCE);
    // We do not store the further keys that a server announces.
    client.setGlobalRequestHandlers(
        List.of((service, request, wantReply, body) -> RequestHandler.Result.ReplyFailure));
    client.setServerKeyVerifier(SharedClient::trusts);
    Prompts.set(client);
    client.setUserAuthFactories(
        List.of(AgentPublicKey.factory(), Prompts.factory(), UserAuthPasswordFactory.INSTANCE));
    client.setServiceFactories(List.of(ClientUserAuthServiceFactory.INSTANCE, new KeepAlive()));
    client.setSessionFactory(OpenedSession.factory(client));
    client.addSessionListener(new Losses());
    client.setSessionDisconnectHandler(new Mismatch());
    client.addSessionListener(new KnownFirst());
    client.setAgentFactory(AgentPublicKey.agents());
    Algorithms.set(client);
    Transport.set(client);
    // As with OpenSSH, the plain key counts if its certificate is not for this host or not valid
    // now.
    CoreModuleProperties.ABORT_ON_INVALID_CERTIFICATE.set(client, false);
    // Connecting has a limit of its own, and a channel may be silent as long as it likes.
    CoreModuleProperties.AUTH_TIMEOUT.set(client, Duration.ZERO);
    CoreModuleProperties.IDLE_TIMEOUT.set(client, Duration.ZERO);
    CoreModuleProperties.PASSWORD_PROMPTS.set(client, 1);
    try {
      client.start();
      return client;
    } catch (RuntimeException | Error e) {
      // Some of its threads may be there already.
      Object unused = client.close(true);
      throw e;
    }
  }

  private static boolean trusts(ClientSession session, SocketAddress remote, PublicKey key) {
    AttributeRepository context = session.getConnectionContext();
    Function<PublicKey, Boolean> trust = context == null ? null : context.getAttribute(TRUST);
    return trust != null && trust.apply(key);
  }
}
