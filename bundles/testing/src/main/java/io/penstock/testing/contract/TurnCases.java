// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** Whose turn it is, and that what one caller writes stays together and in order. */
abstract class TurnCases extends WaitingCases {
  @Case(needs = Trait.MANY_CALLERS)
  void readersTakeTurnsInTheOrderTheyCame() throws Exception {
    List<Task<String>> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      readers.add(async(() -> receive(1)).waiting());
    }
    for (int i = 0; i < 4; i++) {
      send(String.valueOf(i));
      assertEquals(String.valueOf(i), readers.get(i).get());
    }
  }

  @Case(needs = {Trait.MANY_CALLERS, Trait.BOUNDED})
  void writersTakeTurnsInTheOrderTheyCame() throws Exception {
    long filled = fill();
    List<Task<Void>> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String word = "word" + i;
      writers.add(asyncRun(() -> sink().writeFully(word, FOREVER)).waiting());
    }
    receivePattern(0, filled);
    assertEquals("word0word1word2word3", receive(20));
    for (Task<Void> writer : writers) {
      writer.get();
    }
  }

  /** Two that write and never pause do not keep a third from its turn, again and again. */
  @Case(needs = Trait.MANY_CALLERS)
  void aCallerAmongBusyOnesComesToItsTurn() throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    List<Task<Integer>> busy = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      busy.add(
          async(
              () -> {
                int written = 0;
                for (; !over.get(); written++) {
                  sink().writeFully("b", Wait.upTo(LONG));
                }
                return written;
              }));
    }
    int mine = 50;
    Task<Void> third =
        asyncRun(
            () -> {
              for (int i = 0; i < mine; i++) {
                sink().writeFully("m", Wait.upTo(LONG));
              }
            });
    Task<Integer> reader =
        async(
            () -> {
              int read = 0;
              ByteBuffer got = room(1000);
              for (int n; (n = source().read(got.clear(), Wait.upTo(LONG))) >= 0; ) {
                read += n;
              }
              return read;
            });
    third.get();
    over.set(true);
    int written = mine;
    for (Task<Integer> each : busy) {
      written += each.get();
    }
    sink().end();
    assertEquals(written, reader.get());
  }

  @Case(needs = Trait.MANY_CALLERS)
  void waitingForOnesTurnCountsAgainstTheLimit() throws Exception {
    Task<Void> first = asyncRun(() -> source().readFully(room(2), FOREVER)).waiting();
    assertThrows(StreamTimeoutException.class, () -> source().read(room(1), Wait.upTo(SHORT)));
    assertEquals(0, source().read(room(1), NONE), "somebody else's turn is nothing now");
    send("ab");
    first.get();
  }

  @Case(needs = Trait.MANY_CALLERS)
  void waitingForOnesTurnEndsOnInterrupt() throws Exception {
    Task<Void> first = asyncRun(() -> source().readFully(room(2), FOREVER)).waiting();
    Task<Integer> second = async(() -> source().read(room(1))).waiting();
    second.thread().interrupt();
    assertInstanceOf(InterruptedIOException.class, second.failure());
    send("ab");
    first.get();
  }

  @Case(needs = Trait.MANY_CALLERS)
  void waitingForOnesTurnEndsOnClose() throws Exception {
    Task<Void> first = asyncRun(() -> source().readFully(room(2), FOREVER)).waiting();
    Task<Integer> second = async(() -> source().read(room(1))).waiting();
    source().close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, first.failure());
    assertInstanceOf(StreamClosedWhileWaitingException.class, second.failure());
  }

  /** Writes blocks of one letter each from several threads; reads and checks that none is torn. */
  private void assertWhole(int blockSize, BlockWriter writer) throws Exception {
    int threads = 4;
    int rounds = 3;
    List<Task<Void>> writers = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      byte letter = (byte) ('a' + t);
      writers.add(
          asyncRun(
              () -> {
                for (int r = 0; r < rounds; r++) {
                  byte[] block = new byte[blockSize];
                  java.util.Arrays.fill(block, letter);
                  writer.write(sink(), block);
                }
              }));
    }
    ByteBuffer block = room(blockSize);
    for (int i = 0; i < threads * rounds; i++) {
      source().readFully(block.clear(), Wait.upTo(LONG));
      for (int at = 1; at < blockSize; at++) {
        assertEquals(block.get(0), block.get(at), "a block was torn");
      }
    }
    for (Task<Void> each : writers) {
      each.get();
    }
  }

  private interface BlockWriter {
    void write(ByteSink sink, byte[] block) throws IOException;
  }

  @Case(needs = Trait.MANY_CALLERS)
  void writeFullyIsNotInterleaved() throws Exception {
    assertWhole(5000, (sink, block) -> sink.writeFully(ByteBuffer.wrap(block), Wait.upTo(LONG)));
  }

  @Case(needs = Trait.MANY_CALLERS)
  void partsWrittenFullyAreNotInterleaved() throws Exception {
    assertWhole(
        5000,
        (sink, block) ->
            sink.writeFully(
                new ByteBuffer[] {
                  ByteBuffer.wrap(block, 0, 1700), room(0), ByteBuffer.wrap(block, 1700, 3300)
                },
                Wait.upTo(LONG)));
  }

  @Case(needs = Trait.MANY_CALLERS)
  void giveIsNotInterleaved() throws Exception {
    assertWhole(
        5000,
        (sink, block) ->
            assertEquals(block.length, sink.give(ByteBuffer.wrap(block), Wait.upTo(LONG))));
  }

  @Case
  void gatheringWriteKeepsTheOrderOfItsParts() throws IOException {
    ByteBuffer[] parts = {bytes("one"), room(0), bytes("two"), bytes("three")};
    assertEquals(11, sink().write(parts));
    assertEquals("onetwothree", receive(11));
    assertEquals(3, sink().write(new ByteBuffer[] {bytes("x"), bytes("two"), bytes("y")}, 1, 1));
    assertEquals("two", receive(3));
  }

  @Case(needs = Trait.BOUNDED)
  void writeBehindQueuedPartsReturnsZeroOrWaits() throws Exception {
    long filled = fill();
    CompletableFuture<Void> queued = sink().writeAsync(bytes("queued")).toCompletableFuture();
    assertTrue(sink().queued() > 0);
    assertEquals(0, sink().write(bytes("late"), NONE));
    Task<Integer> writer = async(() -> sink().write(bytes("late"))).waiting();
    assertFalse(queued.isDone());
    receivePattern(0, filled);
    assertEquals("queued", receive(6));
    queued.get();
    // As much as there is room for by then, which may be one byte.
    int written = writer.get();
    assertTrue(written > 0, "a write that waits moves something");
    assertEquals("late".substring(0, written), receive(written));
    assertEquals(0, sink().queued());
  }

  @Case
  void queuedWritesCompleteInOrder() throws Exception {
    List<Integer> order = new ArrayList<>();
    java.util.concurrent.locks.ReentrantLock lock = new java.util.concurrent.locks.ReentrantLock();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    int writes = 50;
    for (int i = 0; i < writes; i++) {
      int number = i;
      all.add(
          sink()
              .writeAsync(bytes(500), bytes(500))
              .thenRun(
                  () -> {
                    lock.lock();
                    try {
                      order.add(number);
                    } finally {
                      lock.unlock();
                    }
                  })
              .toCompletableFuture());
    }
    ByteBuffer got = room(1000 * writes);
    source().readFully(got, Wait.upTo(LONG));
    for (CompletableFuture<Void> each : all) {
      each.get(LONG.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
    }
    for (int i = 0; i < writes; i++) {
      assertEquals(i, order.get(i));
      assertEquals(bytes(500), got.slice(i * 1000, 500));
    }
  }
}
