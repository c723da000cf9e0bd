// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.ConnectionResetException;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.jspecify.annotations.Nullable;

/** Remembers why a connection was lost, for every channel that was on it. */
public final class Losses implements SessionListener {
  private static final AttributeKey<String> REASON = new AttributeKey<>();

  @Override
  public void sessionException(Session session, Throwable t) {
    note(session, String.valueOf(t.getMessage()));
  }

  @Override
  public void sessionDisconnect(
      Session session, int reason, String msg, String language, boolean initiator) {
    note(session, (initiator ? "we have" : "the peer has") + " disconnected: " + msg);
  }

  private static void note(Session session, String reason) {
    if (session.getAttribute(REASON) == null) {
      session.setAttribute(REASON, Untrusted.shown(reason));
    }
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
    String reason = session == null ? null : session.getAttribute(REASON);
    return reason == null ? "" : ": " + reason;
  }
}
