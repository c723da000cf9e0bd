// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rest of a large write is offered to a reader that is at work, here within its news. */
class LargeWriteTest {
  private static final int SIZE = 64 * 1024;
  private static final int FRONT = 512;
  private static final int LARGE = FRONT + 16 * 1024;

  private final MemoryPipe pipe = new MemoryPipe("p", 1024 * 1024, false, true);
  private final byte[] bytes = new byte[SIZE];
  private final ByteBuffer src = ByteBuffer.wrap(bytes);
  private final ByteArrayOutputStream got = new ByteArrayOutputStream();
  private int news;

  LargeWriteTest() {
    new Random(1).nextBytes(bytes);
  }

  /** The first one tells how long a copy takes. */
  @BeforeEach
  void copyOnce() throws IOException {
    assertEquals(SIZE, pipe.sink().write(src));
    read(pipe, SIZE);
    assertArrayEquals(bytes, got.toByteArray());
    assertEquals(0, pipe.givenConsumed());
    src.clear();
    got.reset();
  }

  private void read(MemoryPipe from, int most) {
    ByteBuffer dst = ByteBuffer.allocate(most);
    try {
      got.write(dst.array(), 0, Math.max(0, from.source().read(dst)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes all, and changes the array as its owner may. */
  private void writeAll() throws IOException {
    byte[] copy = bytes.clone();
    assertEquals(SIZE, pipe.sink().write(src));
    assertEquals(SIZE, src.position());
    Arrays.fill(bytes, (byte) 0);
    assertEquals(2, pipe.writes());
    read(pipe, SIZE);
    assertArrayEquals(copy, got.toByteArray());
    assertEquals(2 * SIZE, pipe.bytesRead());
  }

  @Test
  void readerTakesAllButTheFrontFromTheArray() throws IOException {
    pipe.source().onReady(() -> read(pipe, SIZE));
    writeAll();
    assertEquals(SIZE - FRONT, pipe.givenConsumed());
  }

  @Test
  void whatIsNotTakenGoesThroughTheBuffer() throws IOException {
    pipe.source()
        .onReady(
            () -> {
              if (++news == 1) {
                read(pipe, FRONT + 5000);
              }
            });
    writeAll();
    assertEquals(5000, pipe.givenConsumed());
  }

  private void assertNews(MemoryPipe to, int... each) throws IOException {
    to.source().onReady(() -> news++);
    for (int expected : each) {
      news = 0;
      assertEquals(SIZE, to.sink().write(src.clear()));
      assertEquals(expected, news);
      read(to, SIZE);
    }
    assertEquals(0, to.givenConsumed());
  }

  /** An offer tells the reader once more. */
  @Test
  void afterOffersInVainMoreAndMoreAreLeftOut() throws IOException {
    assertNews(pipe, 2, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2);
  }

  @Test
  void anOfferThatIsTakenBringsTheNext() throws IOException {
    assertNews(pipe, 2, 1);
    pipe.source().onReady(() -> read(pipe, SIZE));
    for (int i = 0; i < 3; i++) {
      assertEquals(SIZE, pipe.sink().write(src.clear()));
      assertEquals((i + 1) * (SIZE - FRONT), pipe.givenConsumed());
    }
  }

  @Test
  void neitherWithoutLooksNorForLess() throws IOException {
    assertNews(new MemoryPipe("p", 1024 * 1024, false, false), 1, 1);
    src.clear().limit(LARGE - 1);
    pipe.source().onReady(() -> news++);
    news = 0;
    assertEquals(LARGE - 1, pipe.sink().write(src));
    assertEquals(1, news);
  }

  @Test
  void nothingIsOfferedAnyMoreWhenTheNewsFails() throws IOException {
    pipe.source()
        .onReady(
            () -> {
              throw new IllegalStateException("planned");
            });
    assertThrows(IllegalStateException.class, () -> pipe.sink().write(src));
    assertEquals(FRONT, src.position());
    assertFalse(pipe.offer.isMade());
    read(pipe, SIZE);
    assertEquals(FRONT, got.size());
  }

  @Test
  void aCutInTheMiddleLeavesTheRestToTheCaller() throws IOException {
    pipe.source()
        .onReady(
            () -> {
              if (++news == 1) {
                pipe.abort(new IOException("planned"));
              }
            });
    assertEquals(FRONT, pipe.sink().write(src));
    assertEquals(FRONT, src.position());
    assertThrows(IOException.class, () -> pipe.sink().write(src));
    read(pipe, SIZE);
    assertArrayEquals(Arrays.copyOf(bytes, FRONT), got.toByteArray());
  }
}
