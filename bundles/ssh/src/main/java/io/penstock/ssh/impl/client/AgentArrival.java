// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.channel.Link;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A channel that the server opens to the user's agent. */
final class AgentArrival extends Arrival {
  private static final String TYPE = "auth-agent@openssh.com";

  private volatile Forwards.@Nullable ToAgent taker;

  private AgentArrival(Link link) {
    super(link);
  }

  /** Makes them. */
  static ChannelFactory factory() {
    return factory(TYPE, AgentArrival::new);
  }

  @Override
  @Nullable SessionDriver wanted(Forwards forwards, Buffer body) {
    Forwards.ToAgent found = forwards.agent();
    taker = found;
    return found == null ? null : found.session();
  }

  @Override
  void begin(SessionDriver session) {
    Forwards.ToAgent found = taker;
    if (found != null) {
      handOver(session, link.input(), null, found.handler());
    }
  }
}
