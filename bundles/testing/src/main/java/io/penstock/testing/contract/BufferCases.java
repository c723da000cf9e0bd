// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Capacity, the ownership of buffers, and transfers. */
abstract class BufferCases extends LifeCases {
  @Case(needs = Trait.COUNTED)
  void readsMergeWhatWasWrittenSeparately() throws IOException {
    send("one");
    send("two");
    counted(6);
    ByteBuffer dst = room(10);
    assertEquals(6, source().read(dst));
    assertEquals("onetwo", text(dst.flip()));
  }

  @Case
  void shortReadLeavesTheRest() throws IOException {
    send("abcdef");
    arrived(6);
    ByteBuffer dst = room(4);
    assertEquals(4, source().read(dst));
    assertEquals("abcd", text(dst.flip()));
    assertEquals("ef", receive(2));
  }

  @Case
  void scatteringReadFillsItsBuffersInOrder() throws IOException {
    send("abcdef");
    arrived(6);
    ByteBuffer[] dsts = {room(1), room(0), room(3), room(9)};
    assertEquals(4, source().read(dsts, 0, 3));
    assertEquals("a", text(dsts[0].flip()));
    assertEquals("bcd", text(dsts[2].flip()));
    assertEquals("ef", receive(2));
  }

  @Case
  void buffersOfEveryKindAreUnderstood() throws IOException {
    ByteBuffer direct = ByteBuffer.allocateDirect(8);
    direct.put(bytes("..abc.")).flip().position(2).limit(5);
    assertEquals(3, sink().write(direct));
    assertEquals(5, direct.position());
    assertEquals(2, sink().write(bytes("de").asReadOnlyBuffer()));
    ByteBuffer slice = ByteBuffer.wrap("xxfgxx".getBytes(StandardCharsets.UTF_8), 2, 2).slice();
    assertEquals(2, sink().write(slice));
    ByteBuffer dst = ByteBuffer.allocateDirect(9).position(1).limit(8);
    source().readFully(dst, Wait.upTo(LONG));
    assertEquals(8, dst.position());
    assertEquals("abcdefg", text(dst.flip().position(1)));
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.WHOLE_ROOM})
  void copyingWriteTakesAtMostTheRoom() throws IOException {
    long capacity = sink().room();
    int size = Math.toIntExact(capacity + 10);
    ByteBuffer src = bytes(size);
    assertEquals(capacity, sink().write(src));
    assertEquals(10, src.remaining());
    assertEquals(0, sink().room());
    counted(capacity);
    assertEquals(0, sink().room());
    receivePattern(0, capacity);
    assertRoom(capacity);
  }

  @Case(needs = Trait.BOUNDED)
  void roomIsZeroWhenFullAndComesBack() throws IOException {
    assertTrue(sink().room() > 0);
    long filled = fill();
    assertEquals(0, sink().room());
    receivePattern(0, filled);
    sink().awaitWritable(Wait.upTo(LONG));
    assertTrue(sink().room() > 0);
  }

  @Case
  void writeTakesAtLeastTheRoomItPromised() throws IOException {
    int promised = (int) Math.min(sink().room(), 100_000);
    assertTrue(promised > 0);
    assertTrue(sink().write(bytes(promised), NONE) >= promised);
  }

  @Case
  void largeDataArrivesWhole() throws Exception {
    int size = 3_000_000;
    Task<Void> writer =
        asyncRun(
            () -> {
              sink().writeFully(bytes(size), Wait.upTo(LONG));
              sink().end();
            });
    receivePattern(0, size);
    assertEnd();
    writer.get();
  }

  @Case
  void textIsWrittenAsUtf8AndCountedInBytes() throws IOException {
    sink().writeFully("h\u00e9\ud83d\ude00", Wait.upTo(LONG));
    arrived(7);
    assertEquals("h\u00e9\ud83d\ude00", receive(7));
  }

  @Case
  void writtenBytesAreACopy() throws IOException {
    ByteBuffer mine = bytes("abc");
    sink().write(mine);
    mine.clear();
    mine.put(0, (byte) 'X');
    assertEquals("abc", receive(3));
  }

  @Case(needs = {Trait.COUNTED, Trait.BOUNDED, Trait.BY_REFERENCE})
  void giveOvershootsTheBoundOnce() throws IOException {
    long capacity = sink().room();
    send("a");
    int size = Math.toIntExact(capacity * 2);
    ByteBuffer given = bytes(size);
    assertEquals(size, sink().give(given, NONE));
    assertEquals(0, sink().room());
    counted(size + 1L);
    assertEquals(0, sink().give(bytes("b"), NONE));
    assertEquals(0, sink().write(bytes("b"), NONE));
    assertEquals("a", receive(1));
    receivePattern(0, size);
    assertRoom(capacity);
  }

  @Case
  void giveIsAllOrNothing() throws Exception {
    int size = 300_000;
    Task<Integer> giver = async(() -> sink().give(bytes(size), FOREVER));
    receivePattern(0, size);
    assertEquals(size, giver.get());
  }

  @Case
  void givenBufferIsReleasedOnceWhenConsumed() throws Exception {
    AtomicInteger released = new AtomicInteger();
    CountDownLatch told = new CountDownLatch(1);
    int accepted =
        sink()
            .give(
                bytes("abc"),
                () -> {
                  released.incrementAndGet();
                  told.countDown();
                },
                FOREVER);
    assertEquals(3, accepted);
    assertEquals("abc", receive(3));
    assertTrue(told.await(LONG.toSeconds(), TimeUnit.SECONDS));
    sink().close();
    source().close();
    assertEquals(1, released.get());
  }

  @Case(needs = Trait.BY_REFERENCE)
  void givenBufferIsNotReleasedBeforeItsLastByteIsConsumed() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    sink().give(bytes("abc"), released::countDown, FOREVER);
    assertEquals("ab", receive(2));
    assertEquals(1, released.getCount());
    assertEquals("c", receive(1));
    assertTrue(released.await(LONG.toSeconds(), TimeUnit.SECONDS));
  }

  @Case
  void givenBufferIsReleasedOnceWhenDropped() throws Exception {
    AtomicInteger released = new AtomicInteger();
    CountDownLatch told = new CountDownLatch(1);
    sink()
        .give(
            bytes("abc"),
            () -> {
              released.incrementAndGet();
              told.countDown();
            },
            FOREVER);
    source().close();
    sink().close();
    assertTrue(told.await(LONG.toSeconds(), TimeUnit.SECONDS));
    assertEquals(1, released.get());
  }

  @Case(needs = Trait.BY_REFERENCE)
  void takeReturnsAGivenBufferWithoutACopy() throws IOException {
    byte[] array = "abcdef".getBytes(StandardCharsets.UTF_8);
    sink().give(ByteBuffer.wrap(array), FOREVER);
    ByteBuffer first = source().take(2, FOREVER);
    ByteBuffer rest = source().take(100, FOREVER);
    assertEquals("ab", text(first));
    assertEquals("cdef", text(rest));
    // Only a test may do this: a change of the original shows through what is the same memory.
    array[5] = 'X';
    assertEquals("cdeX", text(rest));
  }

  @Case
  void takeIsPrivateWhenItWasWritten() throws IOException {
    ByteBuffer mine = bytes("abc");
    sink().write(mine);
    arrived(3);
    ByteBuffer taken = source().take(100, FOREVER);
    mine.clear();
    mine.put(0, (byte) 'X');
    send("defghi");
    assertEquals("defghi", receive(6));
    assertEquals("abc", text(taken));
  }

  @Case
  void takeHandsOverAtMostWhatWasAsked() throws IOException {
    send("abcdef");
    arrived(6);
    assertEquals("ab", text(source().take(2, FOREVER)));
    assertEquals("c", text(source().take(1, FOREVER)));
    assertEquals("def", receive(3));
  }

  @Case
  void drainTakesEverythingAndNeverMeansTheEnd() throws IOException {
    assertEquals(0, source().drain().remaining());
    send("abc");
    arrived(3);
    assertEquals("abc", text(source().drain()));
    assertEquals(0, source().available());
    assertEquals(0, source().drain().remaining());
    sink().end();
    assertEnd();
    assertEquals(0, source().drain().remaining(), "after the end");
  }

  @Case
  void consumeLendsReadOnlyAndKeepsWhatWasNotUsed() throws IOException {
    send("abcdef");
    arrived(6);
    StringBuilder lent = new StringBuilder();
    int used =
        source()
            .consume(
                4,
                run -> {
                  assertTrue(run.isReadOnly());
                  lent.append(text(run));
                  run.position(run.position() + 2);
                },
                FOREVER);
    assertEquals(2, used);
    assertTrue("abcd".startsWith(lent.toString()) && lent.length() >= 2, () -> "lent " + lent);
    assertEquals("cdef", receive(4));
  }

  @Case
  void consumeWhoseCallbackThrowsConsumesNothing() throws IOException {
    send("abc");
    arrived(3);
    IOException refused = new IOException("not these");
    assertSame(
        refused,
        assertThrows(
            IOException.class,
            () ->
                source()
                    .consume(
                        3,
                        run -> {
                          run.position(run.limit());
                          throw refused;
                        },
                        FOREVER)));
    assertThrows(
        IllegalStateException.class,
        () ->
            source()
                .consume(
                    3,
                    run -> {
                      throw new IllegalStateException("a defect of the callback's");
                    },
                    FOREVER));
    assertEquals("abc", receive(3));
  }

  @Case
  void closeWaitsForAConsumerInProgress() throws Exception {
    send("abc");
    arrived(3);
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    AtomicInteger seen = new AtomicInteger();
    Task<Integer> consumer =
        async(
            () ->
                source()
                    .consume(
                        1,
                        run -> {
                          entered.countDown();
                          try {
                            assertTrue(leave.await(LONG.toSeconds(), TimeUnit.SECONDS));
                          } catch (InterruptedException e) {
                            throw new IOException(e);
                          }
                          seen.set(run.get());
                        },
                        FOREVER));
    assertTrue(entered.await(LONG.toSeconds(), TimeUnit.SECONDS));
    Task<Void> closer = asyncRun(() -> source().close()).waiting();
    leave.countDown();
    closer.get();
    assertEquals('a', seen.get(), "the lent memory was good until the callback returned");
    assertEquals(1, consumer.get());
  }

  @Case
  void consumerMayUseTheSink() throws IOException {
    // No lock is held during the callback.
    send("abc");
    arrived(3);
    source()
        .consume(
            3,
            run -> {
              long promised = Math.min(sink().room(), run.remaining());
              assertTrue(sink().write(run, NONE) >= promised);
            },
            FOREVER);
    assertTrue(source().isOpen());
  }

  @Case
  void availableNeverExceedsWhatWasWritten() throws IOException {
    assertEquals(0, source().available());
    send("abc");
    arrived(3);
    assertEquals(3, source().available());
    assertEquals("a", receive(1));
    assertEquals(2, source().available());
    assertEquals("bc", receive(2));
    assertEquals(0, source().available());
  }

  @Case
  void endedOnlyOnceEverythingWasRead() throws IOException {
    assertFalse(source().ended());
    assertFalse(sink().ended());
    send("a");
    sink().end();
    arrived(1);
    assertFalse(source().ended());
    assertTrue(sink().ended());
    assertEquals("a", receive(1));
    assertEnd();
    assertTrue(source().ended());
  }

  @Case
  void transferMovesUpToItsLimit() throws Exception {
    try (Subject other = kind().open()) {
      send("abcdef");
      arrived(6);
      assertEquals(4, source().transferTo(other.sink(), 4, FOREVER));
      assertEquals(0, source().transferTo(other.sink(), 0, FOREVER));
      ByteBuffer moved = room(4);
      other.source().readFully(moved, Wait.upTo(LONG));
      assertEquals("abcd", text(moved.flip()));
      assertEquals("ef", receive(2));
    }
  }

  @Case(needs = Trait.BOUNDED)
  void transferKeepsWhatTheSinkDidNotAccept() throws Exception {
    try (Subject other = kind().open()) {
      fill(other.sink());
      send("abc");
      arrived(3);
      assertEquals(0, source().transferTo(other.sink(), 3, NONE));
      StreamTimeoutException late =
          assertThrows(
              StreamTimeoutException.class,
              () -> source().transferTo(other.sink(), 3, Wait.upTo(SHORT)));
      assertEquals(0, late.count());
      assertEquals("abc", receive(3));
    }
  }

  @Case
  void transferToABrokenSinkKeepsTheBytes() throws Exception {
    try (Subject other = kind().open()) {
      other.sink().end();
      send("abc");
      arrived(3);
      assertThrows(BrokenPipeException.class, () -> source().transferTo(other.sink(), 3, FOREVER));
      assertEquals("abc", receive(3));
    }
  }

  @Case
  void transferCarriesMuchAndStopsAtTheEnd() throws Exception {
    int size = 1_000_000;
    try (Subject other = kind().open()) {
      Task<Void> writer =
          asyncRun(
              () -> {
                sink().writeFully(bytes(size), Wait.upTo(LONG));
                sink().end();
              });
      Task<Long> mover =
          async(() -> source().transferTo(other.sink(), Long.MAX_VALUE, Wait.upTo(LONG)));
      ByteBuffer all = room(size);
      other.source().readFully(all, Wait.upTo(LONG));
      assertEquals(bytes(size), all.flip());
      assertEquals(size, mover.get());
      writer.get();
    }
  }

  @Case
  void everyByteValueTravelsUnchanged() throws IOException {
    byte[] all = new byte[256];
    for (int i = 0; i < 256; i++) {
      all[i] = (byte) i;
    }
    sink().writeFully(ByteBuffer.wrap(all), Wait.upTo(LONG));
    ByteBuffer back = room(256);
    source().readFully(back, Wait.upTo(LONG));
    assertEquals(ByteBuffer.wrap(all), back.flip());
  }
}
