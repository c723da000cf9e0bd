// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import java.io.IOException;
import java.time.Duration;
import org.apache.sshd.client.session.ClientConnectionServiceFactory;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.Service;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.core.CoreModuleProperties;

/**
 * Asks servers whether they are still there. The library reads the interval when it makes the
 * service that asks, which is before any of our code has the connection.
 */
final class KeepAlive extends ClientConnectionServiceFactory {
  /** Where a connection keeps its interval. */
  static final AttributeKey<Terms> TERMS = new AttributeKey<>();

  /**
   * How often.
   *
   * @param interval between two questions; zero for none
   * @param count so many may go unanswered
   */
  record Terms(Duration interval, int count) {}

  @Override
  public Service create(Session session) throws IOException {
    AttributeRepository context =
        session instanceof ClientSession client ? client.getConnectionContext() : null;
    Terms terms = context == null ? null : context.getAttribute(TERMS);
    if (terms != null) {
      CoreModuleProperties.HEARTBEAT_REQUEST.set(session, "keepalive@openssh.com");
      CoreModuleProperties.HEARTBEAT_INTERVAL.set(session, terms.interval());
      CoreModuleProperties.HEARTBEAT_NO_REPLY_MAX.set(session, terms.count());
    }
    return super.create(session);
  }
}
