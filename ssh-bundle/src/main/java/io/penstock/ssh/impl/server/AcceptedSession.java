// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.channel.Watch;
import io.penstock.ssh.impl.channel.Watched;
import java.io.IOException;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.ServerFactoryManager;
import org.apache.sshd.server.session.ServerSessionImpl;
import org.apache.sshd.server.session.SessionFactory;
import org.jspecify.annotations.Nullable;

/** The connection of a client. */
final class AcceptedSession extends ServerSessionImpl implements Watched {
  private final Watch watch = new Watch();

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
  public @Nullable Watch watch() {
    return watch;
  }

  @Override
  public IoWriteFuture writePacket(Buffer packet) throws IOException {
    return Watch.send(this, packet, super::writePacket);
  }

  /** Of a loss we tell ourselves. */
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
