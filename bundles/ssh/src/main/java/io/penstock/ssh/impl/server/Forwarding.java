// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.channel.ChannelOptions;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Refusal;
import io.penstock.ssh.impl.forward.ForwardedDriver;
import io.penstock.ssh.impl.forward.Joined;
import io.penstock.ssh.impl.forward.Lanes;
import io.penstock.ssh.impl.forward.Target;
import io.penstock.ssh.impl.forward.Wanted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;
import org.jspecify.annotations.Nullable;

/**
 * The connections that go through a client's SSH connection beside its sessions: those that we make
 * for it, and those that we accept for it. They belong to the listener alone, so they end with it.
 * Safe for use by any thread.
 */
final class Forwarding implements RequestHandler<ConnectionService> {
  private static final Logger LOG = Messages.log("ssh.server");

  /** How many names are looked up at once; each holds a thread until the name server answers. */
  private static final int MAX_LOOK_UPS = 16;

  private final SshListener listener;
  private final Permissions permissions;
  private final String name;
  private final ServerOptions options;
  private final Duration connectLimit;
  private final Duration closeLimit;
  private final int backlog;
  private final ProviderContext context;
  private final Lanes lanes;
  private final Lanes names;
  private final Set<Joined> joins = ConcurrentHashMap.newKeySet();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<Session, Map<Target, RemoteListener>> listening = new HashMap<>();
  private boolean closed;

  Forwarding(
      SshListener listener,
      Permissions permissions,
      String name,
      ServerOptions options,
      ChannelOptions given,
      ProviderContext context) {
    this.listener = listener;
    this.permissions = permissions;
    this.name = name;
    this.options = options;
    this.connectLimit = given.connectTimeout();
    this.closeLimit = given.closeTimeout();
    this.backlog = given.backlog();
    this.context = context;
    this.lanes = new Lanes(context.executor());
    this.names = new Lanes(context.executor(), MAX_LOOK_UPS);
  }

  // ---- connections that we make

  /** The kinds of channels that clients open for them. */
  List<ChannelFactory> kinds() {
    return List.of(new Direct(Wanted.DIRECT_TCP), new Direct(Wanted.DIRECT_UNIX));
  }

  private final class Direct implements ChannelFactory {
    private final String type;

    Direct(String type) {
      this.type = type;
    }

    @Override
    public String getName() {
      return type;
    }

    @Override
    public Channel createChannel(Session session) {
      Link link = Link.opened(name, type, options.window());
      Place place = new Place(session);
      link.ownedBy(
          options.acceptDirect()
              ? new ForwardedDriver(link, place, closeLimit, context)
              : joined(link, place));
      return link;
    }
  }

  private Joined joined(Link link, Place place) {
    return new Joined(link, place, context, lanes, names, connectLimit, closeLimit);
  }

  /** The place of one channel among those of its connection. */
  private final class Place implements Joined.Gate, ForwardedDriver.Gate {
    private final Session session;
    private volatile boolean entered;
    private volatile boolean reserved;

    Place(Session session) {
      this.session = session;
    }

    private void check(Target wanted) throws Refusal {
      if (!options.forwarding().mayOpen(permissions, session, wanted)) {
        LOG.log(
            Level.INFO,
            "{0}: {1} was not connected to {2}, which is not permitted (permit-open)",
            name,
            Untrusted.shown(session.getUsername()),
            Untrusted.shown(wanted));
        throw new Refusal(
            SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, wanted + " is not permitted");
      }
    }

    void enter() throws Refusal {
      entered = true;
      int refusal = listener.refuses(session, ChannelCount.enter(session));
      if (refusal != 0) {
        throw new Refusal(refusal, "there are too many channels, or nobody listens any more");
      }
    }

    @Override
    public void admit(Joined joined, Target wanted) throws Refusal {
      check(wanted);
      enter();
      joins.add(joined);
    }

    @Override
    public void admit(ForwardedDriver driver, Target wanted) throws Refusal {
      check(wanted);
      enter();
      reserved = listener.backlog().reserve();
      if (!reserved) {
        throw new Refusal(SshConstants.SSH_OPEN_RESOURCE_SHORTAGE, "too many wait to be accepted");
      }
    }

    @Override
    public void offer(ForwardedDriver driver) {
      driver.waitIn(listener.backlog());
    }

    @Override
    public void left(Joined joined) {
      joins.remove(joined);
      leave();
    }

    @Override
    public void left(ForwardedDriver driver, boolean offered) {
      if (reserved && !offered) {
        listener.backlog().giveBack();
      }
      leave();
    }

    private void leave() {
      if (entered) {
        ChannelCount.leave(session);
        listener.channelOver();
      }
    }
  }

  // ---- connections that we accept

  @Override
  public Result process(ConnectionService service, String request, boolean wantReply, Buffer buffer)
      throws IOException {
    return switch (request) {
      case "tcpip-forward" -> listen(service, tcp(buffer), wantReply);
      case "streamlocal-forward@openssh.com" ->
          listen(service, Target.unix(buffer.getString()), wantReply);
      case "cancel-tcpip-forward" -> cancel(service.getSession(), tcp(buffer));
      case "cancel-streamlocal-forward@openssh.com" ->
          cancel(service.getSession(), Target.unix(buffer.getString()));
      // The library would log each.
      default -> Result.ReplyFailure;
    };
  }

  /** What cannot be read is refused by the library. */
  private static Target tcp(Buffer buffer) {
    return Target.tcp(buffer.getString(), buffer.getUInt());
  }

  private Result listen(ConnectionService service, Target asked, boolean wantReply)
      throws IOException {
    Session session = service.getSession();
    if (!options.forwarding().mayListen(permissions, session, asked)) {
      LOG.log(
          Level.INFO,
          "{0}: nobody listens at {1} for {2}, because that is not permitted (permit-listen)",
          name,
          Untrusted.shown(asked),
          Untrusted.shown(session.getUsername()));
      return Result.ReplyFailure;
    }
    RemoteListener made;
    try {
      made =
          RemoteListener.bind(
              asked, backlog, context, lanes, (peer, at) -> serve(service, at, peer));
    } catch (IOException e) {
      LOG.log(
          Level.INFO,
          "{0}: nobody listens at {1} for {2}: {3}",
          name,
          Untrusted.shown(asked),
          Untrusted.shown(session.getUsername()),
          Untrusted.shown(e.getMessage()));
      return Result.ReplyFailure;
    }
    if (!keep(session, made)) {
      made.close();
      return Result.ReplyFailure;
    }
    if (wantReply) {
      Buffer reply = session.createBuffer(SshConstants.SSH_MSG_REQUEST_SUCCESS, 16);
      if (!asked.unix() && asked.port() == 0) {
        reply.putUInt(made.address().port());
      }
      // Never waits while keys are exchanged.
      Object unused = ThreadUtils.runAsInternal(reply, session::writePacket);
    }
    // Only now, so that nothing overtakes the answer.
    made.begin();
    return Result.Replied;
  }

  private boolean keep(Session session, RemoteListener made) {
    boolean first;
    lock.lock();
    try {
      Map<Target, RemoteListener> all = listening.get(session);
      first = all == null;
      if (all == null) {
        all = new HashMap<>();
      }
      if (closed || all.size() >= options.mostChannels()) {
        return false;
      }
      all.put(made.address(), made);
      listening.put(session, all);
    } finally {
      lock.unlock();
    }
    if (first) {
      session.addCloseFutureListener(done -> closeAll(session));
    }
    return true;
  }

  private Result cancel(Session session, Target address) {
    RemoteListener found;
    lock.lock();
    try {
      Map<Target, RemoteListener> all = listening.get(session);
      found = all == null ? null : all.remove(address);
    } finally {
      lock.unlock();
    }
    if (found == null) {
      return Result.ReplyFailure;
    }
    found.closeAndSettle();
    return Result.ReplySuccess;
  }

  private void closeAll(Session session) {
    @Nullable Map<Target, RemoteListener> all;
    lock.lock();
    try {
      all = listening.remove(session);
    } finally {
      lock.unlock();
    }
    if (all != null) {
      all.values().forEach(RemoteListener::close);
    }
  }

  /** A peer has connected to an address at which we listen for a client. */
  private void serve(ConnectionService service, Target at, RemoteListener.Peer peer) {
    Place place = new Place(service.getSession());
    Link link =
        Link.toOpen(
            name,
            at.unix() ? Wanted.FORWARDED_UNIX : Wanted.FORWARDED_TCP,
            options.window(),
            body -> {
              body.putString(at.name());
              if (at.unix()) {
                // Reserved.
                body.putString("");
              } else {
                body.putUInt(at.port());
                body.putString(peer.host());
                body.putUInt(peer.port());
              }
            });
    Joined joined = joined(link, place);
    joined.given(peer.socket());
    link.ownedBy(joined);
    joins.add(joined);
    try {
      place.enter();
      Object unused =
          ThreadUtils.runAsInternal(service, link::open)
              .whenComplete(
                  (open, failure) -> {
                    if (failure == null) {
                      joined.opened();
                    } else {
                      LOG.log(
                          Level.INFO,
                          "{0}: the peer that connected to {1} was refused by the client: {2}",
                          name,
                          Untrusted.shown(at),
                          failure.getMessage());
                      neverOpened(joined);
                    }
                  });
    } catch (IOException e) {
      LOG.log(
          Level.INFO,
          "{0}: the peer that connected to {1} was cut: {2}",
          name,
          Untrusted.shown(at),
          e.getMessage());
      neverOpened(joined);
    }
  }

  /** The library tells of the end of a channel only if that was open. */
  private static void neverOpened(Joined joined) {
    joined.released();
    joined.over(null);
  }

  /** Ends everything that is forwarded. */
  void close() {
    List<RemoteListener> all = new ArrayList<>();
    lock.lock();
    try {
      closed = true;
      listening.values().forEach(each -> all.addAll(each.values()));
      listening.clear();
    } finally {
      lock.unlock();
    }
    all.forEach(RemoteListener::close);
    List.copyOf(joins).forEach(Joined::cut);
  }
}
