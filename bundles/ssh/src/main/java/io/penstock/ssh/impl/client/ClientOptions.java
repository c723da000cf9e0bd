// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.ssh.Pty;
import io.penstock.ssh.impl.Given;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.StrictModes;
import io.penstock.ssh.impl.Where;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an {@code ssh:} endpoint asks for.
 *
 * @param login the connection that it needs
 * @param share whether others may use that connection, too
 * @param forwardAgent whether the program may reach the agent
 * @param persist how long a shared connection stays without channels
 * @param program what to run
 * @param theirs what a peer has asked for, if that is what to run
 * @param environment variables for the program
 * @param pty the terminal, if one is wanted
 * @param stderr where standard error goes
 * @param window how many bytes may wait unread
 */
record ClientOptions(
    Login login,
    boolean share,
    boolean forwardAgent,
    Duration persist,
    Program program,
    Optional<ProgramRequest> theirs,
    Map<String, String> environment,
    Optional<Pty> pty,
    Stderr stderr,
    long window) {

  /** What decides whether two channels can be on one connection. */
  record Login(
      Where where,
      List<Path> identities,
      Optional<Secret> passphrase,
      Optional<Secret> password,
      Optional<Path> agent,
      Path knownHosts,
      HostKeyChecking checking,
      boolean strictModes,
      Duration keepAlive,
      int keepAliveCount) {

    // Written by hand: the JDK (17) remembers the component types of each record whose equals it
    // has generated, and with a type of ours the class loader of a bundle that has gone.
    private List<Object> parts() {
      return List.of(
          where,
          identities,
          passphrase,
          password,
          agent,
          knownHosts,
          checking,
          strictModes,
          keepAlive,
          keepAliveCount);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Login that && parts().equals(that.parts());
    }

    @Override
    public int hashCode() {
      return parts().hashCode();
    }
  }

  /**
   * What to do about a server that is not known. A server whose key has changed is refused, except
   * with {@code no}.
   */
  enum HostKeyChecking {
    YES,
    ACCEPT_NEW,
    NO
  }

  /** Where standard error goes. */
  enum Stderr {
    INHERIT,
    PIPE,
    MERGE
  }

  /** What a channel is for. */
  enum Purpose {
    NOTHING_YET,
    EXEC,
    SHELL,
    SUBSYSTEM,
    DIRECT_TCP,
    DIRECT_UNIX
  }

  /**
   * What to run or reach.
   *
   * @param purpose which of them
   * @param text the command, the subsystem, the path or the host
   * @param port where there is one
   */
  record Program(Purpose purpose, String text, int port) {
    boolean session() {
      return purpose != Purpose.DIRECT_TCP && purpose != Purpose.DIRECT_UNIX;
    }
  }

  private static final String ENVIRONMENT = "env.";
  private static final String USER = "user";

  static final Set<String> KEYS =
      Set.of(
          "exec",
          "shell",
          "subsystem",
          "direct",
          USER,
          "identity",
          "passphrase-file",
          "password-file",
          "agent",
          "forward-agent",
          "known-hosts",
          "host-key-checking",
          StrictModes.KEY,
          "keep-alive",
          "keep-alive-count",
          "share",
          "persist",
          "pty",
          "columns",
          "rows",
          "stderr",
          "window",
          ENVIRONMENT);

  /** The options of every kind whose connection logs in. */
  static final Set<String> LOGIN_KEYS =
      Set.of(
          USER,
          "identity",
          "passphrase-file",
          "password-file",
          "agent",
          "known-hosts",
          "host-key-checking",
          StrictModes.KEY,
          "keep-alive",
          "keep-alive-count");

  /** What a channel is for; without any of them nothing yet. */
  static final Set<String> REQUEST_KEYS = Set.of("exec", "shell", "subsystem", "direct");

  static final Set<String> SECRETS = Set.of("passphrase", "password");

  /** Reads the options, and refuses what is not allowed. */
  static ClientOptions of(Endpoint endpoint, ChannelOptions options) throws IOException {
    Given given = new Given(options.extra());
    Login login = login(endpoint, given, options);
    boolean forwardAgent = given.flag("forward-agent", false);
    if (forwardAgent && login.agent().isEmpty()) {
      throw new IllegalArgumentException(
          "forward-agent: there is no agent; expected one by agent=");
    }
    Program own = program(given);
    if (forwardAgent && !own.session()) {
      throw new IllegalArgumentException("forward-agent: expected a session, not direct=");
    }
    boolean share = given.flag("share", false);
    if (!share && given.text("persist").isPresent()) {
      throw new IllegalArgumentException("persist: only a connection with share=true can persist");
    }
    // The program request of a peer that the channel is opened for; only a session uses it.
    Optional<ProgramRequest> peers = own.session() ? options.program() : Optional.empty();
    Optional<ProgramRequest> theirs =
        own.purpose() == Purpose.NOTHING_YET ? peers : Optional.empty();
    return new ClientOptions(
        login,
        share,
        forwardAgent,
        given.duration("persist", "0s", true),
        theirs.map(ClientOptions::program).orElse(own),
        theirs,
        environment(options.extra(), peers, theirs.isPresent()),
        pty(given, peers),
        stderr(given, peers.isPresent()),
        given.window());
  }

  /** What the keys of {@link #LOGIN_KEYS} say. */
  static Login login(Endpoint endpoint, Given given, ChannelOptions options) throws IOException {
    return new Login(
        Where.of(endpoint, user(given)),
        given.paths("identity"),
        Secret.of("passphrase", given, options),
        Secret.of("password", given, options),
        agent(given, System.getenv("SSH_AUTH_SOCK")),
        given
            .path("known-hosts")
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".ssh", "known_hosts")),
        checking(given),
        given.flag(StrictModes.KEY, true),
        given.duration("keep-alive", "0s", true),
        given.count("keep-alive-count", "3", 1, 1000));
  }

  private static String user(Given given) {
    String user = given.text(USER).orElse("");
    if (user.isBlank() && given.text(USER).isPresent()) {
      throw Given.refused(USER, user, "the name of a user");
    }
    return user;
  }

  /**
   * Where the agent is that is asked for.
   *
   * @param ours what our own environment says of it; null for nothing
   */
  static Optional<Path> agent(Given given, @Nullable String ours) throws IOException {
    String value = given.text("agent").orElse("false");
    if (value.equals("false")) {
      return Optional.empty();
    }
    if (!value.equals("true")) {
      return given.path("agent");
    }
    if (ours == null || ours.isEmpty()) {
      throw new IOException("agent: SSH_AUTH_SOCK is not set; expected it, or agent=PATH");
    }
    return Optional.of(Path.of(ours));
  }

  private static HostKeyChecking checking(Given given) {
    String value = given.text("host-key-checking").orElse("yes");
    return switch (value) {
      // There is no user to ask.
      case "yes", "ask" -> HostKeyChecking.YES;
      case "accept-new" -> HostKeyChecking.ACCEPT_NEW;
      case "no" -> HostKeyChecking.NO;
      default -> throw Given.refused("host-key-checking", value, "yes, ask, accept-new or no");
    };
  }

  private static Stderr stderr(Given given, boolean apart) {
    String value = given.text("stderr").orElse(apart ? "pipe" : "inherit");
    return switch (value) {
      case "inherit" -> Stderr.INHERIT;
      case "pipe" -> Stderr.PIPE;
      case "merge" -> Stderr.MERGE;
      default -> throw Given.refused("stderr", value, "inherit, pipe or merge");
    };
  }

  private static Program program(Given given) {
    Program found = new Program(Purpose.NOTHING_YET, "", 0);
    int count = 0;
    if (given.text("exec").isPresent()) {
      found = new Program(Purpose.EXEC, given.text("exec").orElseThrow(), 0);
      count++;
    }
    if (given.flag("shell", false)) {
      found = new Program(Purpose.SHELL, "", 0);
      count++;
    }
    if (given.text("subsystem").isPresent()) {
      found = new Program(Purpose.SUBSYSTEM, given.text("subsystem").orElseThrow(), 0);
      count++;
    }
    if (given.text("direct").isPresent()) {
      found = direct(given.text("direct").orElseThrow());
      count++;
    }
    if (count > 1) {
      throw new IllegalArgumentException(
          "exec, shell, subsystem, direct: one channel is for one of them");
    }
    return found;
  }

  private static Program program(ProgramRequest request) {
    Purpose purpose =
        switch (request.kind()) {
          case COMMAND -> Purpose.EXEC;
          case SHELL -> Purpose.SHELL;
          case SUBSYSTEM -> Purpose.SUBSYSTEM;
        };
    return new Program(purpose, "", 0);
  }

  /** The command, or the name of the subsystem, as it is sent. */
  byte[] text() {
    if (theirs.isEmpty()) {
      return program.text().getBytes(StandardCharsets.UTF_8);
    }
    ByteBuffer bytes = theirs.get().bytes();
    byte[] text = new byte[bytes.remaining()];
    bytes.get(text);
    return text;
  }

  private static Program direct(String value) {
    if (value.startsWith("unix:") && value.length() > "unix:".length()) {
      return new Program(Purpose.DIRECT_UNIX, value.substring("unix:".length()), 0);
    }
    int colon = value.lastIndexOf(':');
    String port = value.substring(colon + 1);
    if (colon < 1 || !port.matches("\\d{1,5}") || Integer.parseInt(port) > 65535) {
      throw Given.refused("direct", value, "HOST:PORT or unix:PATH");
    }
    String host = value.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new Program(Purpose.DIRECT_TCP, host, Integer.parseInt(port));
  }

  private static Map<String, String> environment(
      Map<String, String> all, Optional<ProgramRequest> peers, boolean theirs) throws IOException {
    Map<String, String> found = new LinkedHashMap<>();
    peers.ifPresent(request -> found.putAll(request.environment()));
    all.forEach(
        (key, value) -> {
          if (key.startsWith(ENVIRONMENT) && key.length() > ENVIRONMENT.length()) {
            found.put(key.substring(ENVIRONMENT.length()), value);
          }
        });
    if (peers.isPresent() && !theirs && peers.get().kind() != ProgramRequest.Kind.SHELL) {
      found.put(
          peers.get().kind() == ProgramRequest.Kind.COMMAND
              ? "PENSTOCK_COMMAND"
              : "PENSTOCK_SUBSYSTEM",
          variable(peers.get().bytes()));
    }
    return Collections.unmodifiableMap(found);
  }

  private static String variable(ByteBuffer bytes) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(
          "the command that the peer asks for cannot be a variable: expected text in UTF-8", e);
    }
  }

  private static Optional<Pty> pty(Given given, Optional<ProgramRequest> peers) {
    Optional<String> theirs = peers.flatMap(ProgramRequest::term);
    if (given.text("pty").isEmpty() && theirs.isEmpty()) {
      for (String key : List.of("columns", "rows")) {
        if (given.text(key).isPresent()) {
          throw new IllegalArgumentException(key + ": there is no terminal; expected one by pty=");
        }
      }
      return Optional.empty();
    }
    Pty pty = Pty.defaults().withTerm(given.text("pty").or(() -> theirs).orElseThrow());
    if (theirs.isPresent()) {
      TerminalSize size = peers.orElseThrow().size();
      pty =
          pty.withSize(size.columns(), size.rows())
              .withPixels(size.widthPixels(), size.heightPixels());
    }
    return Optional.of(
        pty.withSize(
            given.count("columns", String.valueOf(pty.columns()), 0, Integer.MAX_VALUE),
            given.count("rows", String.valueOf(pty.rows()), 0, Integer.MAX_VALUE)));
  }
}
