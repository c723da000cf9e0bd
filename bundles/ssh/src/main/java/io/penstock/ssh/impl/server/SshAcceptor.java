// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.AcceptRest;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.SocketSession;
import io.penstock.ssh.impl.SocketThreads;
import io.penstock.ssh.impl.SshThreads;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.util.Map;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.io.AbstractIoServiceFactoryFactory;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoConnector;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceFactory;
import org.apache.sshd.common.io.IoServiceFactoryFactory;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.nio2.Nio2Acceptor;
import org.apache.sshd.common.io.nio2.Nio2CompletionHandler;
import org.apache.sshd.common.io.nio2.Nio2Session;
import org.jspecify.annotations.Nullable;

/**
 * The library's acceptor with a loop that no fault ends: when the system has no descriptor, no
 * memory or no thread, the next connection is accepted a little later.
 */
final class SshAcceptor extends Nio2Acceptor {
  private static final Logger LOG = Messages.log("ssh.server");

  private final FactoryManager manager;
  private final String name;
  private final ProviderContext context;

  private SshAcceptor(
      FactoryManager manager,
      IoHandler handler,
      AsynchronousChannelGroup group,
      SshThreads resuming,
      String name,
      ProviderContext context) {
    // The acceptor would need its factory only to make sessions, which are made here.
    super(null, manager, handler, group, resuming);
    this.manager = manager;
    this.name = name;
    this.context = context;
  }

  /**
   * Gives them to a server.
   *
   * @param name the listener's, for logs
   */
  static IoServiceFactoryFactory factory(String name, ProviderContext context) {
    return new AbstractIoServiceFactoryFactory(null) {
      @Override
      public IoServiceFactory create(FactoryManager manager) {
        return new Factory(manager, name, context);
      }
    };
  }

  private static final class Factory extends SocketThreads {
    private final String name;
    private final ProviderContext context;

    Factory(FactoryManager manager, String name, ProviderContext context) {
      super(manager);
      this.name = name;
      this.context = context;
    }

    @Override
    public IoConnector createConnector(IoHandler handler) {
      throw new UnsupportedOperationException("a listener connects to nobody");
    }

    @Override
    public IoAcceptor createAcceptor(IoHandler handler) {
      return autowireCreatedService(
          new SshAcceptor(getFactoryManager(), handler, group(), resuming(), name, context));
    }
  }

  @Override
  protected CompletionHandler<AsynchronousSocketChannel, ? super SocketAddress>
      createSocketCompletionHandler(
          Map<SocketAddress, AsynchronousServerSocketChannel> sockets,
          AsynchronousServerSocketChannel socket) {
    return new Accepting(socket);
  }

  /** The loop. One turn of it is under way at a time. */
  private final class Accepting
      extends Nio2CompletionHandler<AsynchronousSocketChannel, SocketAddress> {
    private final AsynchronousServerSocketChannel socket;
    private final AcceptRest rest = new AcceptRest();

    Accepting(AsynchronousServerSocketChannel socket) {
      this.socket = socket;
    }

    @Override
    protected void onCompleted(AsynchronousSocketChannel peer, SocketAddress address) {
      try {
        begin(peer, address);
        rest.over();
      } catch (Exception e) {
        // Only this peer failed: the others need not wait.
        tell(e);
      } catch (Error e) {
        onFailed(e, address);
        return;
      }
      next(address);
    }

    private boolean isOver(SocketAddress address) {
      return disposing.get() || !channels.containsKey(address) || !socket.isOpen();
    }

    private void begin(AsynchronousSocketChannel peer, SocketAddress address) throws Exception {
      Nio2Session session = null;
      try {
        if (isOver(address)) {
          peer.close();
          return;
        }
        IoHandler handler = getIoHandler();
        Object unused = setSocketOptions(peer);
        session = new SocketSession(SshAcceptor.this, manager, handler, peer, address);
        handler.sessionCreated(session);
        IoSession registered = mapSession(session);
        if (registered != session) {
          session.close();
        } else if (session.isClosing()) {
          // It was refused, and has told of its end already.
          unmapSession(session.getId());
        } else {
          session.startReading();
        }
      } catch (Exception | Error e) {
        drop(peer, session);
        throw e;
      }
    }

    private void drop(AsynchronousSocketChannel peer, @Nullable Nio2Session session)
        throws IOException {
      try {
        if (session != null) {
          unmapSession(session.getId());
          session.close();
        }
      } finally {
        peer.close();
      }
    }

    private void next(SocketAddress address) {
      if (isOver(address)) {
        return;
      }
      try {
        socket.accept(address, this);
      } catch (RuntimeException | Error e) {
        onFailed(e, address);
      }
    }

    @Override
    protected void onFailed(Throwable fault, SocketAddress address) {
      if (isOver(address)) {
        return;
      }
      // First, because for want of memory a logger may fail, too.
      try {
        Object unused = context.after(rest.next(), () -> next(address));
      } catch (RuntimeException | Error e) {
        // Those threads are there already.
        getExecutorService().execute(() -> next(address));
      }
      tell(fault);
    }

    private void tell(Throwable fault) {
      rest.tell(
          () ->
              LOG.log(
                  Level.WARNING,
                  "{0}: a connection could not be accepted; accepting goes on: {1}",
                  name,
                  LogField.cause(fault)));
      LOG.log(Level.DEBUG, "{0}: accepting has failed", name, fault);
    }
  }
}
