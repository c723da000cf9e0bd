// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.selectable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the JDK's channels answer beside what they document. */
class BoundedTest {
  /** A channel that answers what it was told to. */
  private record Answers(Deque<Integer> left) implements ByteChannel {
    Answers(Integer... all) {
      this(new ArrayDeque<>(List.of(all)));
    }

    @Override
    public int read(ByteBuffer dst) {
      return left.remove();
    }

    @Override
    public int write(ByteBuffer src) {
      return left.remove();
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static final ByteBuffer BYTES = ByteBuffer.allocate(10);

  @Test
  void aCallThatASignalHasInterruptedIsMadeAgain() throws IOException {
    assertEquals(7, Bounded.read(new Answers(-3, -3, 7), BYTES));
    assertEquals(7, Bounded.write(new Answers(-3, 7), BYTES));
    assertEquals(-1, Bounded.read(new Answers(-3, -1), BYTES));
  }

  @Test
  void onlyMinusOneIsTheEnd() throws IOException {
    assertEquals(0, Bounded.read(new Answers(-2), BYTES));
    assertEquals(0, Bounded.write(new Answers(-2), BYTES));
    assertThrows(IOException.class, () -> Bounded.read(new Answers(-5), BYTES));
    assertThrows(IOException.class, () -> Bounded.write(new Answers(-1), BYTES));
  }
}
