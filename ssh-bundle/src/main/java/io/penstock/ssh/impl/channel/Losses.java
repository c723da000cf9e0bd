// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.ConnectionResetException;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.jspecify.annotations.Nullable;

/** Remembers why a connection was lost, for every channel that was on it. */
public final class Losses implements SessionListener {
  @Override
  public void sessionException(Session session, Throwable t) {
    // Around a length that cannot be the library puts the name of a code.
    Throwable said = t instanceof SshException && t.getCause() != null ? t.getCause() : t;
    String message = said.getMessage();
    note(session, message == null ? said.getClass().getSimpleName() : Untrusted.shown(message));
    Watch watch = Watch.of(session);
    if (watch != null) {
      watch.breaks();
    }
  }

  @Override
  public void sessionDisconnect(
      Session session, int reason, String msg, String language, boolean initiator) {
    note(
        session,
        (initiator ? "we have" : "the peer has") + " disconnected: " + Untrusted.shown(msg));
  }

  /** Keeps a reason, which is for everybody's eyes. */
  static void note(Session session, String reason) {
    Watch watch = Watch.of(session);
    if (watch != null) {
      watch.lostBecause(reason);
    }
  }

  /** Whether a connection was lost, and did not come to its end. */
  public static boolean broken(Session session) {
    Watch watch = Watch.of(session);
    return watch != null && watch.isBroken();
  }

  /** Why a connection was lost, as far as anything was said. */
  public static IOException of(String name, @Nullable Session session) {
    return new ConnectionResetException(name, "the connection was lost" + said(session), 0);
  }

  /**
   * What was said.
   *
   * @param session the connection
   * @return with a colon before it; empty for nothing
   */
  public static String said(@Nullable Session session) {
    Watch watch = Watch.of(session);
    String reason = watch == null ? null : watch.reason();
    return reason == null ? "" : ": " + reason;
  }
}
