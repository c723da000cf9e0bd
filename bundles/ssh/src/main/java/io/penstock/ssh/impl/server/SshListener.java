// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.AcceptQueue;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.SshPolicy;
import io.penstock.ssh.impl.Algorithms;
import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.Stops;
import io.penstock.ssh.impl.Transport;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.channel.Acceptable;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Losses;
import io.penstock.ssh.impl.channel.Mismatch;
import io.penstock.ssh.impl.server.Penalties.Deed;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.session.helpers.DefaultUnknownChannelReferenceHandler;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.apache.sshd.server.session.ServerConnectionServiceFactory;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections in the background, checks the identity of the clients, and hands out the
 * channels in which a client has asked for a program that it may have. Anything that was not
 * configured is refused.
 */
public final class SshListener implements ListenerDriver {
  private static final Logger LOG = Messages.log("ssh.server");

  private static final int MAX_AUTH_MESSAGES = 1000;

  /** The library's, which would end the connections with the address. */
  private static final class Server extends SshServer {
    void unbind() {
      acceptor.unbind();
    }
  }

  private final String name;
  private final ServerOptions options;
  private final AcceptQueue<Acceptable> backlog;
  private final Duration closeLimit;
  private final ProviderContext context;
  private final Server server = new Server();
  private final Permissions permissions;
  private final Forwarding forwarding;
  private final Startups startups;
  private final Penalties penalties;
  private final Endpoint endpoint;

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Set<Session> sessions = new HashSet<>();
  // Channels in which no program was asked for: they were not handed out, so no other code ends
  // them.
  private final Set<AcceptedDriver> idle = new HashSet<>();
  private boolean closed;
  // Nothing of the close needs the threads any more.
  private boolean unbound;
  private boolean stopped;

  private SshListener(
      Endpoint asked,
      ServerOptions wanted,
      ChannelOptions options,
      ProviderContext context,
      Policies policies)
      throws IOException {
    this.name = options.name().isEmpty() ? asked.withoutOptions().toString() : options.name();
    this.options = wanted;
    this.backlog = new AcceptQueue<>(options.backlog());
    this.closeLimit = options.closeTimeout();
    this.context = context;
    boolean unused = CryptoProviders.ready();
    List<KeyPair> hostKeys =
        HostKeyFiles.read(wanted.hostKeys(), wanted.passphrase(), wanted.strictModes());
    AuthorizedKeys keys =
        wanted
            .authorizedKeys()
            .map(file -> new AuthorizedKeys(name, file, wanted.strictModes()))
            .orElse(null);
    if (keys != null) {
      keys.check();
    }
    Supplier<@Nullable SshPolicy> policy = wanted.policy().map(policies::finder).orElse(null);
    this.permissions = new Permissions(name, wanted, policy);
    this.forwarding = new Forwarding(this, permissions, name, wanted, options, context);
    this.startups = new Startups(name, wanted);
    this.penalties = new Penalties(name, wanted.penaltyLimits(), System::nanoTime);
    configure(hostKeys, new Logins(name, wanted, keys, policy, context.executor()), options);
    this.endpoint = bind(asked);
  }

  /** The keys of the options. */
  public static Set<String> optionKeys() {
    return ServerOptions.KEYS;
  }

  /** The names of the secrets. */
  public static Set<String> secretKeys() {
    return ServerOptions.SECRETS;
  }

  /** As {@link io.penstock.spi.ChannelProvider#check} says. */
  public static void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    ServerOptions unused = ServerOptions.of(endpoint, options);
  }

  /**
   * Listens.
   *
   * @param policies has the one that the options may name
   * @return as {@link io.penstock.spi.ChannelProvider#listen} says
   */
  public static SshListener listen(
      Endpoint endpoint, ChannelOptions options, ProviderContext context, Policies policies)
      throws IOException {
    return new SshListener(
        endpoint, ServerOptions.of(endpoint, options), options, context, policies);
  }

  private void configure(List<KeyPair> hostKeys, Logins logins, ChannelOptions given) {
    SshServer fresh = SshServer.setUpDefaultServer();
    server.setRandomFactory(fresh.getRandomFactory());
    server.setCipherFactories(fresh.getCipherFactories());
    server.setCompressionFactories(fresh.getCompressionFactories());
    server.setMacFactories(fresh.getMacFactories());
    server.setSignatureFactories(fresh.getSignatureFactories());
    server.setKeyExchangeFactories(fresh.getKeyExchangeFactories());
    server.setKexExtensionHandler(fresh.getKexExtensionHandler());
    server.setFileSystemFactory(fresh.getFileSystemFactory());
    server.setForwarderFactory(fresh.getForwarderFactory());
    server.setServiceFactories(
        List.of(
            Attempts.factory(name, options.mostTries(), context, startups::enter),
            ServerConnectionServiceFactory.INSTANCE));
    Algorithms.set(server);
    server.setIoServiceFactoryFactory(SshAcceptor.factory(name, context));
    server.setKeyPairProvider(KeyPairProvider.wrap(hostKeys));
    server.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
    server.setPublickeyAuthenticator(logins);
    server.setPasswordAuthenticator(logins);
    server.setKeyboardInteractiveAuthenticator(logins);
    server.addSessionListener(logins);
    server.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
    server.setUnknownChannelReferenceHandler(DefaultUnknownChannelReferenceHandler.INSTANCE);
    // A kind of channel that is not here is refused as unknown.
    List<ChannelFactory> kinds = new ArrayList<>(forwarding.kinds());
    kinds.add(new Sessions());
    server.setChannelFactories(kinds);
    server.setGlobalRequestHandlers(List.of(forwarding));
    server.setSessionFactory(AcceptedSession.factory(server));
    server.addSessionListener(new Losses());
    server.setSessionDisconnectHandler(new Mismatch());
    server.addSessionListener(new Counting());
    Transport.set(server);
    // Each connection has a timer of ours, which no fault of another's stops.
    CoreModuleProperties.AUTH_TIMEOUT.set(server, Duration.ZERO);
    CoreModuleProperties.IDLE_TIMEOUT.set(server, options.idleTimeout());
    // Messages, not attempts: against a client that asks without end and never fails.
    CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, MAX_AUTH_MESSAGES);
    CoreModuleProperties.SOCKET_BACKLOG.set(server, given.backlog());
    if (given.receiveBuffer() > 0) {
      CoreModuleProperties.SOCKET_RCVBUF.set(server, given.receiveBuffer());
    }
    if (given.sendBuffer() > 0) {
      CoreModuleProperties.SOCKET_SNDBUF.set(server, given.sendBuffer());
    }
  }

  private Endpoint bind(Endpoint asked) throws IOException {
    Where where = options.where();
    if (!where.host().isEmpty()) {
      try {
        server.setHost(InetAddress.getByName(where.host()).getHostAddress());
      } catch (UnknownHostException e) {
        throw new AddressException(
            Kind.NOT_FOUND, asked.toString(), "there is no host '" + where.host() + "'", e);
      }
    }
    server.setPort(where.port());
    // First: what is loaded only once the threads are there could fail then.
    Stops.started();
    Runnable close =
        () -> {
          Object unused = server.close(true);
        };
    try {
      server.start();
    } catch (IOException e) {
      // Its threads are there already.
      Stops.stop(close, close);
      if (e instanceof BindException || e.getCause() instanceof BindException) {
        String reason = String.valueOf(e.getMessage());
        throw new AddressException(
            reason.contains("Permission")
                ? Kind.ACCESS
                : reason.contains("assign") ? Kind.NOT_FOUND : Kind.IN_USE,
            asked.toString(),
            reason,
            e);
      }
      throw e;
    } catch (RuntimeException | Error e) {
      Stops.stop(close, close);
      throw e;
    }
    // As it was asked for, with the real port.
    String address = asked.address();
    String before = address.substring(0, address.lastIndexOf(':') + 1);
    return asked.withAddress(before + server.getPort());
  }

  // ---- the library's threads

  private final class Counting implements SessionListener {
    @Override
    public void sessionCreated(Session session) {
      AcceptedSession fresh = (AcceptedSession) session;
      boolean late;
      lock.lock();
      try {
        late = closed || !sessions.add(session);
      } finally {
        lock.unlock();
      }
      if (late || penalties.refuses(fresh.getRemoteAddress())) {
        fresh.refuse();
        return;
      }
      Startups.Connection least = startups.come(fresh);
      fresh.limitedBy(
          context.after(options.loginTimeout(), fresh::tooLate), context.handshake("SSH"));
      if (least instanceof AcceptedSession other) {
        other.refuse();
      }
    }

    @Override
    public void sessionClosed(Session session) {
      if (Losses.broken(session)) {
        LOG.log(
            Level.INFO,
            "{0}: the connection from {1} was lost{2}",
            name,
            LogField.peer(shown(session.getRemoteAddress())),
            Losses.said(session));
      }
      leave((AcceptedSession) session);
      lock.lock();
      try {
        sessions.remove(session);
      } finally {
        lock.unlock();
      }
      stopIfUnused();
    }

    private void leave(AcceptedSession session) {
      session.loginOver();
      startups.leave(session);
      if (!session.isAuthenticated() && !session.isUnwanted()) {
        penalties.add(
            session.getRemoteAddress(),
            session.isLate() ? Deed.LATE : session.isTriedInVain() ? Deed.FAILED : Deed.SILENT);
      }
    }
  }

  private final class Sessions implements ChannelFactory {
    @Override
    public String getName() {
      return "session";
    }

    @Override
    public Channel createChannel(Session session) {
      Link link = Link.opened(name, "session", options.window());
      link.ownedBy(new AcceptedDriver(link, SshListener.this, closeLimit, context));
      return link;
    }
  }

  /** Whether a connection may open one more channel: 0, or the code of the refusal. */
  int refuses(Session session, int channels) {
    lock.lock();
    try {
      if (closed) {
        return SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
      }
    } finally {
      lock.unlock();
    }
    if (channels > options.mostChannels()) {
      LOG.log(
          Level.WARNING,
          "{0}: {1} was refused a channel, because it has {2} (max-channels)",
          name,
          LogField.peer(session.getRemoteAddress()),
          options.mostChannels());
      return SshConstants.SSH_OPEN_RESOURCE_SHORTAGE;
    }
    return 0;
  }

  /** A session is opened; false if the listener is closed. */
  boolean enter(AcceptedDriver driver) {
    lock.lock();
    try {
      return !closed && idle.add(driver);
    } finally {
      lock.unlock();
    }
  }

  /** What clients that are logged in may do. */
  Permissions permissions() {
    return permissions;
  }

  /** Those that wait to be accepted. */
  AcceptQueue<Acceptable> backlog() {
    return backlog;
  }

  /** The client was told that it has its program. */
  void offer(AcceptedDriver driver) {
    forget(driver);
    driver.waitIn(backlog);
  }

  private void forget(AcceptedDriver driver) {
    lock.lock();
    try {
      idle.remove(driver);
    } finally {
      lock.unlock();
    }
  }

  // ---- for the product

  @Override
  public @Nullable ChannelDriver accept(ProviderContext channel) {
    return Acceptable.next(backlog, channel);
  }

  @Override
  public boolean ready() {
    return backlog.ready();
  }

  @Override
  public void onReady(Runnable callback) {
    backlog.onReady(callback);
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    List<Acceptable> unclaimed;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      unclaimed = new ArrayList<>(idle);
      idle.clear();
    } finally {
      lock.unlock();
    }
    unclaimed.addAll(backlog.close());
    server.unbind();
    unclaimed.forEach(each -> each.abort(new StreamClosedException(name)));
    forwarding.close();
    closeIdleSessions();
    lock.lock();
    try {
      unbound = true;
    } finally {
      lock.unlock();
    }
    stopIfUnused();
  }

  /** A session is over. */
  void left(AcceptedDriver driver) {
    forget(driver);
    channelOver();
  }

  /** A channel of a connection is done. */
  void channelOver() {
    boolean now;
    lock.lock();
    try {
      now = closed;
    } finally {
      lock.unlock();
    }
    if (now) {
      closeIdleSessions();
    }
  }

  /** The listener accepts no more: connections without channels are of no more use. */
  private void closeIdleSessions() {
    List<Session> all;
    lock.lock();
    try {
      all = new ArrayList<>(sessions);
    } finally {
      lock.unlock();
    }
    for (Session session : all) {
      if (ChannelCount.of(session) == 0) {
        Object unused = session.close(false);
      }
    }
  }

  /** The threads go with the last connection. */
  private void stopIfUnused() {
    lock.lock();
    try {
      if (!unbound || !sessions.isEmpty() || stopped) {
        return;
      }
      stopped = true;
    } finally {
      lock.unlock();
    }
    Stops.stop(
        this::stop,
        () -> {
          LOG.log(Level.DEBUG, "{0}: nobody waits for the listener to stop", name);
          Object unused = server.close(true);
        });
  }

  private void stop() {
    try {
      server.stop(true);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the listener did not stop cleanly", name, e);
    }
  }

  /** Our address, for errors. */
  static String shown(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? Where.text(inet.getHostString(), inet.getPort())
        : String.valueOf(address);
  }
}
