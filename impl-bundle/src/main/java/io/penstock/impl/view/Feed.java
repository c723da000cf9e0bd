// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a publisher publishes: takes pieces of a source without waiting. One task at a time. */
abstract class Feed {
  /** That there is nothing now. */
  static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** That there is something. */
  static final ByteBuffer SOMETHING = ByteBuffer.allocate(0);

  private final ByteSource source;
  // Whether the last look saw data.
  private boolean present;

  Feed(ByteSource source) {
    this.source = source;
  }

  /** Whether that is the mark, and not an empty frame. */
  @SuppressWarnings("ReferenceEquality")
  static boolean isNothing(@Nullable ByteBuffer piece) {
    return piece == NOTHING;
  }

  final ByteSource source() {
    return source;
  }

  /**
   * The next piece; {@link #NOTHING} if there is none now; null at the end.
   *
   * @param gone whether nobody wants it any more; what was taken goes back then
   */
  abstract @Nullable ByteBuffer take(BooleanSupplier gone) throws IOException;

  /** How many nanoseconds to wait for a piece before it is worth a look though nothing came. */
  long left() {
    return Long.MAX_VALUE;
  }

  /** Nothing is taken any more for now; what was gathered goes back. Any thread. */
  void leave() {}

  /** Looks without taking anything; {@link #NOTHING} if there is nothing now; null at the end. */
  @Nullable ByteBuffer look() throws IOException {
    present = false;
    int n = source.consume(1, run -> present = true, Wait.none());
    return n < 0 ? null : present ? SOMETHING : NOTHING;
  }

  /** The bytes as they come. */
  static Feed pieces(ByteSource source, Consumer<ByteBuffer> unread, int most) {
    return new Feed(source) {
      @Override
      @Nullable ByteBuffer take(BooleanSupplier gone) throws IOException {
        ByteBuffer piece = source.take(most, Wait.none());
        if (piece == null) {
          return null;
        }
        if (piece.hasRemaining() && gone.getAsBoolean()) {
          unread.accept(piece);
          return NOTHING;
        }
        return piece.hasRemaining() ? piece : NOTHING;
      }
    };
  }
}
