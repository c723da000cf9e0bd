// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.spi.AcceptQueue;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.Given;
import io.penstock.ssh.impl.channel.Acceptable;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Losses;
import io.penstock.ssh.impl.channel.Refusal;
import io.penstock.ssh.impl.forward.ForwardedDriver;
import io.penstock.ssh.impl.forward.Target;
import io.penstock.ssh.impl.forward.Wanted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.jspecify.annotations.Nullable;

/**
 * An address at which a server listens for us: each connection to it is one accepted channel. It
 * has its own SSH connection, which lasts as long as the address or one of the channels.
 */
public final class ForwardListener implements ListenerDriver, ForwardedDriver.Gate {
  private static final Logger LOG = Messages.log("ssh.client");

  private static final String LISTEN = "listen";

  /** Which listener the connection belongs to. */
  private static final AttributeKey<ForwardListener> OWNER = new AttributeKey<>();

  /** The kinds of channels that servers may open, on the connections of listeners. */
  static final List<ChannelFactory> KINDS =
      List.of(new Forwarded(Wanted.FORWARDED_TCP), new Forwarded(Wanted.FORWARDED_UNIX));

  private final String name;
  private final ClientConnection connection;
  private final Target asked;
  private final long window;
  private final AcceptQueue<Acceptable> backlog;
  private final Set<ForwardedDriver> admitted = ConcurrentHashMap.newKeySet();
  private final Duration closeLimit;
  private final ProviderContext context;
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile Endpoint endpoint;
  private volatile int port;
  private volatile boolean lost;

  private ForwardListener(
      ClientConnection connection,
      Endpoint endpoint,
      Target asked,
      long window,
      ChannelOptions options,
      ProviderContext context) {
    this.name = context.name();
    this.connection = connection;
    this.endpoint = endpoint;
    this.asked = asked;
    this.window = window;
    this.backlog = new AcceptQueue<>(options.backlog());
    this.closeLimit = options.closeTimeout();
    this.context = context;
    this.port = asked.port();
  }

  /** The keys of the options. */
  public static Set<String> optionKeys() {
    Set<String> keys = new HashSet<>(ClientOptions.LOGIN_KEYS);
    keys.add(LISTEN);
    keys.add("window");
    return keys;
  }

  /** As {@link io.penstock.spi.ChannelProvider#check} says. */
  public static void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    Given given = new Given(options.extra());
    ClientOptions.Login unusedLogin = ClientOptions.login(endpoint, given, options);
    long unusedWindow = given.window();
    Target unusedTarget = asked(given);
  }

  private static Target asked(Given given) {
    return Target.parse(
        LISTEN,
        given
            .text(LISTEN)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "listen: ssh-forward-listen: needs an address of the server;"
                            + " expected HOST:PORT or unix:PATH")));
  }

  /** Logs in and has the server listen; waits for both. */
  static ForwardListener listen(
      SharedClient library, Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    long begun = System.nanoTime();
    Given given = new Given(options.extra());
    ClientOptions.Login wanted = ClientOptions.login(endpoint, given, options);
    long window = given.window();
    Target asked = asked(given);
    boolean unusedAnswer = CryptoProviders.ready();
    Login login =
        new Login(
            context.name(), endpoint.name(), wanted, context.executor(), options.connectTimeout());
    SshClient client = library.acquire();
    ClientSession session;
    Consumer<@Nullable Throwable> over = context.handshake("SSH");
    try {
      session = login.run(client);
      over.accept(null);
    } catch (IOException | RuntimeException | Error e) {
      over.accept(e);
      library.release();
      throw e;
    }
    ClientConnection connection = new ClientConnection(session, Duration.ZERO, library::release);
    ForwardListener made =
        new ForwardListener(connection, endpoint, asked, window, options, context);
    try {
      made.begin(options.connectTimeout().minusNanos(System.nanoTime() - begun), options);
    } catch (IOException | RuntimeException | Error e) {
      connection.cut();
      throw e;
    }
    return made;
  }

  private void begin(Duration left, ChannelOptions options) throws IOException {
    ClientSession session = connection.session();
    if (!connection.join()) {
      throw Losses.of(name, session);
    }
    // Set first: a channel may come before the answer to the request was looked at.
    session.setAttribute(OWNER, this);
    String request = asked.unix() ? "streamlocal-forward@openssh.com" : "tcpip-forward";
    Buffer answer;
    try {
      answer =
          session.request(
              request,
              request(session, request, true, port),
              Math.max(1, TimeUnit.NANOSECONDS.toMillis(left.toNanos())));
    } catch (SocketTimeoutException e) {
      StreamTimeoutException late =
          new StreamTimeoutException(
              name,
              "the server has not answered within "
                  + options.connectTimeout().toMillis()
                  + " ms whether it listens at "
                  + asked,
              0);
      late.initCause(e);
      throw late;
    } catch (IOException e) {
      if (session.isOpen()) {
        throw e;
      }
      throw Losses.of(name, session, e);
    }
    if (answer == null) {
      throw new RequestRejectedException(
          name, "the server refuses to listen at " + asked + " (" + request + ")", 0);
    }
    if (!asked.unix() && port == 0) {
      port = answer.getInt();
      endpoint = withPort(endpoint, asked, port);
    }
    session.addCloseFutureListener(done -> lost());
  }

  /** As it was asked for, with the real port. */
  private static Endpoint withPort(Endpoint endpoint, Target asked, int port) {
    String text = endpoint.toString();
    String option = "listen=" + Target.tcp(asked.name(), port).toString().replace("%", "%25");
    return Endpoint.parse(
        endpoint.options().containsKey(LISTEN)
            ? text.replaceFirst("(?<=[?&])listen=[^&]*", Matcher.quoteReplacement(option))
            : text + (endpoint.options().isEmpty() ? "?" : "&") + option);
  }

  private Buffer request(ClientSession session, String request, boolean wantReply, int at) {
    Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST, 256);
    buffer.putString(request);
    buffer.putBoolean(wantReply);
    if (asked.unix()) {
      buffer.putString(asked.name());
    } else {
      // RFC 4254 has an empty name for every address.
      buffer.putString(asked.name().equals("*") ? "" : asked.name());
      buffer.putUInt(at);
    }
    return buffer;
  }

  // ---- the library's threads

  private static final class Forwarded implements ChannelFactory {
    private final String type;

    Forwarded(String type) {
      this.type = type;
    }

    @Override
    public String getName() {
      return type;
    }

    @Override
    public Channel createChannel(Session session) {
      ForwardListener owner = session.getAttribute(OWNER);
      if (owner == null || owner.asked.unix() != type.equals(Wanted.FORWARDED_UNIX)) {
        Link link = Link.opened(String.valueOf(session), type, 0);
        link.ownedBy(new Refusing());
        return link;
      }
      Link link = Link.opened(owner.name, type, owner.window);
      link.ownedBy(new ForwardedDriver(link, owner, owner.closeLimit, owner.context));
      return link;
    }
  }

  /** We have not asked for it. */
  private static final class Refusing implements Link.Owner {
    @Override
    public boolean request(String type, Buffer body) {
      return false;
    }

    @Override
    public int refuses() {
      return SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
    }
  }

  @Override
  public void admit(ForwardedDriver driver, Target target) throws Refusal {
    if (!connection.join()) {
      throw new Refusal(SshConstants.SSH_OPEN_CONNECT_FAILED, "the connection is closing");
    }
    Refusal refusal = enter(driver);
    if (refusal != null) {
      connection.leave(context);
      throw refusal;
    }
  }

  private @Nullable Refusal enter(ForwardedDriver driver) {
    if (backlog.reserve()) {
      admitted.add(driver);
      return null;
    }
    return closed.get()
        ? new Refusal(SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, "nobody listens any more")
        : new Refusal(SshConstants.SSH_OPEN_RESOURCE_SHORTAGE, "too many wait to be accepted");
  }

  @Override
  public void offer(ForwardedDriver driver) {
    driver.waitIn(backlog);
  }

  @Override
  public void left(ForwardedDriver driver, boolean offered) {
    if (admitted.remove(driver)) {
      if (!offered) {
        backlog.giveBack();
      }
      connection.leave(context);
    }
  }

  private void lost() {
    lost = !closed.get();
    backlog.wake();
  }

  // ---- for the product

  @Override
  public @Nullable ChannelDriver accept(ProviderContext channel) throws IOException {
    // In this order: the last may come just before.
    boolean over = lost;
    ChannelDriver driver = Acceptable.next(backlog, channel);
    if (driver == null && over) {
      throw Losses.of(name, connection.session());
    }
    return driver;
  }

  @Override
  public boolean ready() {
    return lost || backlog.ready();
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
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    List<Acceptable> unclaimed = backlog.close();
    if (!lost) {
      cancel();
    }
    unclaimed.forEach(each -> each.abort(new StreamClosedException(name)));
    connection.leave(context);
  }

  /** Gives the address back, without waiting for the answer. */
  private void cancel() {
    ClientSession session = connection.session();
    String request =
        asked.unix() ? "cancel-streamlocal-forward@openssh.com" : "cancel-tcpip-forward";
    try {
      Object unused =
          ThreadUtils.runAsInternal(request(session, request, false, port), session::writePacket);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the connection had gone already", name, e);
    }
  }
}
