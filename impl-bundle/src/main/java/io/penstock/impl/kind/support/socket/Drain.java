// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.impl.kind.support.selectable.Bounded;
import io.penstock.impl.kind.support.selectable.SelectorThread;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;

/**
 * Drops what still arrives on connections whose source was closed, so that the peer is neither
 * stalled nor reset. Shutting the input down would not do: Linux then goes on filling the receive
 * buffer until the peer stalls, and resets the connection once the output was shut down, too.
 *
 * <p>One daemon thread, {@code penstock-drain}, which exists only while there is such a connection.
 */
public final class Drain {
  private static final Logger LOG = Messages.log("kind");
  private static final int PIECE = 64 * 1024;

  private final SelectorThread<SelectableChannel> thread =
      new SelectorThread<>("penstock-drain", Selector::open, this::run, SelectionKey::channel);

  /** Drops what arrives on a non-blocking channel until it ends or is closed. */
  <C extends SelectableChannel & ReadableByteChannel> void add(C channel) throws IOException {
    thread.hand(channel);
  }

  /** Lets go of channels that were closed: until then they keep their descriptors. */
  void release() {
    thread.release();
  }

  private void run(Selector current) throws IOException {
    ByteBuffer scrap = ByteBuffer.allocateDirect(PIECE);
    boolean cancelled = false;
    while (true) {
      boolean[] ended = new boolean[1];
      if (thread.released() || cancelled) {
        // A cancelled key is let go by the next selection, too.
        current.selectNow(key -> ended[0] |= discard(key, scrap));
      } else {
        thread.select(current, key -> ended[0] |= discard(key, scrap));
      }
      cancelled = ended[0];
      int taken =
          thread.take(current, current.keys().isEmpty(), channel -> register(channel, current));
      if (taken < 0) {
        return;
      }
      cancelled |= taken > 0;
    }
  }

  private static void register(SelectableChannel channel, Selector current) {
    try {
      channel.register(current, SelectionKey.OP_READ);
    } catch (ClosedChannelException e) {
      LOG.log(Level.DEBUG, "a connection was closed before anything had to be dropped");
    }
  }

  /** Returns whether the channel has ended, so that its key was cancelled. */
  private static boolean discard(SelectionKey key, ByteBuffer scrap) {
    try {
      if (!key.isReadable()) {
        return false;
      }
      scrap.clear();
      if (Bounded.read((ReadableByteChannel) key.channel(), scrap) >= 0) {
        return false;
      }
    } catch (IOException | CancelledKeyException e) {
      // The writing side meets the same failure and reports it.
      LOG.log(Level.DEBUG, "nothing more to drop", e);
    }
    key.cancel();
    return true;
  }
}
