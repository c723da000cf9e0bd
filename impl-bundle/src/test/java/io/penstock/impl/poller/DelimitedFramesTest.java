// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.stream.ByteSequence;
import io.penstock.stream.Framer;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Delimiters are looked for eight bytes at a time, and found where a look at each byte finds them.
 */
class DelimitedFramesTest {
  private static final int ROUNDS = 20_000;
  // Neighbours of the delimiter's bytes, with and without the highest bit, fool a careless search.
  private static final byte[] ALPHABET = {10, 11, 9, 0, 1, -1, -128, 127, 10 - 128, 11 - 128, 13};

  private static byte[] random(Random random, int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = ALPHABET[random.nextInt(ALPHABET.length)];
    }
    return bytes;
  }

  /** How many bytes the first frame has, found in the simplest way. */
  private static int expected(byte[] bytes, int start, int end, byte[] delimiter) {
    for (int i = start; i + delimiter.length <= end; i++) {
      boolean here = true;
      for (int j = 0; j < delimiter.length; j++) {
        here &= bytes[i + j] == delimiter[j];
      }
      if (here) {
        return i + delimiter.length - start;
      }
    }
    return 0;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void areFoundWhereverTheyAre(int length) throws IOException {
    Random random = new Random(length);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] delimiter = random(random, length);
      byte[] bytes = random(random, 1 + random.nextInt(60));
      Framer framer = Framing.delimited(ByteSequence.of(delimiter), 100).newFramer();
      ByteBuffer memory =
          random.nextBoolean()
              ? ByteBuffer.allocateDirect(bytes.length)
              : ByteBuffer.allocate(bytes.length);
      memory.put(bytes).flip();
      ByteOrder order = random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      memory.order(order);
      int start = random.nextInt(bytes.length);
      // It comes in pieces, and each frame that was found is followed by others.
      int end = start;
      while (end < bytes.length) {
        end = Math.min(bytes.length, end + 1 + random.nextInt(25));
        int found;
        do {
          int want = expected(bytes, start, end, delimiter);
          found = framer.frame(memory.clear().position(start).limit(end));
          assertEquals(want, found);
          assertEquals(order, memory.order(), "the caller's order of bytes");
          start += found;
        } while (found > 0);
      }
    }
  }
}
