// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.activemq.artemis.api.core.ActiveMQBuffer;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.apache.activemq.artemis.core.journal.EncodingSupport;
import org.apache.activemq.artemis.core.journal.IOCompletion;
import org.apache.activemq.artemis.core.journal.PreparedTransactionInfo;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;

/**
 * The journal of ActiveMQ Artemis by itself, in its form on NIO, with the sizes and the time that
 * are the broker's defaults. It is read only when it is loaded.
 */
final class ArtemisStore implements Store {
  private static final int BUFFER = 490 << 10;
  private static final int TIMEOUT = 3_333_333;
  private static final int FILE = 10 << 20;
  private static final int LEAST_FILES = 2;
  private static final int ALL_KEPT = -1;

  private final JournalImpl journal;
  private final Window window = new Window();
  private final Sync sync;
  private long next;

  ArtemisStore(Path folder, Sync sync) throws Exception {
    this.sync = sync;
    // A record that waits by itself would wait for the buffer's time, too.
    boolean buffered = sync != Sync.EACH;
    NIOSequentialFileFactory files =
        new NIOSequentialFileFactory(
            Files.createDirectories(folder).toFile(), buffered, BUFFER, TIMEOUT, 1, false);
    this.journal = new JournalImpl(FILE, LEAST_FILES, ALL_KEPT, 0, 0, files, "store", "amq", 1);
    journal.start();
    List<RecordInfo> records = new ArrayList<>();
    List<PreparedTransactionInfo> none = new ArrayList<>();
    this.next = journal.load(records, none, null, true).getMaxID() + 1;
  }

  /** A record whose bytes are taken as they are. */
  // Records of the journal are never compared.
  @SuppressWarnings("ArrayRecordComponent")
  private record Encoded(byte[] bytes) implements EncodingSupport {
    @Override
    public int getEncodeSize() {
      return bytes.length;
    }

    @Override
    public void encode(ActiveMQBuffer buffer) {
      buffer.writeBytes(bytes);
    }

    @Override
    public void decode(ActiveMQBuffer buffer) {
      throw new UnsupportedOperationException("records are not decoded here");
    }
  }

  @Override
  public void append(byte[] record) throws Exception {
    if (sync == Sync.EACH) {
      journal.appendAddRecord(next++, (byte) 1, new Encoded(record), true);
      return;
    }
    window.enter(record.length);
    journal.appendAddRecord(
        next++,
        (byte) 1,
        new Encoded(record),
        sync == Sync.GROUP,
        new IOCompletion() {
          @Override
          public void storeLineUp() {}

          @Override
          public void done() {
            window.leave(record.length, null);
          }

          @Override
          public void onError(int code, String message) {
            window.leave(record.length, new IOException(code + ": " + message));
          }
        });
  }

  @Override
  public void flush() throws Exception {
    window.drain();
  }

  @Override
  public boolean canRead() {
    return false;
  }

  @Override
  public void read(long bytes, Content content) {
    throw new UnsupportedOperationException("the journal is read only when it is loaded");
  }

  @Override
  public void close() throws IOException {
    try {
      journal.stop();
    } catch (Exception e) {
      throw new IOException("the journal does not stop", e);
    }
  }
}
