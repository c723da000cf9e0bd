// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.StorageException;
import io.penstock.spi.PipeContext;
import io.penstock.spi.content.Outgoing.Batch;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes between the turns of the disk, in an order that a running one seldom takes. */
class StateTest {
  private static final PipeContext CONTEXT =
      new PipeContext() {
        @Override
        public String name() {
          return "pipe";
        }

        @Override
        public Executor executor() {
          throw new AssertionError("there are no turns but those of the test");
        }

        @Override
        public Future<?> after(Duration delay, Runnable task) {
          throw new AssertionError("there are no turns but those of the test");
        }
      };

  @TempDir Path folder;

  private Store store;
  private Spool spool;
  private State state;

  @BeforeEach
  void open() throws Exception {
    store = Store.open(folder.resolve("pipe"), "file:pipe");
    spool = new Spool(settings(Direction.OUTPUT), CONTEXT, over -> {});
    state = spool.state;
    state.loaded(store);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private Settings settings(Direction direction) throws Exception {
    return Settings.of(
        Endpoint.parse("file:" + folder.resolve("pipe")),
        ChannelOptions.defaults().withDirection(direction).with("takeover", "true"));
  }

  private FileContent come(Direction direction) throws Exception {
    FileContent content = new FileContent(spool, settings(direction), CONTEXT);
    Admission admission = state.admit(content);
    assertNull(admission.refused());
    admission.fenced().forEach(each -> each.tellGone(each.failure));
    return content;
  }

  /** Saves what there is to save, as if the disk had answered. */
  private void save(Turn turn) {
    Batch batch = turn.batch();
    assertNotNull(batch, "there is nothing to save");
    state.saved(turn, batch, 0L).flushes().forEach(each -> each.complete(null));
  }

  private FileContent readerOf(int bytes) throws Exception {
    FileContent reader = come(Direction.INPUT);
    FileContent writer = come(Direction.OUTPUT);
    assertEquals(bytes, state.append(writer, ByteBuffer.allocate(bytes)));
    save(state.plan());
    boolean here = state.leave(writer);
    assertTrue(here);
    assertEquals(bytes, state.acknowledged());
    return reader;
  }

  private void read(FileContent reader, int count) throws Exception {
    assertEquals(count, state.read(reader, 0, ByteBuffer.allocate(count)));
    state.commit(reader, count, false);
  }

  @Test
  void theLastOneToLeaveHasItsCommitSaved() throws Exception {
    FileContent reader = readerOf(100);
    read(reader, 10);
    assertNull(state.plan(), "ten bytes wait for more");
    boolean here = state.leave(reader);
    assertTrue(here);
    assertFalse(state.isOver());
    Turn last = state.plan();
    assertEquals(10, last.committed());
    assertTrue(last.waits());
    save(last);
    assertTrue(state.isOver());
  }

  @Test
  void aFlushIsNotSettledByATurnThatDidNotWaitForTheDisk() throws Exception {
    FileContent reader = readerOf(100);
    read(reader, 100);
    Turn turn = state.plan();
    assertEquals(100, turn.committed());
    assertFalse(turn.waits());
    CompletableFuture<Void> flushed = state.flush(reader).toCompletableFuture();
    save(turn);
    assertFalse(flushed.isDone());
    Turn next = state.plan();
    assertTrue(next.waits());
    save(next);
    assertTrue(flushed.isDone());
    assertNull(state.plan());
  }

  /** The end is committed by the reader itself, which waits for nothing. */
  @Test
  void aFlushAfterSuchATurnWaitsForTheDisk() throws Exception {
    FileContent reader = readerOf(100);
    read(reader, 100);
    save(state.plan());
    CompletableFuture<Void> flushed = state.flush(reader).toCompletableFuture();
    assertFalse(flushed.isDone());
    Turn next = state.plan();
    assertTrue(next.waits());
    save(next);
    assertTrue(flushed.isDone());
    assertTrue(state.flush(reader).toCompletableFuture().isDone());
    assertNull(state.plan());
  }

  @Test
  void aReaderThatGoesWhereRecordsWereDroppedIsToldSo() throws Exception {
    FileContent reader = readerOf(100);
    read(reader, 100);
    state.dropping(50L, 60);
    state.seek(reader, 49);
    isNotKept(reader, 49, 50);
    state.seek(reader, 50);
    // Another turn of the disk was planned before.
    state.dropping(60L, 70);
    isNotKept(reader, 50, 60);
    state.seek(reader, 60);
    state.dropping(60L, 60);
    assertEquals(0, state.read(reader, 60, ByteBuffer.allocate(1)));
  }

  /** Fails unless the reader is told so where it is. */
  private void isNotKept(FileContent reader, long at, long oldest) {
    assertTrue(state.ready(reader, at));
    StorageException gone =
        assertThrows(StorageException.class, () -> state.read(reader, at, ByteBuffer.allocate(1)));
    assertEquals(StorageException.Kind.NOT_KEPT, gone.kind());
    assertEquals(oldest, gone.count());
  }

  @Test
  void aFlushOfAFileThatIsOverWaitsForNothing() throws Exception {
    FileContent reader = readerOf(100);
    read(reader, 100);
    save(state.plan());
    boolean here = state.leave(reader);
    assertTrue(here && state.isOver());
    assertTrue(state.flush(reader).toCompletableFuture().isDone());
  }

  @Test
  void aFlushOfAWriterThatIsFencedFails() throws Exception {
    FileContent first = come(Direction.OUTPUT);
    save(state.plan());
    assertEquals(10, state.append(first, ByteBuffer.allocate(10)));
    CompletionStage<Void> waiting = state.flush(first);
    FileContent second = come(Direction.OUTPUT);
    isFenced(waiting);
    isFenced(state.flush(first));
    CompletableFuture<Void> others = state.flush(second).toCompletableFuture();
    save(state.plan());
    assertTrue(others.isDone() && !others.isCompletedExceptionally());
  }

  private static void isFenced(CompletionStage<Void> flushed) {
    CompletableFuture<Void> done = flushed.toCompletableFuture();
    assertTrue(done.isDone());
    CompletionException failed = assertThrows(CompletionException.class, done::join);
    StorageException why = assertInstanceOf(StorageException.class, failed.getCause());
    assertEquals(StorageException.Kind.FENCED, why.kind());
  }
}
