// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** End, close and abort, and their effect on each waiting call. */
abstract class LifeCases extends TurnCases {
  @Case
  void endDeliversWhatWasAcceptedAndThenTheEnd() throws IOException {
    send("abc");
    sink().end();
    assertTrue(sink().ended());
    assertTrue(sink().isOpen(), "an ended sink is not closed");
    assertEquals("abc", receiveAll());
    assertEnd();
    assertTrue(source().ended());
    assertTrue(source().isOpen());
  }

  @Case
  void endTwiceIsQuiet() throws IOException {
    sink().end();
    sink().end();
    sink().endAsync().toCompletableFuture().join();
    assertEnd();
  }

  @Case
  void endWakesAWaitingReader() throws Exception {
    Task<Integer> reader = async(() -> source().read(room(1))).waiting();
    sink().end();
    assertEquals(-1, reader.get());
  }

  @Case(needs = {Trait.MANY_CALLERS, Trait.BOUNDED})
  void endBreaksWritersThatWait() throws Exception {
    fill();
    Task<Integer> first = async(() -> sink().write(bytes("x"))).waiting();
    Task<Integer> second = async(() -> sink().write(bytes("y"))).waiting();
    sink().end();
    assertInstanceOf(BrokenPipeException.class, first.failure());
    assertInstanceOf(BrokenPipeException.class, second.failure());
  }

  @Case
  void endAsyncCompletesAfterWhatWasQueued() throws Exception {
    CompletableFuture<Void> part = sink().writeAsync(bytes("abc")).toCompletableFuture();
    CompletableFuture<Void> end = sink().endAsync().toCompletableFuture();
    assertEquals("abc", receiveAll());
    end.get(LONG.toSeconds(), TimeUnit.SECONDS);
    assertTrue(part.isDone());
  }

  @Case(needs = Trait.BOUNDED)
  void endGoesBehindWhatIsQueued() throws Exception {
    long filled = fill();
    CompletableFuture<Void> part = sink().writeAsync(bytes("queued")).toCompletableFuture();
    sink().end();
    receivePattern(0, filled);
    assertEquals("queued", receiveAll());
    part.get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  @Case
  void sinkCloseReadsAsACleanEnd() throws IOException {
    send("abc");
    sink().close();
    assertFalse(sink().isOpen());
    assertTrue(sink().ended());
    assertEquals("abc", receiveAll());
    assertEnd();
  }

  @Case
  void closingTwiceIsQuiet() throws IOException {
    sink().close();
    sink().close();
    sink().end();
    source().close();
    source().close();
    assertFalse(source().isOpen());
    assertFalse(sink().isOpen());
  }

  @Case
  void closedTypesAreThoseOfTheJdk() throws Exception {
    Task<Integer> reader = async(() -> source().read(room(1))).waiting();
    source().close();
    assertInstanceOf(AsynchronousCloseException.class, reader.failure());
    assertThrows(ClosedChannelException.class, () -> source().read(room(1)));
  }

  @Case(needs = Trait.MANY_CALLERS)
  void sourceCloseWakesEveryReader() throws Exception {
    List<Task<?>> readers = new ArrayList<>();
    readers.add(async(() -> source().read(room(1))).waiting());
    readers.add(async(() -> source().take(1, FOREVER)).waiting());
    readers.add(asyncRun(() -> source().awaitReadable(FOREVER)).waiting());
    readers.add(asyncRun(() -> source().readFully(room(1), Wait.upTo(LONG))).waiting());
    source().close();
    for (Task<?> reader : readers) {
      assertInstanceOf(StreamClosedWhileWaitingException.class, reader.failure());
    }
  }

  @Case(needs = {Trait.MANY_CALLERS, Trait.BOUNDED})
  void sinkCloseWakesEveryWriter() throws Exception {
    fill();
    List<Task<?>> writers = new ArrayList<>();
    writers.add(async(() -> sink().write(bytes("x"))).waiting());
    writers.add(asyncRun(() -> sink().writeFully(bytes("x"), FOREVER)).waiting());
    writers.add(async(() -> sink().give(bytes("x"), Wait.upTo(LONG))).waiting());
    writers.add(asyncRun(() -> sink().awaitWritable(FOREVER)).waiting());
    Task<Void> closer = asyncRun(() -> sink().close());
    for (Task<?> writer : writers) {
      assertInstanceOf(StreamClosedWhileWaitingException.class, writer.failure());
    }
    subject().close();
    closer.get();
  }

  @Case(needs = Trait.FLUSH_SEES_READER)
  void sinkCloseWakesAWaitingFlush() throws Exception {
    send("abc");
    Task<Void> flush = asyncRun(() -> sink().flush(FOREVER)).waiting();
    Task<Void> empty = asyncRun(() -> sink().awaitEmpty(FOREVER)).waiting();
    sink().close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, flush.failure());
    assertInstanceOf(StreamClosedWhileWaitingException.class, empty.failure());
    assertEquals("abc", receiveAll());
  }

  @Case
  void sourceCloseWakesWhoAwaitsASignal() throws Exception {
    Task<Void> waiter = asyncRun(() -> source().readable().await(FOREVER)).waiting();
    source().close();
    waiter.get();
  }

  @Case(needs = Trait.CLOSE_BREAKS_WRITER)
  void sourceCloseBreaksLaterWrites() throws Exception {
    source().close();
    assertSoon(() -> broken("x"));
    assertThrows(BrokenPipeException.class, () -> sink().write(bytes("x")));
    assertThrows(BrokenPipeException.class, () -> sink().writeFully(bytes("x"), NONE));
    assertThrows(BrokenPipeException.class, () -> sink().give(bytes("x"), NONE));
    assertThrows(BrokenPipeException.class, () -> sink().awaitWritable(FOREVER));
  }

  @Case(needs = {Trait.MANY_CALLERS, Trait.CLOSE_BREAKS_WRITER, Trait.BOUNDED})
  void sourceCloseBreaksWritersThatWait() throws Exception {
    fill();
    Task<Integer> first = async(() -> sink().write(bytes("x"))).waiting();
    Task<Void> second = asyncRun(() -> sink().writeFully(bytes("y"), FOREVER)).waiting();
    source().close();
    assertInstanceOf(BrokenPipeException.class, first.failure());
    assertInstanceOf(BrokenPipeException.class, second.failure());
  }

  @Case(needs = {Trait.CLOSE_BREAKS_WRITER, Trait.FLUSH_SEES_READER})
  void waitingFlushReportsWhatWasDropped() throws Exception {
    send("abcde");
    assertEquals("ab", receive(2));
    Task<Void> flush = asyncRun(() -> sink().flush(FOREVER)).waiting();
    source().close();
    BrokenPipeException dropped = assertInstanceOf(BrokenPipeException.class, flush.failure());
    assertEquals(3, dropped.count());
    dropped = assertThrows(BrokenPipeException.class, () -> sink().flush(FOREVER));
    assertEquals(3, dropped.count());
  }

  @Case(needs = {Trait.CLOSE_BREAKS_WRITER, Trait.FLUSH_SEES_READER})
  void flushWithNothingDroppedReturns() throws Exception {
    send("abc");
    assertEquals("abc", receive(3));
    source().close();
    sink().flush(FOREVER);
  }

  @Case(needs = {Trait.CLOSE_BREAKS_WRITER, Trait.FLUSH_SEES_READER})
  void awaitEmptyReturnsAlsoWhenTheRestWasDropped() throws Exception {
    send("abc");
    Task<Void> waiter = asyncRun(() -> sink().awaitEmpty(FOREVER)).waiting();
    source().close();
    waiter.get();
  }

  @Case(needs = Trait.FLUSH_SEES_READER)
  void flushWaitsForTheReaderAlsoAfterTheEnd() throws Exception {
    send("abc");
    sink().end();
    Task<Void> flush = asyncRun(() -> sink().flush(FOREVER)).waiting();
    assertEquals("ab", receive(2));
    assertFalse(flush.done());
    assertEquals("c", receive(1));
    flush.get();
  }

  @Case
  void flushReturnsWhenEverythingHasLeft() throws IOException {
    sink().flush(Wait.upTo(LONG));
    send("abc");
    assertEquals("abc", receive(3));
    sink().flush(Wait.upTo(LONG));
    sink().awaitEmpty(Wait.upTo(LONG));
  }

  @Case(needs = Trait.CLOSE_DRAINS)
  void sourceCloseLeavesTheWriterFree() throws IOException {
    source().close();
    ByteBuffer piece = bytes(64 * 1024);
    for (int i = 0; i < 64; i++) {
      sink().writeFully(piece.clear(), Wait.upTo(LONG));
    }
    sink().flush(Wait.upTo(LONG));
  }

  @Case(needs = {Trait.CLOSE_DRAINS, Trait.BOUNDED})
  void sourceCloseReleasesAWaitingWriter() throws Exception {
    fill();
    Task<Void> writer =
        asyncRun(() -> sink().writeFully(bytes(64 * 1024), Wait.upTo(LONG))).waiting();
    source().close();
    writer.get();
  }

  @Case(needs = Trait.CLOSE_DROPS)
  void sourceCloseWarnsOnceOfWhatItDrops() throws Exception {
    Queue<String> warnings = new ConcurrentLinkedQueue<>();
    Handler handler = new Collector(warnings);
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    String name = source().name();
    try {
      send("abcde");
      arrived(5);
      assertEquals("ab", receive(2));
      source().close();
      source().close();
    } finally {
      root.removeHandler(handler);
    }
    List<String> ours = warnings.stream().filter(text -> text.contains(name)).toList();
    assertEquals(1, ours.size(), () -> "warnings: " + warnings);
    assertTrue(ours.get(0).contains("3"), () -> "no count in: " + ours);
  }

  @Case
  void sourceCloseWithNothingToDropIsSilent() throws Exception {
    Queue<String> warnings = new ConcurrentLinkedQueue<>();
    Handler handler = new Collector(warnings);
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    String name = source().name();
    try {
      send("abc");
      assertEquals("abc", receive(3));
      source().close();
    } finally {
      root.removeHandler(handler);
    }
    assertTrue(
        warnings.stream().noneMatch(text -> text.contains(name)), () -> "warnings: " + warnings);
  }

  /** Collects warnings as texts. */
  static final class Collector extends Handler {
    private final Queue<String> texts;

    Collector(Queue<String> texts) {
      this.texts = texts;
    }

    @Override
    public void publish(LogRecord record) {
      if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
        String text = record.getMessage();
        if (record.getParameters() != null) {
          text = java.text.MessageFormat.format(text, record.getParameters());
        }
        texts.add(text + (record.getThrown() == null ? "" : " " + record.getThrown()));
      }
    }

    @Override
    public void flush() {
      // Nothing is buffered.
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  @Case(needs = Trait.ABORT_SEEN)
  void abortWakesAWaitingReaderWithAFailure() throws Exception {
    Task<Integer> reader = async(() -> source().read(room(1))).waiting();
    subject().abort(new IOException("cut on purpose"));
    assertInstanceOf(IOException.class, reader.failure());
  }

  @Case(needs = Trait.BOUNDED)
  void abortWakesAWaitingWriter() throws Exception {
    fill();
    Task<Void> writer = asyncRun(() -> sink().writeFully(bytes("x"), FOREVER)).waiting();
    IOException cause = new IOException("cut on purpose");
    subject().abort(cause);
    assertCause(cause, writer.failure());
  }

  @Case
  void abortTwiceKeepsTheFirstCause() {
    IOException first = new IOException("first");
    subject().abort(first);
    subject().abort(new IOException("second"));
    assertCause(first, assertThrows(IOException.class, () -> sink().write(bytes("x"), NONE)));
  }

  @Case
  void closeAfterAbortIsQuiet() throws IOException {
    subject().abort(new IOException("cut on purpose"));
    sink().close();
    source().close();
  }

  @Case(needs = Trait.BOUNDED)
  void closeCancelsPartsNotYetBegunOnceAndInOrder() throws Exception {
    fill();
    List<CompletableFuture<Void>> parts = new ArrayList<>();
    Queue<Integer> cancelled = new ConcurrentLinkedQueue<>();
    CountDownLatch told = new CountDownLatch(5);
    for (int i = 0; i < 5; i++) {
      int number = i;
      CompletableFuture<Void> part = sink().writeAsync(bytes("part")).toCompletableFuture();
      parts.add(
          part.whenComplete(
              (done, failure) -> {
                // A stage that depends on another one wraps its failure.
                if (failure instanceof CancellationException
                    || (failure instanceof CompletionException wrapped
                        && wrapped.getCause() instanceof CancellationException)) {
                  cancelled.add(number);
                }
                told.countDown();
              }));
    }
    sink().close();
    assertTrue(told.await(LONG.toSeconds(), TimeUnit.SECONDS));
    assertEquals(List.of(0, 1, 2, 3, 4), List.copyOf(cancelled));
    for (CompletableFuture<Void> part : parts) {
      Throwable failure = assertThrows(ExecutionException.class, part::get).getCause();
      assertInstanceOf(CancellationException.class, failure);
    }
    assertThrows(StreamClosedException.class, () -> sink().write(bytes("x")));
  }

  @Case
  void everythingIsStillThereAfterBothSidesAreDone() throws Exception {
    // The writer is gone long before the reader begins.
    ByteBuffer whole = bytes(700);
    sink().writeFully(whole, Wait.upTo(LONG));
    sink().close();
    receivePattern(0, 700);
    assertEnd();
  }
}
