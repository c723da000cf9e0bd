// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.SocketAddress;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** A request of a client that is logged in. Immutable. */
@ProviderType
public final class SshQuestion {
  /** What is asked for. */
  @ProviderType
  public enum Kind {
    /** To open a session, in which the others are asked for. */
    SESSION,
    /** To run the command {@link SshQuestion#text()}. */
    EXEC,
    /** To start a shell. */
    SHELL,
    /** To start the subsystem {@link SshQuestion#text()}. */
    SUBSYSTEM,
    /** To have a terminal of the type {@link SshQuestion#text()}, and to resize it. */
    PTY,
    /** To set the variable {@link SshQuestion#text()}. */
    ENV,
    /** To send the program the signal {@link SshQuestion#text()}. */
    SIGNAL,
    /** To let the program reach the client's agent. */
    AGENT,
    /** To let the program reach the client's X server. */
    X11,
    /** To connect to the host {@link SshQuestion#text()} at {@link SshQuestion#port()}. */
    DIRECT_TCP,
    /** To connect to the socket whose path is {@link SshQuestion#text()}. */
    DIRECT_UNIX,
    /**
     * To have the server listen at the address {@link SshQuestion#text()}, empty for every one, and
     * the port {@link SshQuestion#port()}, 0 for any.
     */
    FORWARD_TCP,
    /** To have the server listen on a socket whose path is {@link SshQuestion#text()}. */
    FORWARD_UNIX
  }

  private final Kind kind;
  private final String user;
  private final @Nullable SocketAddress peer;
  private final String text;
  private final int port;
  private final boolean configured;

  private SshQuestion(
      Kind kind,
      String user,
      @Nullable SocketAddress peer,
      String text,
      int port,
      boolean configured) {
    this.kind = Objects.requireNonNull(kind, "kind");
    this.user = Objects.requireNonNull(user, "user");
    this.peer = peer;
    this.text = Objects.requireNonNull(text, "text");
    this.port = port;
    this.configured = configured;
  }

  /**
   * A question.
   *
   * @param kind what is asked for
   * @param user the user that asks
   * @param peer where the client comes from; null where there is no address
   * @param text as the kind says; empty where it says nothing
   * @param port as the kind says; 0 where it says nothing
   * @param configured what the options and {@code authorized_keys} answer
   * @return the question
   */
  public static SshQuestion of(
      Kind kind,
      String user,
      @Nullable SocketAddress peer,
      String text,
      int port,
      boolean configured) {
    return new SshQuestion(kind, user, peer, text, port, configured);
  }

  /**
   * What is asked for.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * The user that asks.
   *
   * @return the user that has logged in
   */
  public String user() {
    return user;
  }

  /**
   * Where the client comes from.
   *
   * @return empty where there is no address
   */
  public Optional<SocketAddress> peer() {
    return Optional.ofNullable(peer);
  }

  /**
   * The command, the name, the host or the path, as the kind says.
   *
   * @return chosen by the client; empty where the kind says nothing
   */
  public String text() {
    return text;
  }

  /**
   * The port, as the kind says.
   *
   * @return 0 to 65535; 0 where the kind says nothing
   */
  public int port() {
    return port;
  }

  /**
   * What the options of the endpoint, and those of the client's line in {@code authorized_keys},
   * answer.
   *
   * @return true if they grant it
   */
  public boolean configured() {
    return configured;
  }

  @Override
  public String toString() {
    String what = kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    return user
        + " asks for "
        + what
        + (text.isEmpty() ? "" : " " + text)
        + (port == 0 ? "" : ":" + port);
  }
}
