// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Algorithms;
import io.penstock.ssh.impl.Transport;
import io.penstock.ssh.impl.agent.AgentPublicKey;
import io.penstock.ssh.impl.channel.Losses;
import io.penstock.ssh.impl.channel.Mismatch;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.sshd.client.ClientBuilder;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.client.auth.keyboard.UserInteraction;
import org.apache.sshd.client.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.ClientUserAuthServiceFactory;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.io.nio2.Nio2ServiceFactoryFactory;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.session.helpers.DefaultUnknownChannelReferenceHandler;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.jspecify.annotations.Nullable;

/** The library's threads for connections of ours: there as long as somebody has one. */
final class Engine {
  private static final Logger LOG = System.getLogger("io.penstock");

  /** Decides on the server's key of one connection. */
  static final AttributeKey<Function<PublicKey, Boolean>> TRUST = new AttributeKey<>();

  /** The password of one connection, for questions that are put to the user. */
  static final AttributeKey<String> PASSWORD = new AttributeKey<>();

  /** The library's, which would log a connection that ends as soon as it is made. */
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
    final FutureTask<SshClient> client = new FutureTask<>(Engine::make);
    int users;
  }

  /** Blocks for the first while the threads are made. To be given back. */
  SshClient acquire() throws IOException {
    Running current;
    lock.lock();
    try {
      current = running;
      if (current == null) {
        current = new Running();
        running = current;
      }
      current.users++;
    } finally {
      lock.unlock();
    }
    current.client.run();
    try {
      return current.client.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while SSH was started", e);
    } catch (ExecutionException e) {
      throw new IOException("SSH cannot be started: " + e.getCause(), e.getCause());
    }
  }

  /** Gives it back; whoever is the last stops the threads in the background. */
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
      // Not one of the product's threads, which may be gone by then.
      Thread stopper = new Thread(() -> stop(client), "penstock-ssh-stop");
      stopper.setDaemon(true);
      stopper.start();
    }
  }

  private static void stop(FutureTask<SshClient> making) {
    try {
      making.get().stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      LOG.log(Level.DEBUG, "SSH was never started", e);
    }
  }

  private static SshClient make() {
    SshClient client = ClientBuilder.builder().factory(Client::new).build();
    // Only what is configured, nothing from the user's own files.
    client.setIoServiceFactoryFactory(new Nio2ServiceFactoryFactory());
    client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    client.setFilePasswordProvider(FilePasswordProvider.EMPTY);
    client.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
    List<ChannelFactory> kinds = new ArrayList<>(ForwardListener.KINDS);
    kinds.add(AgentArrival.factory());
    kinds.add(X11Arrival.factory());
    client.setChannelFactories(kinds);
    client.setUnknownChannelReferenceHandler(DefaultUnknownChannelReferenceHandler.INSTANCE);
    // Keys that a server would like to have from now on are nothing to us.
    client.setGlobalRequestHandlers(
        List.of((service, request, wantReply, body) -> RequestHandler.Result.ReplyFailure));
    client.setServerKeyVerifier(Engine::trusts);
    client.setUserInteraction(new Answers());
    client.setUserAuthFactories(
        List.of(
            AgentPublicKey.factory(),
            UserAuthKeyboardInteractiveFactory.INSTANCE,
            UserAuthPasswordFactory.INSTANCE));
    client.setServiceFactories(List.of(ClientUserAuthServiceFactory.INSTANCE, new KeepAlive()));
    client.setSessionFactory(OpenedSession.factory(client));
    client.addSessionListener(new Losses());
    client.setSessionDisconnectHandler(new Mismatch());
    client.addSessionListener(new KnownFirst());
    client.setAgentFactory(AgentPublicKey.agents());
    Algorithms.set(client);
    Transport.set(client);
    // Connecting has a limit of its own, and a channel may be silent as long as it likes.
    CoreModuleProperties.AUTH_TIMEOUT.set(client, Duration.ZERO);
    CoreModuleProperties.IDLE_TIMEOUT.set(client, Duration.ZERO);
    CoreModuleProperties.PASSWORD_PROMPTS.set(client, 1);
    client.start();
    return client;
  }

  private static boolean trusts(ClientSession session, SocketAddress remote, PublicKey key) {
    AttributeRepository context = session.getConnectionContext();
    Function<PublicKey, Boolean> trust = context == null ? null : context.getAttribute(TRUST);
    return trust != null && trust.apply(key);
  }

  /** Answers with the password what is not to be seen on a screen, and nothing else. */
  private static final class Answers implements UserInteraction {
    @Override
    public boolean isInteractionAllowed(ClientSession session) {
      return session.getAttribute(PASSWORD) != null;
    }

    @Override
    public String[] interactive(
        ClientSession session,
        String name,
        String instruction,
        String lang,
        String[] prompt,
        boolean[] echo) {
      String[] answers = new String[prompt.length];
      Arrays.fill(answers, "");
      String password = session.getAttribute(PASSWORD);
      for (int i = 0; i < prompt.length; i++) {
        if (!echo[i] && password != null) {
          answers[i] = password;
        }
      }
      return answers;
    }

    @Override
    public @Nullable String getUpdatedPassword(ClientSession session, String prompt, String lang) {
      return null;
    }
  }
}
