// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import io.penstock.stream.Latch;
import io.penstock.stream.Signal;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.InterruptedByTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.Logger;

/** Signals as levels, the reader's latch, what every fault says, and the stream views. */
abstract class ReadinessCases extends LongReadCases {
  @Case
  void readableFollowsTheData() throws IOException {
    Signal readable = source().readable();
    assertSame(readable, source().readable());
    assertFalse(readable.isSet());
    send("ab");
    readable.await(Wait.upTo(LONG));
    assertTrue(readable.isSet());
    assertEquals("a", receive(1));
    source().awaitReadable(Wait.upTo(LONG));
    assertTrue(readable.isSet(), "there is more");
    assertEquals("b", receive(1));
    assertEquals(0, source().read(room(1), NONE));
    assertFalse(readable.isSet());
  }

  @Case
  void readableIsSetAtTheEndAndStaysSo() throws IOException {
    sink().end();
    source().readable().await(Wait.upTo(LONG));
    assertEnd();
    assertTrue(source().readable().isSet());
    source().readable().await(NONE);
  }

  @Case(needs = Trait.ABORT_SEEN)
  void readableIsSetOnAFailure() throws IOException {
    subject().abort(new IOException("cut on purpose"));
    source().readable().await(Wait.upTo(LONG));
    assertTrue(source().readable().isSet());
  }

  @Case
  void readableIsSetByALocalClose() throws IOException {
    source().close();
    assertTrue(source().readable().isSet());
  }

  @Case
  void writableIsSetWhileThereIsRoom() throws IOException {
    assertSame(sink().writable(), sink().writable());
    sink().writable().await(Wait.upTo(LONG));
    assertTrue(sink().writable().isSet());
  }

  @Case(needs = Trait.BOUNDED)
  void writableIsClearWhenFullAndSetByRoom() throws Exception {
    long filled = fill();
    assertFalse(sink().writable().isSet());
    Task<Void> waiter = asyncRun(() -> sink().writable().await(FOREVER)).waiting();
    receivePattern(0, filled);
    waiter.get();
    assertTrue(sink().writable().isSet());
  }

  @Case(needs = Trait.BOUNDED)
  void writableIsSetWhenAWriteWouldFail() throws IOException {
    fill();
    assertFalse(sink().writable().isSet());
    sink().end();
    assertTrue(sink().writable().isSet());
    assertEquals(0, sink().room());
  }

  @Case(needs = {Trait.BOUNDED, Trait.CLOSE_BREAKS_WRITER})
  void writableIsSetWhenTheReaderHasGone() throws Exception {
    fill();
    source().close();
    sink().writable().await(Wait.upTo(LONG));
    assertSoon(() -> broken("x"));
    assertTrue(sink().writable().isSet());
  }

  @Case
  void closingIsASignalOfItsOwn() throws Exception {
    assertFalse(source().closing().isSet());
    assertFalse(sink().closing().isSet());
    sink().end();
    assertFalse(sink().closing().isSet(), "an end is no close");
    Task<Void> waiter = asyncRun(() -> source().closing().await(FOREVER)).waiting();
    source().close();
    waiter.get();
    assertTrue(source().closing().isSet());
    sink().close();
    assertTrue(sink().closing().isSet());
  }

  @SuppressWarnings("try")
  @Case
  void watcherIsCalledOncePerChange() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    Semaphore calls = new Semaphore(0);
    try (Watch watch = source().readable().onSet(executor, calls::release)) {
      for (int change = 0; change < 3; change++) {
        send("ab");
        assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
        assertEquals("ab", receive(2));
        assertEquals(0, source().read(room(1), NONE));
        executor.submit(() -> {}).get();
        assertEquals(0, calls.availablePermits());
      }
    } finally {
      executor.shutdownNow();
    }
  }

  @SuppressWarnings("try")
  @Case(needs = Trait.COUNTED)
  void moreDataIsNoChangeForAWatcher() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    Semaphore calls = new Semaphore(0);
    try (Watch watch = source().readable().onSet(executor, calls::release)) {
      send("a");
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
      send("b");
      counted(2);
      assertEquals("a", receive(1));
      send("c");
      counted(2);
      executor.submit(() -> {}).get();
      assertEquals(0, calls.availablePermits());
      assertEquals("bc", receive(2));
      assertEquals(0, source().read(room(1), NONE));
      send("d");
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
    } finally {
      executor.shutdownNow();
    }
  }

  @SuppressWarnings("try")
  @Case(needs = Trait.COUNTED)
  void aReadThatLeavesSomethingIsNoChangeForAWatcher() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    Semaphore calls = new Semaphore(0);
    send("a");
    try (Watch watch = source().readable().onSet(executor, calls::release)) {
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
      // Each read is made just when what tells of the next byte may still be under way.
      for (int i = 0; i < 100; i++) {
        send("b");
        counted(2);
        receive(1);
      }
      executor.submit(() -> {}).get();
      assertEquals(0, calls.availablePermits());
    } finally {
      executor.shutdownNow();
    }
  }

  @SuppressWarnings("try")
  @Case
  void watcherThatIsAttachedLateSeesThePresentState() throws Exception {
    send("a");
    arrived(1);
    Semaphore calls = new Semaphore(0);
    try (Watch watch = source().readable().onSet(Runnable::run, calls::release)) {
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
    }
    source().close();
    try (Watch watch = source().closing().onSet(Runnable::run, calls::release)) {
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
    }
  }

  @SuppressWarnings("try")
  @Case
  void watcherRunsOnItsExecutorAndNeverInThePeersCall() throws Exception {
    AtomicReference<Thread> ran = new AtomicReference<>();
    Semaphore called = new Semaphore(0);
    // An executor that runs what it gets at once shows which thread the product calls from.
    try (Watch watch =
        source()
            .readable()
            .onSet(
                task -> {
                  ran.set(Thread.currentThread());
                  task.run();
                },
                called::release)) {
      send("a");
      assertTrue(called.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
      assertNotSame(Thread.currentThread(), ran.get());
    }
  }

  @SuppressWarnings("try")
  @Case
  void watcherMayUseBothEnds() throws Exception {
    // No lock is held: the callback reads and writes from another thread's point of view.
    Queue<String> got = new ConcurrentLinkedQueue<>();
    Semaphore called = new Semaphore(0);
    try (Watch watch =
        source()
            .readable()
            .onSet(
                Runnable::run,
                () -> {
                  try {
                    ByteBuffer dst = room(10);
                    source().read(dst, NONE);
                    got.add(text(dst.flip()));
                  } catch (IOException e) {
                    got.add(e.toString());
                  }
                  called.release();
                })) {
      send("a");
      assertTrue(called.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
      assertEquals("a", got.poll());
    }
  }

  @SuppressWarnings("try")
  @Case
  void whatAWatcherThrowsIsLoggedAndTheWatchGoesOn() throws Exception {
    Queue<String> warnings = new ConcurrentLinkedQueue<>();
    Handler handler = new Collector(warnings);
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    Semaphore calls = new Semaphore(0);
    try (Watch watch =
        source()
            .readable()
            .onSet(
                Runnable::run,
                () -> {
                  calls.release();
                  throw new IllegalStateException("thrown on purpose");
                })) {
      send("a");
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
      assertSoon(() -> warnings.stream().anyMatch(text -> text.contains("on purpose")));
      assertEquals("a", receive(1));
      assertEquals(0, source().read(room(1), NONE));
      send("b");
      assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
    } finally {
      root.removeHandler(handler);
    }
  }

  @SuppressWarnings("try")
  @Case
  void closedWatchIsQuiet() throws Exception {
    Semaphore calls = new Semaphore(0);
    Watch watch = source().readable().onSet(Runnable::run, calls::release);
    watch.close();
    watch.close();
    Semaphore other = new Semaphore(0);
    try (Watch second = source().readable().onSet(Runnable::run, other::release)) {
      send("a");
      assertTrue(other.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
    }
    assertEquals(0, calls.availablePermits());
  }

  @SuppressWarnings("try")
  @Case
  void signalsCanBeJoined() throws Exception {
    try (Subject other = kind().open()) {
      Signal either = source().readable().or(other.source().readable());
      assertFalse(either.isSet());
      assertThrows(StreamTimeoutException.class, () -> either.await(Wait.upTo(SHORT)));
      Task<Void> waiter = asyncRun(() -> either.await(FOREVER)).waiting();
      other.sink().write(bytes("a"));
      waiter.get();
      assertTrue(either.isSet());
      ByteBuffer dst = room(1);
      other.source().readFully(dst, Wait.upTo(LONG));
      assertEquals(0, other.source().read(room(1), NONE));
      assertFalse(either.isSet());
      Semaphore calls = new Semaphore(0);
      try (Watch watch = either.onSet(Runnable::run, calls::release)) {
        send("b");
        assertTrue(calls.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS));
      }
    }
  }

  @Case
  void signalAwaitEndsOnInterrupt() throws Exception {
    Task<Void> waiter = asyncRun(() -> source().readable().await(FOREVER)).waiting();
    waiter.thread().interrupt();
    assertTrue(waiter.failure() instanceof java.io.InterruptedIOException);
  }

  @Case(needs = Trait.READS_SEEN)
  void readerLatchIsSetByEveryRead() throws Exception {
    Latch reader = sink().reader();
    assertSame(reader, sink().reader());
    assertFalse(reader.isSet());
    Task<Void> waiter = asyncRun(() -> reader.await(FOREVER)).waiting();
    assertEquals(0, source().read(room(1), NONE), "a read that finds nothing counts, too");
    waiter.get();
    assertTrue(reader.isSet());
    reader.clear();
    assertFalse(reader.isSet());
    send("a");
    assertFalse(reader.isSet());
    assertEquals("a", receive(1));
    assertTrue(reader.isSet());
  }

  @Case(needs = {Trait.READS_SEEN, Trait.BOUNDED})
  void readerLatchIsClearedByRoomBeingZero() throws IOException {
    assertEquals(0, source().read(room(1), NONE));
    assertTrue(sink().reader().isSet());
    sink().room();
    assertTrue(sink().reader().isSet());
    long filled = fill();
    assertEquals(0, sink().room());
    assertFalse(sink().reader().isSet());
    receivePattern(0, filled);
    assertTrue(sink().reader().isSet());
  }

  @Case(needs = {Trait.READS_SEEN, Trait.CLOSE_BREAKS_WRITER})
  void readerLatchIsSetForGoodByTheClose() throws IOException {
    source().close();
    assertTrue(sink().reader().isSet());
    sink().reader().clear();
    assertTrue(sink().reader().isSet());
  }

  @Case
  void readerLatchIsClearedByHand() throws IOException {
    send("a");
    assertEquals("a", receive(1));
    sink().reader().await(Wait.upTo(LONG));
    sink().reader().clear();
    assertFalse(sink().reader().isSet());
  }

  @Case
  void everyFaultCarriesTheNameOfItsStream() throws IOException {
    assertFalse(source().name().isEmpty());
    assertFalse(sink().name().isEmpty());
    assertFault(source().name(), () -> source().readFully(room(1), NONE));
    assertFault(source().name(), () -> source().read(room(1), AT_ONCE));
    sink().end();
    assertFault(sink().name(), () -> sink().write(bytes("x")));
    assertEnd();
    assertFault(source().name(), () -> source().readFully(room(1), NONE));
    source().close();
    assertFault(source().name(), () -> source().read(room(1)));
    sink().close();
    assertFault(sink().name(), () -> sink().write(bytes("x")));
  }

  private static void assertFault(
      String stream, org.junit.jupiter.api.function.Executable executable) {
    IOException thrown = assertThrows(IOException.class, executable);
    assertTrue(thrown instanceof StreamFault, () -> thrown + " is no fault of ours");
    assertEquals(stream, ((StreamFault) thrown).stream());
    assertNotNull(thrown.getMessage());
    assertTrue(thrown.getMessage().contains(stream), thrown::getMessage);
  }

  @Case
  void timeoutCountsWhatTheCallHadMoved() throws Exception {
    try (Subject other = kind().open()) {
      send("abc");
      arrived(3);
      StreamTimeoutException late =
          assertThrows(
              StreamTimeoutException.class,
              () -> source().transferTo(other.sink(), 9, Wait.upTo(SHORT)));
      assertEquals(3, late.count());
    }
  }

  @Case
  void eachThrowMakesANewException() throws IOException {
    assertNotSame(
        assertThrows(StreamTimeoutException.class, () -> source().read(room(1), AT_ONCE)),
        assertThrows(StreamTimeoutException.class, () -> source().read(room(1), AT_ONCE)));
    assertNotSame(
        assertThrows(WouldBlockException.class, () -> source().awaitReadable(NONE)),
        assertThrows(WouldBlockException.class, () -> source().awaitReadable(NONE)));
    sink().end();
    assertNotSame(
        assertThrows(BrokenPipeException.class, () -> sink().write(bytes("x"))),
        assertThrows(BrokenPipeException.class, () -> sink().write(bytes("x"))));
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES})
  void failureOfThePeerIsThrownAnewEachTime() throws IOException {
    subject().abort(new IOException("cut on purpose"));
    assertNotSame(
        assertThrows(IOException.class, () -> source().read(room(1), Wait.upTo(LONG))),
        assertThrows(IOException.class, () -> source().read(room(1), Wait.upTo(LONG))));
  }

  @Case
  void blockedAndTimedOutAreToldApart() {
    IOException blocked =
        assertThrows(WouldBlockException.class, () -> source().awaitReadable(NONE));
    IOException late =
        assertThrows(StreamTimeoutException.class, () -> source().awaitReadable(AT_ONCE));
    assertTrue(StreamFault.isBlocked(blocked));
    assertFalse(StreamFault.isTimedOut(blocked));
    assertTrue(StreamFault.isTimedOut(late));
    assertFalse(StreamFault.isBlocked(late));
    assertTrue(StreamFault.isTimedOut(new SocketTimeoutException()));
    assertTrue(StreamFault.isTimedOut(new InterruptedByTimeoutException()));
    assertFalse(StreamFault.isTimedOut(new java.io.InterruptedIOException()));
    assertFalse(StreamFault.isTimedOut(null));
    assertFalse(StreamFault.isBlocked(null));
  }

  @Case
  void inputStreamReadsToTheEnd() throws IOException {
    send("hello world");
    sink().end();
    InputStream in = source().inputStream();
    assertEquals(0, in.read(new byte[0]));
    assertEquals('h', in.read());
    byte[] four = new byte[6];
    assertEquals(4, in.readNBytes(four, 1, 4));
    assertEquals("ello", new String(four, 1, 4, StandardCharsets.UTF_8));
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    assertEquals(6, in.transferTo(rest));
    assertEquals(" world", rest.toString(StandardCharsets.UTF_8));
    assertEquals(-1, in.read());
    assertEquals(-1, in.read(new byte[3]));
  }

  @Case
  void inputStreamKnowsWhatIsAvailableAndHighBytes() throws IOException {
    sink().write(ByteBuffer.wrap(new byte[] {(byte) 0xff, 1, 2}));
    arrived(3);
    InputStream in = source().inputStream();
    assertEquals(3, in.available());
    assertEquals(255, in.read());
    assertEquals(1, in.skip(1));
    assertEquals(2, in.read());
  }

  @Case
  void inputStreamClosesItsOwnDirectionOnly() throws IOException {
    source().inputStream().close();
    assertFalse(source().isOpen());
    assertTrue(sink().isOpen());
  }

  @Case
  void inputStreamGoesByTheSourcesLimit() {
    source().readWait(AT_ONCE);
    assertThrows(StreamTimeoutException.class, () -> source().inputStream().read());
  }

  @Case
  void outputStreamWritesAndCloseIsACleanEnd() throws IOException {
    OutputStream out = sink().outputStream();
    out.write('h');
    out.write("..ello..".getBytes(StandardCharsets.UTF_8), 2, 4);
    out.flush();
    out.close();
    out.close();
    assertFalse(sink().isOpen());
    assertTrue(source().isOpen());
    assertEquals("hello", receiveAll());
  }

  @Case
  void outputStreamWritesMoreThanTheBuffer() throws Exception {
    byte[] much = new byte[400_000];
    java.util.Arrays.fill(much, (byte) 7);
    Task<Void> writer =
        asyncRun(
            () -> {
              try (OutputStream out = sink().outputStream()) {
                out.write(much);
              }
            });
    assertEquals(ByteBuffer.wrap(much), source().readAll(much.length, Wait.upTo(LONG)));
    writer.get();
  }

  @Case
  void viewsHaveNoThreadIdentity() throws Exception {
    InputStream in = source().inputStream();
    OutputStream out = sink().outputStream();
    for (int i = 0; i < 3; i++) {
      int value = i;
      // The writer of each round is dead before the reader looks.
      asyncRun(() -> out.write(value)).get();
      assertEquals(value, async(in::read).get());
    }
  }

  @Case
  void namesAndTextsNeverFail() throws IOException {
    String in = source().name();
    String out = sink().name();
    for (int i = 0; i < 2; i++) {
      assertEquals(in, source().name());
      assertEquals(out, sink().name());
      assertTrue(source().toString().contains(in), source()::toString);
      assertTrue(sink().toString().contains(out), sink()::toString);
      source().close();
      sink().close();
    }
  }
}
