// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.agent.Agent;
import io.penstock.ssh.impl.agent.AgentPublicKey;
import io.penstock.ssh.impl.agent.AgentSocket;
import io.penstock.ssh.impl.channel.Losses;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.future.AuthFuture;
import org.apache.sshd.client.future.ConnectFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.ClientSession.ClientSessionEvent;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.helpers.MissingAttachedSessionException;
import org.jspecify.annotations.Nullable;

/** Connects and logs in, on a thread that may wait; each step counts against one limit. */
class Login {
  private static final Logger LOG = Messages.log("ssh.client");
  private static final String ENDED = "the connection ended before keys were agreed on";

  private final String name;
  private final String endpoint;
  private final ClientOptions.Login wanted;
  private final Executor executor;
  private final Duration limit;
  private final long deadline;
  private volatile boolean cancelled;
  private volatile @Nullable ClientSession session;
  private volatile @Nullable ConnectFuture connecting;
  private volatile @Nullable String distrust;
  private volatile @Nullable Agent agent;

  /**
   * An attempt whose clock runs from now on.
   *
   * @param name for errors
   * @param endpoint for errors about the address
   * @param executor where an agent signs, which may take its time
   */
  Login(
      String name, String endpoint, ClientOptions.Login wanted, Executor executor, Duration limit) {
    this(name, endpoint, wanted, executor, limit, System.nanoTime());
  }

  /** One whose clock has run for a while. */
  Login(
      String name,
      String endpoint,
      ClientOptions.Login wanted,
      Executor executor,
      Duration limit,
      long begun) {
    this.name = name;
    this.endpoint = endpoint;
    this.wanted = wanted;
    this.executor = executor;
    this.limit = limit;
    this.deadline = begun + limit.toNanos();
  }

  /** Nobody waits for it any more. */
  void cancel() {
    cancelled = true;
    ConnectFuture future = connecting;
    if (future != null) {
      Object unused = future.cancel();
    }
    Agent asked = agent;
    if (asked != null) {
      closeAgent(asked);
    }
    ClientSession made = session;
    if (made != null) {
      Object unused = made.close(true);
    }
  }

  private static void closeAgent(Agent agent) {
    try {
      agent.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, agent + " was not closed cleanly", e);
    }
  }

  private long millisLeft(String step) throws IOException {
    if (cancelled) {
      throw new CancellationException(name + ": cancelled");
    }
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left <= 0) {
      throw late(step);
    }
    return left;
  }

  private StreamTimeoutException late(String step) {
    return new StreamTimeoutException(
        name, step + " took more than the limit of " + limit.toMillis() + " ms", 0);
  }

  /** Waits for all of it. */
  ClientSession run(SshClient client) throws IOException {
    // Our own files come first: they may be wrong, and decrypting keys takes time.
    List<KeyPair> identities =
        Identities.read(wanted.identities(), wanted.passphrase(), wanted.strictModes());
    String password = wanted.password().isEmpty() ? null : wanted.password().get().read();
    try (Agent opened = agent()) {
      agent = opened;
      return run(client, identities, password);
    }
  }

  private @Nullable Agent agent() throws IOException {
    if (wanted.agent().isEmpty()) {
      return null;
    }
    return new Agent(AgentSocket.open(wanted.agent().get()), deadline);
  }

  private ClientSession run(SshClient client, List<KeyPair> identities, @Nullable String password)
      throws IOException {
    ClientSession made = connect(client);
    session = made;
    try {
      if (cancelled) {
        throw new CancellationException(name + ": cancelled");
      }
      exchangeKeys(made);
      logIn(made, identities, password);
      return made;
    } catch (IOException | RuntimeException | Error e) {
      Object unused = made.close(true);
      throw e;
    }
  }

  /** Where a name leads. */
  InetAddress[] addresses(String host) throws UnknownHostException {
    return InetAddress.getAllByName(host);
  }

  /** To one address of the host after the other, until one answers. */
  private ClientSession connect(SshClient client) throws IOException {
    Where where = wanted.where();
    InetAddress[] hosts;
    try {
      hosts = addresses(where.host());
    } catch (UnknownHostException e) {
      throw new AddressException(
          Kind.NOT_FOUND, endpoint, "there is no host '" + where.host() + "'", e);
    }
    AttributeRepository about = about(where);
    List<String> others = new ArrayList<>();
    for (int i = 0; i < hosts.length - 1; i++) {
      try {
        return connect(client, hosts[i], about, hosts.length - i, List.of());
      } catch (AddressException | ConnectionResetException | StreamTimeoutException e) {
        others.add(hosts[i].getHostAddress() + ": " + reason(e));
      }
    }
    return connect(client, hosts[hosts.length - 1], about, 1, others);
  }

  private static String reason(IOException e) {
    Throwable cause = e.getCause();
    return cause == null ? "no answer" : String.valueOf(cause.getMessage());
  }

  /** What the library is told of a connection. */
  private AttributeRepository about(Where where) {
    HostKeys hostKeys = new HostKeys(wanted.knownHosts(), wanted.checking());
    Function<PublicKey, Boolean> trust =
        key -> {
          String wrong = hostKeys.check(where, key);
          distrust = wrong;
          return wrong == null;
        };
    Map<AttributeKey<?>, Object> about = new HashMap<>();
    about.put(SharedClient.TRUST, trust);
    about.put(KnownFirst.TYPES, hostKeys.knownTypes(where));
    about.put(KeepAlive.TERMS, new KeepAlive.Terms(wanted.keepAlive(), wanted.keepAliveCount()));
    Agent asked = agent;
    if (asked != null) {
      about.put(AgentPublicKey.AGENT, asked);
      about.put(AgentPublicKey.SIGNING, executor);
    }
    return AttributeRepository.ofAttributesMap(about);
  }

  /**
   * To one address.
   *
   * @param share of how many parts of the time that is left this may take one
   * @param others what was wrong with those before
   */
  private ClientSession connect(
      SshClient client, InetAddress host, AttributeRepository about, int share, List<String> others)
      throws IOException {
    // Nothing is begun for which there is no time.
    long unusedTime = millisLeft("connecting");
    InetSocketAddress to = new InetSocketAddress(host, wanted.where().port());
    ConnectFuture future = client.connect(wanted.where().user(), to, about, null);
    connecting = future;
    boolean taken = false;
    try {
      // Once more: a caller that cancelled it just now had nothing to cancel.
      if (!future.await(Math.max(1, millisLeft("connecting") / share))) {
        throw late("connecting");
      }
      Throwable failure = future.getException();
      if (failure != null) {
        refuseDistrusted();
        // The connection was made, even if it ended before the library could say so.
        throw failure instanceof MissingAttachedSessionException
            ? new HandshakeException(name, ENDED, failure)
            : unreachable(host, failure, others);
      }
      if (future.isCanceled() || future.getSession() == null) {
        throw new CancellationException(name + ": cancelled");
      }
      taken = true;
      return future.getSession();
    } finally {
      if (!taken) {
        abandon(future);
      }
    }
  }

  /** The connection is not wanted, whether it is being made or was made just now. */
  private static void abandon(ConnectFuture future) {
    Object unused = future.cancel();
    future.addListener(
        done -> {
          if (done.isConnected()) {
            Object unusedClosing = done.getSession().close(true);
          }
        });
  }

  private IOException unreachable(InetAddress host, Throwable failure, List<String> others) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof ConnectException || each instanceof NoRouteToHostException) {
        String reason = String.valueOf(each.getMessage());
        List<String> all = new ArrayList<>(others);
        all.add(others.isEmpty() ? reason : host.getHostAddress() + ": " + reason);
        return new AddressException(
            each instanceof ConnectException ? Kind.REFUSED : Kind.NOT_FOUND,
            endpoint,
            String.join(", ", all),
            each);
      }
    }
    ConnectionResetException lost =
        new ConnectionResetException(name, "cannot be connected: " + failure.getMessage(), 0);
    lost.initCause(failure);
    return lost;
  }

  private void exchangeKeys(ClientSession made) throws IOException {
    Set<ClientSessionEvent> seen =
        made.waitFor(
            EnumSet.of(ClientSessionEvent.WAIT_AUTH, ClientSessionEvent.CLOSED),
            millisLeft("connecting"));
    refuseDistrusted();
    if (cancelled) {
      throw new CancellationException(name + ": cancelled");
    }
    if (seen.contains(ClientSessionEvent.TIMEOUT)) {
      throw late("agreeing on keys");
    }
    if (seen.contains(ClientSessionEvent.CLOSED) || !made.isOpen()) {
      throw new HandshakeException(name, ENDED + Losses.said(made), null);
    }
  }

  private void refuseDistrusted() throws HandshakeException {
    String wrong = distrust;
    if (wrong != null) {
      throw new HandshakeException(name, wrong, null);
    }
  }

  private void logIn(ClientSession made, List<KeyPair> identities, @Nullable String password)
      throws IOException {
    identities.forEach(made::addPublicKeyIdentity);
    if (password != null) {
      made.addPasswordIdentity(password);
      Prompts.begin(made, password);
    }
    AuthFuture future = made.auth();
    if (!future.await(millisLeft("logging in"))) {
      throw late("logging in");
    }
    Prompts.end(made);
    if (future.isSuccess()) {
      // They were asked for once and for all, and the connection may last.
      identities.forEach(made::removePublicKeyIdentity);
      if (password != null) {
        String unused = made.removePasswordIdentity(password);
      }
      return;
    }
    if (cancelled) {
      throw new CancellationException(name + ": cancelled");
    }
    // The library reports a disconnect first to the login, and then to all others.
    String said = Losses.said(made);
    Throwable failure = future.getException();
    if (said.isEmpty() && failure != null) {
      said = ": " + Untrusted.shown(failure.getMessage());
    }
    throw new HandshakeException(
        name,
        "the server does not let '"
            + wanted.where().user()
            + "' in with "
            + tried(identities, password)
            + Prompts.unanswered(made)
            + said,
        failure);
  }

  private String tried(List<KeyPair> identities, @Nullable String password) {
    List<String> tried = new ArrayList<>();
    Agent asked = agent;
    if (asked != null) {
      for (PublicKey each : asked.keys()) {
        tried.add("the agent's key " + Fingerprint.of(each));
      }
      if (asked.refusal() != null) {
        tried.add("an agent that does not sign (" + asked.refusal() + ")");
      }
    }
    for (KeyPair each : identities) {
      tried.add("the key " + Fingerprint.of(each.getPublic()));
    }
    if (password != null) {
      tried.add(wanted.password().map(Secret::toString).orElse(""));
    }
    return tried.isEmpty()
        ? "nothing: none of identity=, agent=, password-file= and a password has anything"
        : String.join(" and ", tried);
  }
}
