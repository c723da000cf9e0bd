// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Given;
import io.penstock.ssh.impl.forward.Patterns;
import io.penstock.ssh.impl.forward.Target;
import org.apache.sshd.common.session.Session;

/**
 * What the options say of what clients may reach through us, and of where we listen for them.
 * Immutable.
 */
final class ForwardPermissions {
  private final Patterns open;
  private final Patterns listen;

  private ForwardPermissions(Patterns open, Patterns listen) {
    this.open = open;
    this.listen = listen;
  }

  /** As the options say: nothing, unless something is named. */
  static ForwardPermissions of(Given given) {
    return new ForwardPermissions(
        Patterns.of(given, "permit-open", false), Patterns.of(given, "permit-listen", true));
  }

  /**
   * Whether a client may be connected to an address.
   *
   * @param all has the last word
   * @param session the client's
   */
  boolean mayOpen(Permissions all, Session session, Target target) {
    boolean configured = open.permit(target);
    return target.unix()
        ? all.directSocket(session, target.name(), configured)
        : all.direct(session, target.name(), target.port(), configured);
  }

  /**
   * Whether we listen at an address for a client.
   *
   * @param all has the last word
   * @param session the client's
   */
  boolean mayListen(Permissions all, Session session, Target address) {
    boolean configured = listen.permit(address);
    return address.unix()
        ? all.forwardSocket(session, address.name(), configured)
        : all.forward(session, address.name(), address.port(), configured);
  }
}
