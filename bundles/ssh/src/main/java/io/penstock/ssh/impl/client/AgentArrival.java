// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.channel.BesideDriver;
import io.penstock.ssh.impl.channel.Link;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.session.Session;
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
    return new ChannelFactory() {
      @Override
      public String getName() {
        return TYPE;
      }

      @Override
      public Channel createChannel(Session session) {
        Link link = Link.opened(TYPE, TYPE, BesideDriver.WINDOW);
        link.ownedBy(new AgentArrival(link));
        return link;
      }
    };
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
