// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BufferFullException;
import io.penstock.error.EndOfStreamException;
import io.penstock.error.WouldBlockException;
import io.penstock.impl.core.Engine;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Many writers and readers at once: every record arrives once, whole, and in the order of its
 * writer.
 */
class PipeStressTest {
  private static final int RECORDS = 4_000;
  private static final int RECORD = 12;

  private final Engine engine = new Engine();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() throws InterruptedException {
    threads.shutdownNow();
    threads.awaitTermination(10, TimeUnit.SECONDS);
    engine.close();
  }

  @ParameterizedTest
  @Timeout(60)
  @CsvSource({"1, 1, 64", "3, 1, 7", "1, 3, 64", "4, 4, 100", "4, 4, 65536"})
  void everyRecordArrivesOnceAndWhole(int writers, int readers, int capacity) throws Exception {
    DrivenPipe pipe = new DrivenPipe(PipeOptions.defaults().withCapacity(capacity), engine);
    List<Future<?>> writing = new ArrayList<>();
    for (int w = 0; w < writers; w++) {
      writing.add(threads.submit(writer(pipe, w)));
    }
    List<Future<List<long[]>>> reading = new ArrayList<>();
    for (int r = 0; r < readers; r++) {
      Callable<List<long[]>> reader = reader(pipe, r);
      reading.add(
          threads.submit(
              () -> {
                try {
                  return reader.call();
                } catch (Exception | AssertionError e) {
                  // Nobody reads any more: the writers must not wait for that.
                  pipe.abort(e);
                  throw e;
                }
              }));
    }
    for (Future<?> writer : writing) {
      writer.get();
    }
    pipe.sink().end();
    boolean[][] seen = new boolean[writers][RECORDS];
    int total = 0;
    for (Future<List<long[]>> reader : reading) {
      long[] last = new long[writers];
      Arrays.fill(last, -1);
      for (long[] record : reader.get()) {
        int writer = (int) record[0];
        int number = (int) record[1];
        assertEquals(false, seen[writer][number], "seen twice");
        seen[writer][number] = true;
        assertEquals(true, number > last[writer], "out of order");
        last[writer] = number;
        total++;
      }
    }
    assertEquals(writers * RECORDS, total);
  }

  private static Callable<Void> writer(DrivenPipe pipe, int writer) {
    return () -> {
      Random random = new Random(writer);
      for (int i = 0; i < RECORDS; i++) {
        ByteBuffer record = ByteBuffer.allocate(RECORD);
        record.putInt(writer).putInt(i).putInt(0x0a0a0a0a ^ writer ^ i).flip();
        switch (random.nextInt(3)) {
          case 0 -> pipe.sink().writeFully(record, Wait.forever());
          case 1 -> pipe.sink().give(record, Wait.forever());
          default -> pipe.sink().writeAsync(record).toCompletableFuture().get();
        }
      }
      return null;
    };
  }

  private static Callable<List<long[]>> reader(DrivenPipe pipe, int reader) {
    return () -> {
      Random random = new Random(100 + reader);
      List<long[]> records = new ArrayList<>();
      while (true) {
        ByteBuffer record = ByteBuffer.allocate(RECORD);
        if (random.nextInt(4) == 0) {
          try {
            // Finds nothing and must lose nothing.
            pipe.source().readUntil(ByteSequence.utf8("never there"), 11, Wait.none());
          } catch (WouldBlockException e) {
            assertEquals(pipe.name(), e.stream());
          } catch (BufferFullException e) {
            assertTrue(e.count() <= 11, "looked at more than the limit");
          }
        }
        try {
          pipe.source().readFully(record, Wait.forever());
        } catch (EndOfStreamException e) {
          assertEquals(0, e.count(), "a cut record");
          return records;
        }
        record.flip();
        int writer = record.getInt();
        int number = record.getInt();
        assertEquals(0x0a0a0a0a ^ writer ^ number, record.getInt(), "a mixed record");
        records.add(new long[] {writer, number});
      }
    };
  }
}
