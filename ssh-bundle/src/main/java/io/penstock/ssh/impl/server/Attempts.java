// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.common.Service;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.server.session.ServerUserAuthService;
import org.apache.sshd.server.session.ServerUserAuthServiceFactory;

/**
 * Logging in, of which so many attempts may fail, counted as OpenSSH counts them: not what a client
 * asks first to learn what is offered, nor a key that would do and has to be proved yet. The
 * library counts messages instead, and not the first.
 */
final class Attempts extends ServerUserAuthService {
  private static final Logger LOG = System.getLogger("io.penstock");

  private final String name;
  private final int most;
  // Only of the thread that reads from the connection.
  private int guesses;
  // Only within the library's own lock.
  private int requests;
  private int failed;
  private String method = "";
  private volatile String user = "";

  private Attempts(Session session, String name, int most) throws IOException {
    super(session);
    this.name = name;
    this.most = most;
  }

  /**
   * Makes them for connections.
   *
   * @param name the listener's, for logs
   * @param most the failure that ends the connection
   */
  static ServerUserAuthServiceFactory factory(String name, int most) {
    return new ServerUserAuthServiceFactory() {
      @Override
      public Service create(Session session) throws IOException {
        return new Attempts(session, name, most);
      }
    };
  }

  /** Who does not wait for an answer before the next guess has no more of them. */
  @Override
  @SuppressWarnings("UnsynchronizedOverridesSynchronized")
  public void process(int cmd, Buffer buffer) throws Exception {
    boolean guess = cmd == SshConstants.SSH_MSG_USERAUTH_INFO_RESPONSE;
    if (cmd == SshConstants.SSH_MSG_USERAUTH_REQUEST) {
      int start = buffer.rpos();
      String unusedUser = buffer.getString();
      String unusedService = buffer.getString();
      guess = buffer.getString().equals("password");
      buffer.rpos(start);
    }
    if (guess && ++guesses > most) {
      cut();
    } else {
      super.process(cmd, buffer);
    }
  }

  @Override
  protected boolean handleUserAuthRequestMessage(
      ServerSession session, Buffer buffer, AtomicReference<Boolean> authed) throws Exception {
    int start = buffer.rpos();
    user = buffer.getString();
    String unusedService = buffer.getString();
    method = buffer.getString();
    buffer.rpos(start);
    requests++;
    return super.handleUserAuthRequestMessage(session, buffer, authed);
  }

  @Override
  protected void handleAuthenticationFailure(int cmd, Buffer buffer) throws Exception {
    if (requests > 1 || !method.equals("none")) {
      failed++;
    }
    if (failed < most) {
      super.handleAuthenticationFailure(cmd, buffer);
      return;
    }
    cut();
  }

  private void cut() throws IOException {
    ServerSession session = getServerSession();
    if (!session.isOpen()) {
      return;
    }
    LOG.log(
        Level.INFO,
        "{0}: {1} from {2} was cut after {3} attempts to log in (max-auth-tries)",
        name,
        Untrusted.shown(user),
        session.getRemoteAddress(),
        most);
    session.disconnect(
        SshConstants.SSH2_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
        "Too many authentication failures");
  }
}
