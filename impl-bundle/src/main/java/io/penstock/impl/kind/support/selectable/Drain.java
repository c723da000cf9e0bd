// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/**
 * Drops what still arrives on a channel whose source was closed, so that the peer is neither
 * stalled nor reset. Shutting the input of a socket down would not do: Linux then goes on filling
 * the receive buffer until the peer stalls, and resets the connection once the output was shut
 * down, too.
 */
public final class Drain implements ReadyWatch.Task {
  private static final Logger LOG = Messages.log("kind");
  private static final int PIECE = 64 * 1024;

  private final ReadableByteChannel channel;

  /** Kept only while there is more than one piece to drop. */
  private @Nullable ByteBuffer scrap;

  /** Drops what arrives until the channel, which is non-blocking, ends or is closed. */
  public Drain(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /** Drops what arrives on a non-blocking channel until it ends or is closed. */
  public static <C extends SelectableChannel & ReadableByteChannel> void start(
      ProviderContext context, C channel) {
    ReadyWatch.start(context, channel, SelectionKey.OP_READ, new Drain(channel));
  }

  @Override
  public int run() {
    ByteBuffer piece = scrap == null ? ByteBuffer.allocate(PIECE) : scrap;
    try {
      int n = Bounded.read(channel, piece.clear());
      scrap = piece.hasRemaining() ? null : piece;
      return n;
    } catch (IOException e) {
      // The writing side meets the same failure and reports it.
      LOG.log(Level.DEBUG, "nothing more to drop", e);
      return -1;
    }
  }
}
