// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.ConnectionResetException;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.net.SocketException;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.jspecify.annotations.Nullable;

/** Remembers why a connection was lost, for every channel that was on it. */
public final class Losses implements SessionListener {
  @Override
  public void sessionException(Session session, Throwable t) {
    // The library wraps the report of an impossible length into one that only names a code.
    Throwable said = t instanceof SshException && t.getCause() != null ? t.getCause() : t;
    String message = said.getMessage();
    note(
        session,
        message == null ? said.getClass().getSimpleName() : Untrusted.shown(message),
        ofSystem(said) ? said : null);
    SessionWatch watch = SessionWatch.of(session);
    if (watch != null) {
      watch.breaks();
    }
  }

  @Override
  public void sessionDisconnect(
      Session session, int reason, String msg, String language, boolean initiator) {
    note(
        session,
        (initiator ? "we have" : "the peer has") + " disconnected: " + Untrusted.shown(msg),
        null);
  }

  /** Exceptions that the system did not throw may repeat the raw text of the peer. */
  private static boolean ofSystem(Throwable failure) {
    return failure instanceof SocketException
        || (failure.getClass() == IOException.class
            && failure.getMessage() != null
            && failure.getMessage().equals(Untrusted.shown(failure.getMessage())));
  }

  /**
   * Keeps a reason, which may be shown to all.
   *
   * @param cause what the system has thrown, if it was the system
   */
  static void note(Session session, String reason, @Nullable Throwable cause) {
    SessionWatch watch = SessionWatch.of(session);
    if (watch != null) {
      watch.lostBecause(reason, cause);
    }
  }

  /** Whether a connection was lost, and did not come to its end. */
  public static boolean broken(Session session) {
    SessionWatch watch = SessionWatch.of(session);
    return watch != null && watch.isBroken();
  }

  /** Why a connection was lost, as far as anything was said. */
  public static IOException of(String name, @Nullable Session session) {
    return of(name, session, null);
  }

  /**
   * Why a connection was lost, as far as anything was said.
   *
   * @param seen what has failed on it, which is the cause unless the system has said something
   */
  public static IOException of(String name, @Nullable Session session, @Nullable Throwable seen) {
    ConnectionResetException lost =
        new ConnectionResetException(name, "the connection was lost" + said(session), 0);
    SessionWatch watch = SessionWatch.of(session);
    Throwable system = watch == null ? null : watch.cause();
    lost.initCause(system == null ? seen : system);
    return lost;
  }

  /**
   * What was said.
   *
   * @param session the connection
   * @return with a colon before it; empty for nothing
   */
  public static String said(@Nullable Session session) {
    SessionWatch watch = SessionWatch.of(session);
    String reason = watch == null ? null : watch.reason();
    return reason == null ? "" : ": " + reason;
  }
}
