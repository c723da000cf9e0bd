// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.x11.Cookie;
import io.penstock.ssh.impl.x11.Prefixed;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A channel that the server opens for an X client, which has to show the right cookie before the
 * channel is handed out.
 */
final class X11Arrival extends Arrival {
  private static final String TYPE = "x11";

  /** How long an X client may take. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final AtomicInteger due = new AtomicInteger();
  private volatile @Nullable InetSocketAddress originator;
  private volatile @Nullable Future<?> timer;
  private final AtomicBoolean done = new AtomicBoolean();

  // Used by one thread at a time, the one that looks at the message.
  private ByteBuffer message = ByteBuffer.allocate(Cookie.HEADER);
  private boolean whole;

  private X11Arrival(Link link) {
    super(link);
  }

  /** Makes them. */
  static ChannelFactory factory() {
    return factory(TYPE, X11Arrival::new);
  }

  @Override
  @Nullable SessionDriver wanted(Forwards forwards, Buffer body) {
    String host = body.getString();
    long port = body.getUInt();
    // A Unix socket has no port, and a client over one may state any.
    originator = InetSocketAddress.createUnresolved(host, port > 65535 ? 0 : (int) port);
    return forwards.displays().stream()
        .filter(ToDisplay::expectsMore)
        .findFirst()
        .map(ToDisplay::session)
        .orElse(null);
  }

  @Override
  void begin(SessionDriver session) {
    timer = session.context().after(LIMIT, () -> refuse("shows no cookie in time"));
    link.input().onReady(() -> comes(session));
    comes(session);
  }

  /** Told by several threads; looked at by one at a time, which may hand it over. */
  private void comes(SessionDriver session) {
    if (due.getAndIncrement() == 0) {
      try {
        session.context().executor().execute(() -> look(session));
      } catch (RejectedExecutionException e) {
        // The product stops.
        drop();
      }
    }
  }

  private void look(SessionDriver session) {
    int seen;
    do {
      seen = due.get();
      if (!done.get()) {
        read(session);
      }
    } while (!due.compareAndSet(seen, 0));
  }

  private void read(SessionDriver session) {
    try {
      while (message.hasRemaining()) {
        int n = link.input().read(message);
        if (n < 0) {
          refuse("ends before it has shown a cookie");
          return;
        }
        if (n == 0) {
          return;
        }
        if (!message.hasRemaining() && !whole) {
          int length = Cookie.length(message.array());
          if (length < 0 || length > Cookie.MAX_MESSAGE) {
            refuse("does not speak X");
            return;
          }
          whole = true;
          message = ByteBuffer.allocate(length).put(message.flip());
        }
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the X client has gone", link, e);
      boolean unused = stop();
      return;
    }
    welcome(session);
  }

  private void welcome(SessionDriver lender) {
    byte[] shown = message.array();
    for (ToDisplay each : lender.connection.forwards().displays()) {
      byte[] replaced = each.cookie().replaced(shown);
      if (replaced == null) {
        continue;
      }
      if (!each.admits()) {
        refuse("is one too many");
        return;
      }
      if (stop()) {
        handOver(each.session(), new Prefixed(replaced, link.input()), originator, each::take);
      }
      return;
    }
    refuse("shows a wrong cookie");
  }

  /** Returns false if that is decided already. */
  private boolean stop() {
    Future<?> late = timer;
    if (late != null) {
      late.cancel(false);
    }
    return done.compareAndSet(false, true);
  }

  private void refuse(String why) {
    if (stop()) {
      LOG.log(
          Level.WARNING,
          "{0}: an X client from {1} was refused: it {2}",
          link,
          Untrusted.shown(originator),
          why);
      drop();
    }
  }
}
