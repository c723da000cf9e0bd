// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.ssh.impl.channel.Refusal;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;

/**
 * What the message says that opens a channel for a connection.
 *
 * @param target where it goes, or where it was accepted
 * @param originator the client that has connected, if it was stated
 */
public record Wanted(Target target, Optional<InetSocketAddress> originator) {
  /** To an address of TCP that the server reaches. */
  public static final String DIRECT_TCP = "direct-tcpip";

  /** To a Unix socket that the server reaches. */
  public static final String DIRECT_UNIX = "direct-streamlocal@openssh.com";

  /** From an address of TCP at which the server listens for the client. */
  public static final String FORWARDED_TCP = "forwarded-tcpip";

  /** From a Unix socket at which the server listens for the client. */
  public static final String FORWARDED_UNIX = "forwarded-streamlocal@openssh.com";

  /**
   * Reads it.
   *
   * @param type one of those here
   * @throws Refusal if it cannot be read
   */
  static Wanted read(String type, Buffer body) throws Refusal {
    try {
      if (type.equals(DIRECT_UNIX) || type.equals(FORWARDED_UNIX)) {
        Target target = Target.unix(body.getString());
        // Whether it can be a path here at all.
        Object unused = target.address();
        return new Wanted(target, Optional.empty());
      }
      Target target = Target.tcp(body.getString(), body.getUInt());
      Target from = Target.tcp(body.getString(), body.getUInt());
      return new Wanted(
          target,
          from.name().isEmpty()
              ? Optional.empty()
              : Optional.of(InetSocketAddress.createUnresolved(from.name(), from.port())));
    } catch (RuntimeException e) {
      Refusal refusal =
          new Refusal(SshConstants.SSH_OPEN_CONNECT_FAILED, "no such address: " + e.getMessage());
      refusal.initCause(e);
      throw refusal;
    }
  }
}
