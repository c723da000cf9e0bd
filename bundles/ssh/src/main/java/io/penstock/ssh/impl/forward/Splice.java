// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.channel.Link;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Joins a channel to a socket: both directions, the end of each, and their cuts. A peer that does
 * not read stalls only its own sender. Nothing here waits.
 */
final class Splice {
  private static final Logger LOG = Messages.log("ssh.forward");

  private static final int PIECE = 32 * 1024;

  /** How many pieces one run copies before other work gets its turn. */
  private static final int PIECES_IN_A_ROW = 16;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Link link;
  private final SocketChannel socket;
  private final ProviderContext context;
  private final Duration closeLimit;
  private final SerialTask toSocket;
  private final SerialTask toLink;
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean toSocketDone;
  private volatile boolean toLinkDone;
  private volatile boolean over;
  private volatile @Nullable Future<?> force;

  // What could not be written yet; each is used by the task of its direction only.
  private ByteBuffer forSocket = NOTHING;
  private ByteBuffer forLink = NOTHING;

  /**
   * Nothing passes yet.
   *
   * @param link open
   * @param socket connected, in non-blocking mode
   * @param closeLimit how long one side may take to go after the other
   */
  Splice(
      Link link,
      SocketChannel socket,
      ProviderContext context,
      Executor executor,
      Duration closeLimit) {
    this.link = link;
    this.socket = socket;
    this.context = context;
    this.closeLimit = closeLimit;
    this.toSocket = new SerialTask(executor, this::copyToSocket, this::cut);
    this.toLink = new SerialTask(executor, this::copyToLink, this::cut);
  }

  void begin() {
    link.input().onReady(toSocket::wake);
    link.output().onReady(toLink::wake);
    toSocket.wake();
    toLink.wake();
  }

  /** The channel has gone; what it has brought still goes to the socket, for a while. */
  void linkOver() {
    over = true;
    Future<?> timer = force;
    if (timer != null) {
      timer.cancel(false);
    }
    if (!closing.get()) {
      forceLater(this::cut);
      toSocket.wake();
      toLink.wake();
    }
  }

  private void forceLater(Runnable task) {
    Future<?> timer = context.after(closeLimit, task);
    if (timer.isCancelled()) {
      // The product has stopped; no other thread has seen it.
      task.run();
      return;
    }
    force = timer;
  }

  // ---- from the channel

  private boolean copyToSocket() {
    for (int i = 0; i < PIECES_IN_A_ROW && !toSocketDone; i++) {
      if (!forSocket.hasRemaining() && !readLink()) {
        return false;
      }
      try {
        int unused = socket.write(forSocket);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: the socket takes no more", link, e);
        // The other direction may go on; what still comes in this one is of no use.
        link.input().close();
        done(true);
        return false;
      }
      if (forSocket.hasRemaining()) {
        context.select(socket, SelectionKey.OP_WRITE, toSocket::wake);
        return false;
      }
      forSocket = NOTHING;
    }
    return !toSocketDone;
  }

  /** Returns whether there is something to write. */
  private boolean readLink() {
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try {
      int n = link.input().read(piece);
      if (n < 0) {
        endSocket();
        done(true);
      }
      if (n <= 0) {
        return false;
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the channel was cut", link, e);
      cut();
      return false;
    }
    forSocket = piece.flip();
    return true;
  }

  private void endSocket() {
    try {
      socket.shutdownOutput();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the socket had gone already", link, e);
    }
  }

  // ---- to the channel

  private boolean copyToLink() {
    for (int i = 0; i < PIECES_IN_A_ROW && !toLinkDone; i++) {
      if (over) {
        done(false);
        return false;
      }
      if (!forLink.hasRemaining() && !readSocket()) {
        return false;
      }
      try {
        int unused = link.output().write(forLink);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: the channel takes no more", link, e);
        done(false);
        return false;
      }
      if (forLink.hasRemaining()) {
        // The link calls us when there is room.
        return false;
      }
      forLink = NOTHING;
    }
    return !toLinkDone;
  }

  private boolean readSocket() {
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try {
      int n = socket.read(piece);
      // The JDK answers -3 to a call that a signal has interrupted: the end is -1 alone.
      if (n == 0 || n < -1) {
        context.select(socket, SelectionKey.OP_READ, toLink::wake);
        return false;
      }
      if (n < 0) {
        link.output().end();
        done(false);
        return false;
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the socket was cut", link, e);
      cut();
      return false;
    }
    forLink = piece.flip();
    return true;
  }

  // ---- the end

  private void done(boolean towardsSocket) {
    if (towardsSocket) {
      toSocketDone = true;
    } else {
      toLinkDone = true;
    }
    if (toSocketDone && toLinkDone && closing.compareAndSet(false, true)) {
      Sockets.closeQuietly(socket, context);
      closeLink();
    }
  }

  /** Neither side may take a part of the bytes for the whole. */
  void cut() {
    toSocketDone = true;
    toLinkDone = true;
    if (closing.compareAndSet(false, true)) {
      Sockets.cut(socket, context);
      link.input().close();
      closeLink();
    }
  }

  private void closeLink() {
    if (over) {
      Future<?> timer = force;
      if (timer != null) {
        timer.cancel(false);
      }
      return;
    }
    link.closeByUs();
    // The peer has to answer; if it does not, it loses the channel all the same.
    forceLater(() -> link.close(true));
    Future<?> timer = force;
    if (over && timer != null) {
      timer.cancel(false);
    }
  }
}
