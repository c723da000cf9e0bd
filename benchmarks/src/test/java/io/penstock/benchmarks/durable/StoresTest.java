// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The stores that need nothing beside the build. */
class StoresTest {
  private static final int RECORDS = 300;
  private static final int SIZE = 8192;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "PENSTOCK_FILE, EACH", "PENSTOCK_FILE, GROUP", "PENSTOCK_FILE, NONE",
    "MVSTORE, EACH", "MVSTORE, GROUP", "MVSTORE, NONE"
  })
  void whatWasAppendedIsRead(Peer peer, Sync sync) throws Exception {
    Content content = new Content(SIZE);
    try (Store store = peer.open(folder.toString(), "store", sync)) {
      for (int i = 0; i < RECORDS; i++) {
        store.append(content.next());
      }
      store.flush();
      store.read(SIZE, content);
      store.read((RECORDS - 1L) * SIZE, content);
    }
    assertEquals(content.made(), content.checked());
  }

  @ParameterizedTest
  @CsvSource({"PENSTOCK_FILE", "MVSTORE"})
  void aStoreThatChangesRecordsIsRefused(Peer peer) throws Exception {
    Content content = new Content(SIZE);
    try (Store store = peer.open(folder.toString(), "store", Sync.GROUP)) {
      byte[] record = content.next();
      record[SIZE - 1]++;
      store.put(record);
      assertThrows(IOException.class, () -> store.read(SIZE, content));
    }
  }
}
