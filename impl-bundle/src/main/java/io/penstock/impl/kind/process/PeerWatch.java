// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.selectable.ReadyWatch;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.DescriptorSource;
import io.penstock.impl.posix.FileKind;
import io.penstock.impl.posix.HangUp;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Watches for peers that have gone. A selector of the JDK's is ready for good once the end was
 * read, so the connection is put into a set of the system's that tells of failures and of
 * departures only, and the selector waits for that set.
 *
 * <p>A Unix socket tells at once. Over TCP a peer that has gone looks like one that has ended until
 * something is sent to it: the system sends it probes.
 */
final class PeerWatch implements HangUp {
  private static final Logger LOG = Messages.log("process");
  private static final int SO_KEEPALIVE = 9;
  private static final int TCP = 6;
  private static final int TCP_KEEPIDLE = 4;
  private static final int TCP_KEEPINTVL = 5;
  private static final int IDLE_SECONDS = 30;
  private static final int INTERVAL_SECONDS = 10;

  private final Posix calls;
  private final ProviderContext context;

  /**
   * Watches nothing yet.
   *
   * @param calls makes native calls
   * @param context of the channel that is hung up
   */
  PeerWatch(Posix calls, ProviderContext context) {
    this.calls = calls;
    this.context = context;
  }

  @Override
  public Closeable watch(DescriptorSource connection, Runnable gone) throws IOException {
    Carrier carrier = Carrier.open(calls);
    Adopted adopted;
    int set = calls.epoll_create1(Linux.O_CLOEXEC);
    if (set < 0) {
      carrier.close();
      throw Linux.failure("epoll_create1", set);
    }
    boolean shared = false;
    try {
      // A copy that is closed leaves the connection in the set until the connection is closed.
      try (Descriptor copy = connection.duplicate(calls)) {
        probe(copy);
        Linux.check("epoll_ctl", copy.call(fd -> FileKind.watchDeparture(calls, set, fd)));
      }
      shared = true;
      adopted = carrier.share(set, true);
    } finally {
      calls.close(set);
      if (!shared) {
        carrier.close();
      }
    }
    Watched watched = new Watched(adopted, gone);
    try {
      ReadyWatch.start(context, watched.channel, SelectionKey.OP_READ, watched);
      return watched;
    } catch (RuntimeException | Error e) {
      watched.close();
      throw e;
    }
  }

  /** No connection but one of TCP can be probed, and none must be. */
  private void probe(Descriptor copy) throws IOException {
    if (set(copy, TCP, TCP_KEEPIDLE, IDLE_SECONDS) == 0) {
      int unused = set(copy, TCP, TCP_KEEPINTVL, INTERVAL_SECONDS);
      unused = set(copy, Linux.SOL_SOCKET, SO_KEEPALIVE, 1);
    }
  }

  private int set(Descriptor copy, int level, int option, int value) throws IOException {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(0, value);
    return calls.with(
        memory, at -> copy.call(fd -> calls.setsockopt(fd, level, option, at, Integer.BYTES)));
  }

  private final class Watched implements Closeable, ReadyWatch.Task {
    private final Adopted set;
    private final SelectableChannel channel;
    private final Runnable gone;
    private final AtomicBoolean over = new AtomicBoolean();

    Watched(Adopted set, Runnable gone) {
      this.set = set;
      this.channel = Objects.requireNonNull(set.input());
      this.gone = gone;
    }

    @Override
    public int run() {
      if (over.get()) {
        return -1;
      }
      if (!isTold()) {
        return 0;
      }
      if (end()) {
        gone.run();
      }
      return -1;
    }

    /** Whether the peer has gone: a watch also looks for no reason. */
    private boolean isTold() {
      try {
        return set.call(fd -> FileKind.isReadable(calls, fd) ? 1 : 0) == 1;
      } catch (ClosedChannelException e) {
        // The watch was ended.
        return true;
      }
    }

    @Override
    public void close() {
      boolean unused = end();
    }

    private boolean end() {
      if (!over.compareAndSet(false, true)) {
        return false;
      }
      try {
        // All of it, so that its number, which others may get then, is not asked about any more.
        set.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "what watches a connection could not be closed", e);
      } finally {
        context.forgetClosed();
      }
      return true;
    }
  }
}
