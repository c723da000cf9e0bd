// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.ssh.impl.Given;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.StrictModes;
import io.penstock.ssh.impl.Where;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What an {@code ssh-listen:} endpoint asks for.
 *
 * @param where our address
 * @param hostKeys our private keys
 * @param passphrase what opens them
 * @param authorizedKeys the public keys of the users that may log in, if any
 * @param policy the policy with the last word, if there is one
 * @param users the names that they may use; empty for any
 * @param allow what clients may ask for
 * @param subsystems the subsystems that clients may ask for
 * @param forwarding what clients may reach and listen at through us
 * @param acceptDirect whether the accepting code gets the connections that clients ask for
 * @param strictModes whether files that others could change, or keys that they could read, are
 *     refused
 * @param mostSessions connections that are logged in at once
 * @param startLimits how many may be there that are not
 * @param mostChannels channels of one connection at once
 * @param mostTries failed attempts to log in that end a connection
 * @param penaltyLimits for how long addresses are refused whose connections do not log in
 * @param loginTimeout how long logging in may take
 * @param idleTimeout how long a connection may be silent; zero for ever
 * @param window how many bytes may wait unread in one channel
 */
record ServerOptions(
    Where where,
    List<Path> hostKeys,
    Optional<Secret> passphrase,
    Optional<Path> authorizedKeys,
    Optional<String> policy,
    Set<String> users,
    Set<String> allow,
    Set<String> subsystems,
    ForwardPermissions forwarding,
    boolean acceptDirect,
    boolean strictModes,
    int mostSessions,
    StartLimits startLimits,
    int mostChannels,
    int mostTries,
    PenaltyLimits penaltyLimits,
    Duration loginTimeout,
    Duration idleTimeout,
    long window) {

  private static final Set<String> ALLOWABLE =
      Set.of("exec", "shell", "pty", "env", "signal", "agent", "x11");

  static final Set<String> KEYS =
      Set.of(
          "hostkey",
          "passphrase-file",
          "authorized-keys",
          "policy",
          "users",
          "allow",
          "subsystems",
          "permit-open",
          "permit-listen",
          "direct",
          StrictModes.KEY,
          "max-sessions",
          StartLimits.KEY,
          "max-channels",
          "max-auth-tries",
          PenaltyLimits.KEY,
          PenaltyLimits.EXEMPT_KEY,
          "login-timeout",
          "idle-timeout",
          "window");

  static final Set<String> SECRETS = Set.of("passphrase");

  /** Reads the options, and refuses what is not allowed. */
  static ServerOptions of(Endpoint endpoint, ChannelOptions options) throws IOException {
    Given given = new Given(options.extra());
    List<Path> hostKeys = given.paths("hostkey");
    if (hostKeys.isEmpty()) {
      throw new IllegalArgumentException(
          "hostkey: ssh-listen: needs a private key; expected a file, which is made if it is missing");
    }
    Optional<Path> authorizedKeys = given.path("authorized-keys");
    Optional<String> policy = given.text("policy");
    if (authorizedKeys.isEmpty() && policy.isEmpty()) {
      throw new IllegalArgumentException(
          "authorized-keys: nobody may log in; expected a file of public keys, or policy=NAME");
    }
    List<String> allow = given.list("allow", "exec,shell,pty,env,signal");
    for (String each : allow) {
      if (!ALLOWABLE.contains(each)) {
        throw Given.refused("allow", each, "some of exec, shell, pty, env, signal, agent and x11");
      }
    }
    return new ServerOptions(
        Where.of(endpoint),
        hostKeys,
        Secret.of("passphrase", given, options),
        authorizedKeys,
        policy,
        Set.copyOf(given.list("users", "")),
        Set.copyOf(allow),
        Set.copyOf(given.list("subsystems", "")),
        ForwardPermissions.of(given),
        acceptsDirect(given),
        given.flag(StrictModes.KEY, true),
        given.count("max-sessions", "100", 1, 1_000_000),
        StartLimits.of(given),
        given.count("max-channels", "100", 1, 1_000_000),
        given.count("max-auth-tries", "6", 1, 100),
        PenaltyLimits.of(given),
        given.duration("login-timeout", "30s", false),
        given.duration("idle-timeout", "0s", true),
        given.window());
  }

  private static boolean acceptsDirect(Given given) {
    String value = given.text("direct").orElse("connect");
    return switch (value) {
      case "connect" -> false;
      case "accept" -> true;
      default -> throw Given.refused("direct", value, "connect or accept");
    };
  }
}
