// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.AsynchronousChannelGroup;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.io.AbstractIoServiceFactory;

/**
 * The threads that read and write the sockets of a client or of a listener. The library's own
 * threads, once ended, refuse tasks by an exception that the JDK does not expect and that ends a
 * thread of the JDK with a stack trace.
 */
public abstract class SocketThreads extends AbstractIoServiceFactory {
  private static final Logger LOG = Messages.log("ssh");

  private final AsynchronousChannelGroup group;
  private final SshThreads reading;
  private final SshThreads resuming;

  /**
   * Starts them.
   *
   * @param manager the library's client or server
   * @throws UncheckedIOException if the system has no descriptor for them
   */
  protected SocketThreads(FactoryManager manager) {
    this(manager, new SshThreads(manager + "-nio2", getNioWorkers(manager)));
  }

  private SocketThreads(FactoryManager manager, SshThreads reading) {
    super(manager, reading);
    this.reading = reading;
    SshThreads further = null;
    try {
      further = new SshThreads(manager + "-nio2-resume", 1);
      group = AsynchronousChannelGroup.withThreadPool(reading);
    } catch (IOException | RuntimeException | Error e) {
      reading.shutdown();
      if (further != null) {
        further.shutdown();
      }
      throw e instanceof IOException refused ? new UncheckedIOException(refused) : rethrown(e);
    }
    resuming = further;
  }

  private static RuntimeException rethrown(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return (RuntimeException) e;
  }

  /** What sockets belong to. */
  protected final AsynchronousChannelGroup group() {
    return group;
  }

  /** The thread that begins to read again what was suspended. */
  protected final SshThreads resuming() {
    return resuming;
  }

  /** The thread that closes last is often one of these, which cannot wait for its own end. */
  @Override
  protected void doCloseImmediately() {
    if (!reading.isMine() && !resuming.isMine()) {
      closeAndWait();
      return;
    }
    Thread closing = new Thread(this::closeAndWait, "penstock-ssh-close");
    closing.setDaemon(true);
    try {
      closing.start();
    } catch (OutOfMemoryError e) {
      closeAndWait();
    }
  }

  private void closeAndWait() {
    try {
      resuming.shutdown();
      group.shutdownNow();
      boolean unused = group.awaitTermination(5, TimeUnit.SECONDS);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: a socket was not closed cleanly", getFactoryManager(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      super.doCloseImmediately();
    }
  }
}
