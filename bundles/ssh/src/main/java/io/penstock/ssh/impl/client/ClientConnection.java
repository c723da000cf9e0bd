// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.spi.ProviderContext;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;

/** A connection with a logged-in user, for one channel or for many. */
final class ClientConnection {
  private static final AttributeKey<ClientConnection> OF = new AttributeKey<>();

  /** How long the peer may take to close the connection. */
  private static final Duration FAREWELL = Duration.ofSeconds(5);

  private final ClientSession session;
  private final Duration persist;
  private final Runnable onClose;
  private final AtomicBoolean over = new AtomicBoolean();
  private final Forwards forwards = new Forwards();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private int channels;
  private boolean closing;
  private @Nullable Future<?> closingLater;

  /**
   * A connection without channels.
   *
   * @param persist how long it stays so
   * @param onClose run once, when it is of no more use
   */
  ClientConnection(ClientSession session, Duration persist, Runnable onClose) {
    this.session = session;
    this.persist = persist;
    this.onClose = onClose;
    session.setAttribute(OF, this);
    session.addCloseFutureListener(done -> retire());
  }

  /** That of the library's session; null before the login. */
  static @Nullable ClientConnection of(Session session) {
    return session.getAttribute(OF);
  }

  /** Takes the channels that the server opens. */
  Forwards forwards() {
    return forwards;
  }

  ClientSession session() {
    return session;
  }

  ConnectionService service() {
    return session.getService(ConnectionService.class);
  }

  /** Joins the connection, if it is still open. */
  boolean join() {
    lock.lock();
    try {
      if (closing || !session.isOpen()) {
        return false;
      }
      channels++;
      if (closingLater != null) {
        closingLater.cancel(false);
        closingLater = null;
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** A channel is done; the last closes the connection, now or after a while. */
  void leave(ProviderContext context) {
    boolean now = false;
    boolean later = false;
    lock.lock();
    try {
      channels--;
      if (channels == 0 && !closing) {
        later = !persist.isZero() && session.isOpen();
        now = !later;
        closing = now;
      }
    } finally {
      lock.unlock();
    }
    if (now) {
      close(context);
    } else if (later) {
      later(context);
    }
  }

  private void later(ProviderContext context) {
    Future<?> timer = context.after(persist, () -> closeIfIdle(context));
    if (timer.isCancelled()) {
      // The product has stopped.
      closeIfIdle(context);
      return;
    }
    lock.lock();
    try {
      if (channels == 0 && !closing) {
        closingLater = timer;
        return;
      }
    } finally {
      lock.unlock();
    }
    timer.cancel(false);
  }

  private void closeIfIdle(ProviderContext context) {
    lock.lock();
    try {
      if (channels > 0 || closing) {
        return;
      }
      closing = true;
    } finally {
      lock.unlock();
    }
    close(context);
  }

  private void close(ProviderContext context) {
    retire();
    Object unused = session.close(false);
    Future<?> force = context.after(FAREWELL, this::cut);
    if (force.isCancelled()) {
      // The product has stopped.
      cut();
      return;
    }
    session.addCloseFutureListener(done -> force.cancel(false));
  }

  /** Ends it at once. */
  void cut() {
    lock.lock();
    try {
      closing = true;
    } finally {
      lock.unlock();
    }
    retire();
    Object unused = session.close(true);
  }

  private void retire() {
    if (over.compareAndSet(false, true)) {
      onClose.run();
    }
  }
}
