// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The identity of the peer of a local channel when it connected, or when it began to listen. It
 * comes from the system, not from the peer. Immutable.
 */
@ProviderType
public final class PeerCredentials {
  private final OptionalLong pid;
  private final OptionalLong uid;
  private final OptionalLong gid;
  private final Optional<String> user;
  private final Optional<String> group;

  /**
   * Makes the credentials of a peer.
   *
   * @param pid its process
   * @param uid its user's number
   * @param gid its group's number
   * @param user its user's name
   * @param group its group's name
   */
  public PeerCredentials(
      OptionalLong pid,
      OptionalLong uid,
      OptionalLong gid,
      Optional<String> user,
      Optional<String> group) {
    this.pid = Objects.requireNonNull(pid, "pid");
    this.uid = Objects.requireNonNull(uid, "uid");
    this.gid = Objects.requireNonNull(gid, "gid");
    this.user = Objects.requireNonNull(user, "user");
    this.group = Objects.requireNonNull(group, "group");
  }

  /**
   * The number of its process. The process may have ended meanwhile, and another process may have
   * its number.
   *
   * @return empty without native calls, and where the process is not visible from here
   */
  public OptionalLong pid() {
    return pid;
  }

  /**
   * The number of the user that its process ran as (the effective one).
   *
   * @return empty without native calls
   */
  public OptionalLong uid() {
    return uid;
  }

  /**
   * The number of the group that its process ran as (the effective one).
   *
   * @return empty without native calls
   */
  public OptionalLong gid() {
    return gid;
  }

  /**
   * The name of that user.
   *
   * @return empty where the system has no name for it
   */
  public Optional<String> user() {
    return user;
  }

  /**
   * The name of that group.
   *
   * @return empty where the system has no name for it
   */
  public Optional<String> group() {
    return group;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PeerCredentials that
        && pid.equals(that.pid)
        && uid.equals(that.uid)
        && gid.equals(that.gid)
        && user.equals(that.user)
        && group.equals(that.group);
  }

  @Override
  public int hashCode() {
    return Objects.hash(pid, uid, gid, user, group);
  }

  @Override
  public String toString() {
    return "pid " + text(pid) + ", uid " + named(uid, user) + ", gid " + named(gid, group);
  }

  private static String text(OptionalLong number) {
    return number.isPresent() ? Long.toString(number.getAsLong()) : "?";
  }

  private static String named(OptionalLong number, Optional<String> name) {
    return text(number) + name.map(n -> " (" + n + ")").orElse("");
  }
}
