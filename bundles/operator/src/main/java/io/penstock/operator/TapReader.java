// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.error.StreamClosedException;
import io.penstock.runtime.Tap;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** Shows what a tap copies. For one thread. */
final class TapReader {
  private static final int PIECE = 4096;

  private final ByteSource source;
  private final String mark;
  private long shown;
  private boolean over;

  private TapReader(ByteSource source, String mark) {
    this.source = source;
    this.mark = mark;
  }

  /** Shows copies until the tapped object is closed or the command is to end. Closes the tap. */
  static void copy(Tap tap, CommandOutput out, CompletionStage<?> end) throws IOException {
    try (tap) {
      var unused = end.thenRun(tap::close);
      TapReader read = new TapReader(tap.read(), "< ");
      TapReader written = new TapReader(tap.written(), "> ");
      long dropped = 0;
      while (!read.over || !written.over) {
        try {
          wait(read, written);
          read.show(out);
          written.show(out);
        } catch (StreamClosedException e) {
          // The tap was closed, as the command is to end.
          read.over = true;
          written.over = true;
        }
        long now = tap.dropped();
        if (now > dropped) {
          out.print("dropped " + (now - dropped) + " bytes, which were not shown in time\n");
          dropped = now;
        }
      }
    }
  }

  private static void wait(TapReader one, TapReader other) throws IOException {
    Signal ready =
        one.over
            ? other.source.readable()
            : other.over
                ? one.source.readable()
                : one.source.readable().or(other.source.readable());
    ready.await(Wait.forever());
  }

  /** Shows what is there. */
  private void show(CommandOutput out) throws IOException {
    if (over || !source.readable().isSet()) {
      return;
    }
    ByteBuffer piece = source.take(PIECE, Wait.forever());
    if (piece == null) {
      over = true;
      return;
    }
    out.print(HexDump.of(mark, shown, piece));
    shown += piece.remaining();
  }
}
