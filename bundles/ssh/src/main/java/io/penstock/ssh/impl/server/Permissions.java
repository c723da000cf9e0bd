// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.Messages;
import io.penstock.ssh.SshPolicy;
import io.penstock.ssh.SshQuestion;
import io.penstock.ssh.SshQuestion.Kind;
import io.penstock.ssh.impl.Untrusted;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.Supplier;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;

/**
 * What clients that are logged in may do: the one place that says so. The options of the listener
 * and those of the client's key have to agree; then a policy has the last word, if one is named.
 */
final class Permissions {
  private static final Logger LOG = Messages.log("ssh.server");

  /** What the key says by which a connection was logged in on. */
  private static final AttributeKey<KeyOptions> KEY_OPTIONS = new AttributeKey<>();

  private final String name;
  private final ServerOptions options;
  private final @Nullable Supplier<@Nullable SshPolicy> policy;

  /**
   * Those of a listener.
   *
   * @param name the listener's, for logs
   * @param policy finds the policy that is named, or null while it is not there; null if none is
   */
  Permissions(String name, ServerOptions options, @Nullable Supplier<@Nullable SshPolicy> policy) {
    this.name = name;
    this.options = options;
    this.policy = policy;
  }

  /** Notes how the client logs in; the last call counts, because it is the one that succeeds. */
  static void loggedInBy(Session session, KeyOptions key) {
    session.setAttribute(KEY_OPTIONS, key);
  }

  /** What the key says by which a connection was logged in on. */
  static KeyOptions key(Session session) {
    KeyOptions key = session.getAttribute(KEY_OPTIONS);
    if (key == null) {
      throw new IllegalStateException("nobody is logged in");
    }
    return key;
  }

  /** Whether a session may be opened. */
  boolean session(Session session) {
    return permits(session, Kind.SESSION, "", 0, true);
  }

  /** Whether a command may be run. */
  boolean exec(Session session, String command) {
    return permits(session, Kind.EXEC, command, 0, allows("exec"));
  }

  /** Whether a shell may be started. */
  boolean shell(Session session) {
    return permits(session, Kind.SHELL, "", 0, allows("shell"));
  }

  /** Whether a subsystem may be started. */
  boolean subsystem(Session session, String subsystem) {
    boolean configured = options.subsystems().contains(subsystem);
    return permits(session, Kind.SUBSYSTEM, subsystem, 0, configured);
  }

  /** Whether there may be a terminal. */
  boolean pty(Session session, String term) {
    return permits(session, Kind.PTY, term, 0, allows("pty") && key(session).pty());
  }

  /** Whether a variable may be set. */
  boolean env(Session session, String variable) {
    return permits(session, Kind.ENV, variable, 0, allows("env"));
  }

  /** Whether a signal may be sent. */
  boolean signal(Session session, String signal) {
    return permits(session, Kind.SIGNAL, signal, 0, allows("signal"));
  }

  /** Whether the client's agent may be reached. */
  boolean agent(Session session) {
    return permits(session, Kind.AGENT, "", 0, allows("agent") && key(session).agent());
  }

  /** Whether the client's X server may be reached. */
  boolean x11(Session session) {
    return permits(session, Kind.X11, "", 0, allows("x11") && key(session).x11());
  }

  /**
   * Whether the client may connect to a host by way of us.
   *
   * @param configured what the listener's options say
   */
  boolean direct(Session session, String host, int port, boolean configured) {
    boolean all = configured && key(session).mayOpen(host, port);
    return permits(session, Kind.DIRECT_TCP, host, port, all);
  }

  /**
   * Whether the client may connect to a Unix socket by way of us.
   *
   * @param configured what the listener's options say
   */
  boolean directSocket(Session session, String path, boolean configured) {
    boolean all = configured && key(session).mayOpenSocket();
    return permits(session, Kind.DIRECT_UNIX, path, 0, all);
  }

  /**
   * Whether we may listen for the client.
   *
   * @param address empty for every one
   * @param port 0 for any
   * @param configured what the listener's options say
   */
  boolean forward(Session session, String address, int port, boolean configured) {
    boolean all = configured && key(session).mayListen(address, port);
    return permits(session, Kind.FORWARD_TCP, address, port, all);
  }

  /**
   * Whether we may listen on a Unix socket for the client.
   *
   * @param configured what the listener's options say
   */
  boolean forwardSocket(Session session, String path, boolean configured) {
    boolean all = configured && key(session).mayListenOnSocket();
    return permits(session, Kind.FORWARD_UNIX, path, 0, all);
  }

  private boolean allows(String what) {
    return options.allow().contains(what);
  }

  private boolean permits(Session session, Kind kind, String text, int port, boolean configured) {
    if (policy == null) {
      return configured;
    }
    SshPolicy present = policy.get();
    if (present == null) {
      LOG.log(
          Level.WARNING,
          "{0}: {1} is refused, because there is no policy ''{2}''",
          name,
          kind,
          options.policy().orElse(""));
      return false;
    }
    SshQuestion question =
        SshQuestion.of(
            kind, session.getUsername(), session.getRemoteAddress(), text, port, configured);
    try {
      return present.permits(question);
    } catch (RuntimeException e) {
      LOG.log(
          Level.WARNING,
          name + ": refused, because the policy has failed: " + Untrusted.shown(question),
          e);
      return false;
    }
  }
}
