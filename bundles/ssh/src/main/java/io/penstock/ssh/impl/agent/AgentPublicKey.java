// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.agent;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.apache.sshd.agent.SshAgent;
import org.apache.sshd.agent.SshAgentFactory;
import org.apache.sshd.agent.SshAgentServer;
import org.apache.sshd.client.auth.pubkey.KeyAgentIdentity;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKey;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Logging in by a key. Before it signs, an agent may have to ask its user, or wait for a touch of a
 * key. So it signs on a thread that may wait, and not on the thread that reads from the connection.
 */
public final class AgentPublicKey extends UserAuthPublicKey {
  /** The agent of one connection. */
  public static final AttributeKey<Agent> AGENT = new AttributeKey<>();

  /** Where the agent of one connection signs. */
  public static final AttributeKey<Executor> SIGNING = new AttributeKey<>();

  private AgentPublicKey() {
    super(null);
  }

  /** Makes them. */
  public static UserAuthPublicKeyFactory factory() {
    return new UserAuthPublicKeyFactory() {
      @Override
      public UserAuthPublicKey createUserAuth(ClientSession session) {
        return new AgentPublicKey();
      }
    };
  }

  /** Finds the agent of a connection. */
  public static SshAgentFactory agents() {
    return new SshAgentFactory() {
      @Override
      public List<ChannelFactory> getChannelForwardingFactories(FactoryManager manager) {
        return List.of();
      }

      @Override
      public @Nullable SshAgent createClient(Session session, FactoryManager manager) {
        return of(session, AGENT);
      }

      @Override
      public @Nullable SshAgentServer createServer(ConnectionService service) {
        return null;
      }
    };
  }

  private static <T> @Nullable T of(Session session, AttributeKey<T> key) {
    AttributeRepository context =
        session instanceof ClientSession client ? client.getConnectionContext() : null;
    return context == null ? null : context.getAttribute(key);
  }

  @Override
  protected boolean processAuthDataRequest(ClientSession session, String service, Buffer buffer)
      throws Exception {
    Executor executor = of(session, SIGNING);
    if (executor == null || !(current instanceof KeyAgentIdentity)) {
      return super.processAuthDataRequest(session, service, buffer);
    }
    // The buffer is used again as soon as this returns.
    Buffer copy = new ByteArrayBuffer(buffer.getCompactData());
    try {
      executor.execute(() -> sign(session, service, copy));
    } catch (RejectedExecutionException e) {
      throw new IOException("the product stops", e);
    }
    return true;
  }

  private void sign(ClientSession session, String service, Buffer buffer) {
    try {
      boolean unused = super.processAuthDataRequest(session, service, buffer);
    } catch (Exception e) {
      goOn(session, service, e);
    }
  }

  /**
   * The user has refused to use this key, or the agent has gone. After a refusal by the server the
   * library goes on with the next key or the next way to log in; so it gets a request that the
   * server refuses.
   */
  private void goOn(ClientSession session, String service, Exception refusal) {
    Agent agent = of(session, AGENT);
    if (agent != null) {
      agent.refuses(refusal);
    }
    try {
      Buffer none = session.createBuffer(SshConstants.SSH_MSG_USERAUTH_REQUEST);
      none.putString(session.getUsername());
      none.putString(service);
      none.putString("none");
      Object unused = session.writePacket(none);
    } catch (IOException e) {
      refusal.addSuppressed(e);
      session.exceptionCaught(refusal);
    }
  }
}
