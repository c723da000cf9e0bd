// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.SocketSession;
import io.penstock.ssh.impl.SocketThreads;
import io.penstock.ssh.impl.SshThreads;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousSocketChannel;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.PropertyResolver;
import org.apache.sshd.common.io.AbstractIoServiceFactoryFactory;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoConnector;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceFactory;
import org.apache.sshd.common.io.IoServiceFactoryFactory;
import org.apache.sshd.common.io.nio2.Nio2Connector;
import org.apache.sshd.common.io.nio2.Nio2Session;

/** The library's connector, on threads of ours. */
final class SshConnector extends Nio2Connector {
  private final FactoryManager manager;

  private SshConnector(
      FactoryManager manager,
      IoHandler handler,
      AsynchronousChannelGroup group,
      SshThreads resuming) {
    // The connector would need its factory only to make sessions, which are made here.
    super(null, manager, handler, group, resuming);
    this.manager = manager;
  }

  /** Gives them to a client. */
  static IoServiceFactoryFactory factory() {
    return new AbstractIoServiceFactoryFactory(null) {
      @Override
      public IoServiceFactory create(FactoryManager client) {
        return new Factory(client);
      }
    };
  }

  private static final class Factory extends SocketThreads {
    Factory(FactoryManager client) {
      super(client);
    }

    @Override
    public IoConnector createConnector(IoHandler handler) {
      return autowireCreatedService(
          new SshConnector(getFactoryManager(), handler, group(), resuming()));
    }

    @Override
    public IoAcceptor createAcceptor(IoHandler handler) {
      throw new UnsupportedOperationException("a client accepts nobody");
    }
  }

  @Override
  protected Nio2Session createSession(
      PropertyResolver resolver, IoHandler handler, AsynchronousSocketChannel socket)
      throws Exception {
    return new SocketSession(this, manager, handler, socket, null);
  }
}
