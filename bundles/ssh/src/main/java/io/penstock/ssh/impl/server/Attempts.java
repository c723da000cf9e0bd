// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.apache.sshd.common.Service;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.server.session.ServerUserAuthService;
import org.apache.sshd.server.session.ServerUserAuthServiceFactory;

/**
 * The attempts to log in on one connection, of which a limited number may fail. They are counted as
 * OpenSSH counts them: neither the first question of a client, which asks what is offered, nor a
 * question whether a key would do is an attempt. The library counts messages instead, all but the
 * first.
 *
 * <p>A refusal is told after a while, and one attempt is looked at after the other: what a client
 * sends before it has its answer waits. Everything here happens in the turn of what comes from the
 * peer.
 */
final class Attempts extends ServerUserAuthService {
  private static final Logger LOG = Messages.log("ssh.server");

  /**
   * A refusal is sent after a random delay, so that a client does not learn which check took time.
   */
  private static final Duration SOONEST = Duration.ofMillis(50);

  private static final Duration LATEST = Duration.ofMillis(150);

  /** A check that takes longer than this by itself is answered at once. */
  private static final Duration LONG = Duration.ofSeconds(5);

  /** How many messages may wait of a client that does not wait for answers. */
  private static final int MAX_WAITING = 64;

  private static final int MAX_BYTES_WAITING = 64 * 1024;

  private final AcceptedSession session;
  private final String name;
  private final int most;
  private final ProviderContext context;
  private final Predicate<AcceptedSession> enters;
  private final Queue<byte[]> waiting = new ArrayDeque<>();
  private int bytesWaiting;
  private long began;
  // From an attempt on until it is answered.
  private boolean busy;
  private boolean goingOn;
  private boolean over;
  private int requests;
  private int failed;
  private String method = "";
  private String user = "";

  private Attempts(
      AcceptedSession session,
      String name,
      int most,
      ProviderContext context,
      Predicate<AcceptedSession> enters)
      throws IOException {
    super(session);
    this.session = session;
    this.name = name;
    this.most = most;
    this.context = context;
    this.enters = enters;
  }

  /**
   * Makes them for connections.
   *
   * @param name the listener's, for logs
   * @param most the failure that ends the connection
   * @param enters whether there is a place for one that logs in
   */
  static ServerUserAuthServiceFactory factory(
      String name, int most, ProviderContext context, Predicate<AcceptedSession> enters) {
    return new ServerUserAuthServiceFactory() {
      @Override
      public Service create(Session session) throws IOException {
        return new Attempts((AcceptedSession) session, name, most, context, enters);
      }
    };
  }

  @Override
  @SuppressWarnings("UnsynchronizedOverridesSynchronized")
  public void process(int cmd, Buffer buffer) throws Exception {
    if (over) {
      return;
    }
    if (busy) {
      keep(buffer);
      return;
    }
    busy = true;
    began = System.nanoTime();
    super.process(cmd, buffer);
  }

  /** The message with its number, which is read already. */
  private void keep(Buffer buffer) throws IOException {
    int size = buffer.available() + 1;
    bytesWaiting += size;
    if (waiting.size() == MAX_WAITING || bytesWaiting > MAX_BYTES_WAITING) {
      cut("does not wait for answers");
      return;
    }
    byte[] message = new byte[size];
    System.arraycopy(buffer.array(), buffer.rpos() - 1, message, 0, size);
    waiting.add(message);
  }

  /** The answer is on its way: what has waited is looked at. */
  private void goOn() throws Exception {
    if (goingOn) {
      return;
    }
    goingOn = true;
    try {
      while (!busy && !waiting.isEmpty() && session.isOpen()) {
        byte[] message = waiting.remove();
        bytesWaiting -= message.length;
        Buffer body = new ByteArrayBuffer(message);
        // After a login other code looks at it.
        session.pass(body.getUByte(), body);
      }
    } finally {
      goingOn = false;
    }
  }

  @Override
  protected boolean handleUserAuthRequestMessage(
      ServerSession server, Buffer buffer, AtomicReference<Boolean> authed) throws Exception {
    int start = buffer.rpos();
    user = buffer.getString();
    String service = buffer.getString();
    method = buffer.getString();
    buffer.rpos(start);
    requests++;
    // Another service has no users.
    return !service.equals("ssh-connection")
        || super.handleUserAuthRequestMessage(server, buffer, authed);
  }

  @Override
  @SuppressWarnings("UnsynchronizedOverridesSynchronized")
  protected void asyncAuth(int cmd, Buffer buffer, boolean authed) {
    session.inTurn(
        () -> {
          super.asyncAuth(cmd, buffer, authed);
          goOn();
        });
  }

  @Override
  protected void handleAuthenticationInProgress(int cmd, Buffer buffer) throws Exception {
    super.handleAuthenticationInProgress(cmd, buffer);
    busy = false;
  }

  @Override
  protected void handleAuthenticationSuccess(int cmd, Buffer buffer) throws Exception {
    if (!enters.test(session)) {
      over = true;
      session.turnAway(SshConstants.SSH2_DISCONNECT_TOO_MANY_CONNECTIONS, "Too many connections");
      return;
    }
    super.handleAuthenticationSuccess(cmd, buffer);
    session.loginOver();
    busy = false;
  }

  @Override
  protected void handleAuthenticationFailure(int cmd, Buffer buffer) throws Exception {
    if (requests > 1 || !method.equals("none")) {
      failed++;
      session.triedInVain();
    }
    if (failed >= most) {
      cut("was cut after " + most + " attempts to log in (max-auth-tries)");
    } else if (method.equals("none")) {
      super.handleAuthenticationFailure(cmd, buffer);
      busy = false;
    } else {
      Object unused = context.after(delay(), () -> session.inTurn(() -> refuse(cmd, buffer)));
    }
  }

  private void refuse(int cmd, Buffer buffer) throws Exception {
    super.handleAuthenticationFailure(cmd, buffer);
    busy = false;
    goOn();
  }

  /** Until the refusal is told: counted from the attempt, and doubled if that is over already. */
  private Duration delay() {
    long taken = System.nanoTime() - began;
    long told = ThreadLocalRandom.current().nextLong(SOONEST.toNanos(), LATEST.toNanos());
    while (told < taken && taken < LONG.toNanos()) {
      told *= 2;
    }
    return Duration.ofNanos(Math.max(0, told - taken));
  }

  private void cut(String why) throws IOException {
    over = true;
    if (!session.isOpen()) {
      return;
    }
    LOG.log(
        Level.INFO,
        "{0}: {1} from {2} {3}",
        name,
        Untrusted.shown(user),
        LogField.peer(SshListener.shown(session.getRemoteAddress())),
        LogField.cause(why));
    session.disconnect(
        SshConstants.SSH2_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
        "Too many authentication failures");
  }
}
