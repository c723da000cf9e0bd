// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ContentTest {
  private static final int SIZE = 100;

  private final Content content = new Content(SIZE);

  private byte[] made(int records) {
    ByteBuffer all = ByteBuffer.allocate(records * SIZE);
    for (int i = 0; i < records; i++) {
      all.put(content.next());
    }
    return all.array();
  }

  @Test
  void recordsMayComeInAnyPieces() throws IOException {
    byte[] all = made(50);
    for (int at = 0, piece = 1; at < all.length; piece++) {
      int n = Math.min(piece * 7 % 250 + 1, all.length - at);
      content.check(ByteBuffer.wrap(all, at, n));
      at += n;
    }
    assertEquals(content.made(), content.checked());
  }

  @Test
  void aLostRecordIsNoticed() throws IOException {
    byte[] all = made(3);
    content.check(ByteBuffer.wrap(all, 0, SIZE));
    assertThrows(IOException.class, () -> content.check(ByteBuffer.wrap(all, 2 * SIZE, SIZE)));
  }

  @Test
  void aDoubledRecordIsNoticed() throws IOException {
    byte[] all = made(2);
    content.check(ByteBuffer.wrap(all, 0, SIZE));
    assertThrows(IOException.class, () -> content.check(ByteBuffer.wrap(all, 0, SIZE)));
  }

  @Test
  void aLostByteIsNoticed() {
    byte[] all = made(2);
    assertThrows(IOException.class, () -> content.check(ByteBuffer.wrap(all, 1, all.length - 1)));
  }
}
