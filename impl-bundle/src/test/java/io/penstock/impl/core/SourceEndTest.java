// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.buffer.Holding;
import io.penstock.impl.engine.Engine;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a source reads ahead, and where it keeps it. */
class SourceEndTest {
  private final Engine engine = new Engine();

  @AfterEach
  void close() {
    engine.close();
  }

  /** Gives a letter for each read; somebody else comes in between when its state is asked for. */
  private static final class Letters implements SourceDriver {
    private byte next = 'a';
    private @Nullable Runnable between;

    @Override
    public int read(ByteBuffer dst) {
      if (next > 'd') {
        return -1;
      }
      dst.put(next++);
      return 1;
    }

    @Override
    public long available() {
      Runnable now = between;
      between = null;
      if (now != null) {
        now.run();
      }
      return 0;
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void onReady(Runnable callback) {}

    @Override
    public void close() {}
  }

  /** A buffer in memory to which a writer has come after it was found empty. */
  private static final class Late implements SourceDriver, Holding {
    private int reads;

    @Override
    public int read(ByteBuffer dst) {
      reads++;
      dst.put((byte) 'a');
      return 1;
    }

    @Override
    public long available() {
      return 0;
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void onReady(Runnable callback) {}

    @Override
    public void close() {}

    @Override
    public int hold(ByteBuffer dst, boolean frees) {
      return read(dst);
    }

    @Override
    public void free(int n) {}

    @Override
    public boolean deliver(int n) {
      return true;
    }

    @Override
    public void keep() {}
  }

  /** In front of the buffer the bytes would be beyond its capacity, and its writer let go. */
  @Test
  void whoAsksForTheEndTakesNothingOutOfABuffer() {
    Late late = new Late();
    SourceEnd source = new SourceEnd("late", engine, Wait.forever(), late);
    assertFalse(source.ended());
    assertEquals(0, late.reads);
  }

  @Test
  void whoAsksForTheEndKeepsTheOrderOfWhatAnotherHasLeft() throws Exception {
    Letters letters = new Letters();
    SourceEnd source = new SourceEnd("letters", engine, Wait.forever(), letters);
    // Reads, and uses nothing: the bytes are in front from then on.
    letters.between =
        () -> {
          try {
            assertEquals(0, source.consume(10, bytes -> {}, Wait.none()));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    assertFalse(source.ended());
    assertEquals(
        "abcd", StandardCharsets.US_ASCII.decode(source.readAll(10, Wait.none())).toString());
    assertTrue(source.ended());
  }
}
