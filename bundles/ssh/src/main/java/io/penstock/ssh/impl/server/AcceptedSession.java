// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.channel.SessionWatch;
import io.penstock.ssh.impl.channel.WatchedSession;
import java.io.IOException;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.helpers.TimeoutIndicator;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.ServerFactoryManager;
import org.apache.sshd.server.session.ServerSessionImpl;
import org.apache.sshd.server.session.SessionFactory;
import org.jspecify.annotations.Nullable;

/** The connection of a client. */
final class AcceptedSession extends ServerSessionImpl
    implements WatchedSession, Startups.Connection {
  private static final String LOGGING_IN = "ssh-userauth";

  /** What is done in the turn of what comes from the peer. */
  interface Step {
    void run() throws Exception;
  }

  private final SessionWatch watch = new SessionWatch();
  private final AtomicLong heard = new AtomicLong();
  private final AtomicReference<@Nullable Consumer<@Nullable Throwable>> over =
      new AtomicReference<>();
  private volatile @Nullable Future<?> limit;
  private volatile boolean tried;
  private volatile boolean late;
  private volatile boolean unwanted;

  private AcceptedSession(ServerFactoryManager server, IoSession socket) throws Exception {
    super(server, socket);
  }

  /** Makes them for a server. */
  static SessionFactory factory(ServerFactoryManager server) {
    return new SessionFactory(server) {
      @Override
      protected ServerSessionImpl doCreateSession(IoSession socket) throws Exception {
        return new AcceptedSession(getServer(), socket);
      }
    };
  }

  @Override
  public @Nullable SessionWatch watch() {
    return watch;
  }

  // ---- identity, and what it has done

  @Override
  public @Nullable Source source() {
    return Source.of(getRemoteAddress());
  }

  @Override
  public long heard() {
    return heard.get();
  }

  @Override
  public void messageReceived(Readable bytes) throws Exception {
    long unused = heard.addAndGet(bytes.available());
    super.messageReceived(bytes);
  }

  /** A client has tried to log in, and was refused. */
  void triedInVain() {
    tried = true;
  }

  /** Whether the client has tried to log in, and was refused. */
  boolean isTriedInVain() {
    return tried;
  }

  /** Whether the login took too long. */
  boolean isLate() {
    return late;
  }

  /**
   * Whether we have cut it, whatever the peer has done: to make room, or because its address is
   * refused.
   */
  boolean isUnwanted() {
    return unwanted;
  }

  /** Cuts it, whatever the peer has done. */
  void refuse() {
    unwanted = true;
    Object unused = close(true);
  }

  /** Tells a peer that it has done nothing wrong, and cannot stay. */
  void turnAway(int reason, String text) throws IOException {
    unwanted = true;
    disconnect(reason, text);
  }

  // ---- logging in

  /**
   * Sets the timer that cuts it, unless the client has logged in before.
   *
   * @param told is called once when the login is over
   */
  void limitedBy(Future<?> timer, Consumer<@Nullable Throwable> told) {
    over.set(told);
    limit = timer;
    if (isAuthenticated() || !isOpen()) {
      loginOver();
    }
  }

  /** The timer is not needed any more. */
  void loginOver() {
    Consumer<@Nullable Throwable> told = over.getAndSet(null);
    if (told != null) {
      told.accept(isAuthenticated() ? null : new IOException("gone without having logged in"));
    }
    Future<?> timer = limit;
    if (timer != null) {
      boolean unused = timer.cancel(false);
    }
  }

  /** The time for the login is over. */
  void tooLate() {
    if (isAuthenticated() || !isOpen()) {
      return;
    }
    late = true;
    try {
      disconnect(SshConstants.SSH2_DISCONNECT_PROTOCOL_ERROR, "the login has taken too long");
    } catch (IOException | RuntimeException e) {
      exceptionCaught(e);
    }
  }

  /** A peer that asks for the login anew begins nothing anew. */
  @Override
  public Instant resetAuthTimeout() {
    return getAuthTimeoutStart();
  }

  /**
   * As OpenSSH does: before the login the same service may be asked for again, and keeps its state;
   * after the login it can no longer be asked for.
   */
  @Override
  protected boolean handleServiceRequest(String service, Buffer message) throws Exception {
    if (isAuthenticated()) {
      Object unused = notImplemented(SshConstants.SSH_MSG_SERVICE_REQUEST, message);
      return false;
    }
    return super.handleServiceRequest(service, message);
  }

  @Override
  public void startService(String service, Buffer message) throws Exception {
    if (!isAuthenticated() && currentService.getService() != null) {
      if (!service.equalsIgnoreCase(LOGGING_IN)) {
        throw new SshException(
            SshConstants.SSH2_DISCONNECT_SERVICE_NOT_AVAILABLE, "nobody has logged in");
      }
      return;
    }
    super.startService(service, message);
  }

  /** The library logs the user's name; later callers get it unchanged. */
  @Override
  public IoWriteFuture signalAuthenticationSuccess(String user, String service, Buffer message)
      throws Exception {
    IoWriteFuture written =
        super.signalAuthenticationSuccess(Untrusted.shown(user), service, message);
    setUsername(user);
    return written;
  }

  // ---- what comes from the peer

  /** Runs a step while nothing that the peer sends is looked at. A failure ends the connection. */
  void inTurn(Step step) {
    Exception failure = null;
    decodeLock.lock();
    try {
      if (isOpen()) {
        step.run();
      }
    } catch (Exception e) {
      failure = e;
    } finally {
      decodeLock.unlock();
    }
    if (failure != null) {
      exceptionCaught(failure);
    }
  }

  /** Has the service look at a message that had to wait; in turn. */
  void pass(int message, Buffer body) throws Exception {
    if (!currentService.process(message, body)) {
      Object unused = notImplemented(message, body);
    }
  }

  @Override
  public IoWriteFuture writePacket(Buffer packet) throws IOException {
    return SessionWatch.send(this, packet, super::writePacket);
  }

  /** One connection that cannot be looked at keeps no other from being looked at. */
  @Override
  protected TimeoutIndicator checkForTimeouts() throws IOException {
    try {
      return super.checkForTimeouts();
    } catch (Error e) {
      throw new IOException(e);
    }
  }

  // ---- the library's log

  /** We log a loss ourselves. */
  @Override
  protected void warn(
      String message, Object first, Object second, Object third, Object fourth, Throwable cause) {
    debug(message, first, second, third, fourth, cause);
  }

  /** The library logs it, and the peer may have chosen words of it. */
  @Override
  public void disconnect(int reason, String text) throws IOException {
    super.disconnect(reason, Untrusted.shown(text));
  }

  /** The library logs it, and with it the name of the user. */
  @Override
  public String toString() {
    return Untrusted.shown(super.toString());
  }
}
