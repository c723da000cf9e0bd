// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.penstock.durable.impl.Store.Figure;
import io.penstock.spi.content.Block;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which records of a file are read, and which go. */
class StoreTest {
  private static final long EPOCH = 1;

  @TempDir Path folder;

  private Store open() throws IOException {
    return Store.open(folder.resolve("pipe"), "file:pipe");
  }

  private static Block block(long position, int length) {
    return new Block(position, new byte[length], 0, length);
  }

  private static List<Long> load(Store store, long position, long upTo) throws IOException {
    return store.load(position, upTo, 1 << 20).stream().map(Block::position).toList();
  }

  /** Of a batch that is larger than the library's memory some may be stored without the end. */
  @Test
  void whatAKilledWriterHasLeftBehindItsEndIsNotRead() throws IOException {
    try (Store store = open()) {
      for (long left : List.of(100L, 130L, 199L, 250L, 350L)) {
        store.append(block(left, 20), EPOCH);
      }
      store.save(false);
    }
    try (Store store = open()) {
      store.append(block(100, 100), EPOCH + 1);
      assertEquals(List.of(100L), load(store, 160, 200));
      store.append(block(200, 100), EPOCH + 1);
      store.append(block(300, 10), EPOCH + 1);
      assertEquals(List.of(100L, 200L, 300L), load(store, 100, 310));
      assertEquals(List.of(100L, 200L, 300L), load(store, 160, 310));
      assertEquals(List.of(200L, 300L), load(store, 255, 310));
      store.put(Figure.END, 310);
      store.dropRecords(300);
      assertEquals(300L, store.oldest());
      store.dropRecords(310);
      assertNull(store.oldest());
      store.append(block(310, 100), EPOCH + 1);
      store.put(Figure.END, 410);
      assertEquals(310L, store.oldest());
      assertEquals(List.of(310L), load(store, 360, 410));
    }
  }

  @Test
  void aReadBeginsInsideOfARecordAndGoesOnWithTheNext() throws IOException {
    try (Store store = open()) {
      for (int i = 0; i < 4; i++) {
        store.append(block(100L * i, 100), EPOCH);
      }
      assertEquals(List.of(100L, 200L), load(store, 150, 300));
      assertEquals(List.of(0L, 100L, 200L, 300L), load(store, 0, 400));
    }
  }

  @Test
  void theOldestRecordIsKnownWhateverGoesAndComes() throws IOException {
    try (Store store = open()) {
      assertNull(store.oldest());
      for (int i = 1; i < 5; i++) {
        store.append(block(100L * i, 100), EPOCH);
      }
      store.put(Figure.END, 500);
      assertEquals(100L, store.oldest());
      store.dropRecords(150);
      assertEquals(100L, store.oldest());
      store.dropRecords(350);
      assertEquals(300L, store.oldest());
      store.dropRecords(500);
      assertNull(store.oldest());
      store.append(block(500, 10), EPOCH);
      store.put(Figure.END, 510);
      assertEquals(500L, store.oldest());
      store.save(false);
    }
    try (Store again = open()) {
      assertEquals(500L, again.oldest());
    }
  }
}
