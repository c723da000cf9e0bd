// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.channel.SessionWatch;
import io.penstock.ssh.impl.channel.WatchedSession;
import java.io.IOException;
import org.apache.sshd.client.ClientFactoryManager;
import org.apache.sshd.client.session.ClientSessionImpl;
import org.apache.sshd.client.session.SessionFactory;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A connection to a server. */
final class OpenedSession extends ClientSessionImpl implements WatchedSession {
  private final SessionWatch watch = new SessionWatch();

  private OpenedSession(ClientFactoryManager client, IoSession socket) throws Exception {
    super(client, socket);
  }

  /** Makes them for a client. */
  static SessionFactory factory(ClientFactoryManager client) {
    return new SessionFactory(client) {
      @Override
      protected ClientSessionImpl doCreateSession(IoSession socket) throws Exception {
        return new OpenedSession(getClient(), socket);
      }
    };
  }

  @Override
  public @Nullable SessionWatch watch() {
    return watch;
  }

  @Override
  public IoWriteFuture writePacket(Buffer packet) throws IOException {
    return SessionWatch.send(this, packet, super::writePacket);
  }

  /** Its users are told of a loss. */
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
