// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.jspecify.annotations.Nullable;

/** H2's MVStore by itself, set as Penstock sets it, without a thread, epochs and checksums. */
final class MvStore implements Store {
  /** How much a commit has where records share one. */
  private static final int BATCH = 1 << 20;

  private static final int PAGE_CACHE_MIB = 1;

  private final MVStore store;
  private final MVMap<Long, byte[]> records;
  private final Sync sync;
  private long next;
  private int pending;
  private @Nullable Cursor<Long, byte[]> cursor;

  MvStore(Path file, Sync sync) {
    this.sync = sync;
    this.store =
        new MVStore.Builder()
            .fileName(file.toString())
            .autoCommitDisabled()
            .cacheSize(PAGE_CACHE_MIB)
            .open();
    store.setVersionsToKeep(0);
    store.setRetentionTime(0);
    this.records =
        store.openMap(
            "records",
            new MVMap.Builder<Long, byte[]>()
                .keyType(LongDataType.INSTANCE)
                .valueType(ByteArrayDataType.INSTANCE));
    Long last = records.lastKey();
    this.next = last == null ? 0 : last + 1;
  }

  @Override
  public void append(byte[] record) {
    byte[] unused = records.put(next++, record);
    pending += record.length;
    if (sync == Sync.EACH || pending >= BATCH) {
      flush();
    }
  }

  @Override
  public void flush() {
    if (pending > 0) {
      long unused = store.commit();
      pending = 0;
      if (sync != Sync.NONE) {
        store.sync();
      }
    }
  }

  @Override
  public void read(long bytes, Content content) throws IOException {
    Cursor<Long, byte[]> from = cursor;
    if (from == null) {
      from = records.cursor(0L);
      cursor = from;
    }
    for (long left = bytes; left > 0; ) {
      if (!from.hasNext()) {
        throw new EOFException("the file has ended, expected " + left + " more bytes");
      }
      Long unused = from.next();
      ByteBuffer record = ByteBuffer.wrap(from.getValue());
      left -= record.remaining();
      content.check(record);
    }
  }

  @Override
  public void close() {
    store.closeImmediately();
  }
}
