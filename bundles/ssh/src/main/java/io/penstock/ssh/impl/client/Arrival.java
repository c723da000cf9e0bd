// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.Channel;
import io.penstock.spi.Messages;
import io.penstock.spi.SourceDriver;
import io.penstock.ssh.impl.channel.BesideDriver;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Refusal;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A channel that the server opens, until the session that has asked for it has it. */
abstract class Arrival implements Link.Owner {
  static final Logger LOG = Messages.log("ssh.client");

  final Link link;
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile @Nullable ClientConnection entered;
  private volatile @Nullable SessionDriver lender;
  private volatile @Nullable BesideDriver driver;
  private volatile boolean over;
  private volatile boolean released;
  private volatile @Nullable IOException overBy;

  Arrival(Link link) {
    this.link = link;
  }

  /** Makes the channels of one type that servers open. */
  static ChannelFactory factory(String type, Function<Link, Arrival> maker) {
    return new ChannelFactory() {
      @Override
      public String getName() {
        return type;
      }

      @Override
      public Link createChannel(Session session) {
        Link link = Link.opened(type, type, BesideDriver.WINDOW);
        link.ownedBy(maker.apply(link));
        return link;
      }
    };
  }

  /**
   * The session that wants it.
   *
   * @return the session that lends what is needed until then; null if none wants it
   */
  abstract @Nullable SessionDriver wanted(Forwards forwards, Buffer body);

  /** It is open; on a thread of the product. */
  abstract void begin(SessionDriver session);

  @Override
  public boolean request(String type, Buffer body) {
    return false;
  }

  @Override
  public CompletionStage<?> opens(Buffer body) {
    int refusal = admit(body);
    return refusal == 0
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(
            new Refusal(
                refusal,
                refusal == SshConstants.SSH_OPEN_RESOURCE_SHORTAGE
                    ? "too many are open"
                    : "nobody has asked for it"));
  }

  private int admit(Buffer body) {
    ClientConnection connection = ClientConnection.of(link.getSession());
    SessionDriver session = connection == null ? null : wanted(connection.forwards(), body);
    if (connection == null || session == null) {
      return SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
    }
    link.rename(session.context().name() + " (" + link.getChannelType() + ")");
    if (!connection.forwards().enter()) {
      LOG.log(Level.WARNING, "{0} was refused, because too many are open", link);
      return SshConstants.SSH_OPEN_RESOURCE_SHORTAGE;
    }
    if (!connection.join()) {
      connection.forwards().leave();
      return SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
    }
    lender = session;
    entered = connection;
    return 0;
  }

  @Override
  public void opened() {
    SessionDriver session = lender;
    if (session != null) {
      try {
        session.context().executor().execute(() -> begin(session));
      } catch (RejectedExecutionException e) {
        // The product stops.
        drop();
      }
    }
  }

  @Override
  public void over(@Nullable IOException cause) {
    overBy = cause;
    over = true;
    BesideDriver made = driver;
    if (made != null) {
      made.over(cause);
    }
  }

  @Override
  public void released() {
    released = true;
    BesideDriver made = driver;
    if (made == null) {
      leave();
    } else {
      made.released();
    }
  }

  private void leave() {
    ClientConnection connection = entered;
    SessionDriver session = lender;
    if (connection != null && session != null && left.compareAndSet(false, true)) {
      connection.forwards().leave();
      connection.leave(session.context());
    }
  }

  /** No session may have it. */
  void drop() {
    link.closeByUs();
  }

  /** Makes a channel of it, for its user. */
  final void handOver(
      SessionDriver session,
      SourceDriver source,
      @Nullable InetSocketAddress originator,
      Consumer<Channel> handler) {
    BesideDriver made =
        new BesideDriver(
            link, source, originator, session.context(), session.closeLimit(), this::leave);
    driver = made;
    try {
      Channel channel =
          session
              .context()
              .channel(
                  session.context().name() + " (" + link.getChannelType() + ")",
                  own -> {
                    link.rename(own.name());
                    return made;
                  });
      accept(channel, handler);
    } catch (RuntimeException | Error e) {
      // The product stops.
      LOG.log(Level.DEBUG, link + " was not handed over", e);
      made.abort(e);
    }
    if (over) {
      // The channel may have ended before there was a driver to tell.
      made.over(overBy);
    }
    if (released) {
      made.released();
    }
  }

  private static void accept(Channel channel, Consumer<Channel> handler) {
    try {
      handler.accept(channel);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "{0}: its handler has failed", channel, e);
      channel.abort(e);
    }
  }
}
