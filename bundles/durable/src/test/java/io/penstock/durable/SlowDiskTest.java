// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.error.StorageException;
import io.penstock.pipe.Pipe;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that does not answer for a while. */
@Timeout(120)
class SlowDiskTest {
  @TempDir private static Path folder;
  private static volatile CountDownLatch answers = new CountDownLatch(0);

  /** How often it was asked for something that it did not answer at once. */
  private static final Semaphore ASKED = new Semaphore(0);

  private final SlowPath disk = new SlowPath();
  private final Path file = folder.resolve("slow:disk");

  /** The store takes what is before a colon as the name of a file system, if one has it. */
  public static final class SlowPath extends FilePathWrapper {
    @Override
    public String getScheme() {
      return folder.resolve("slow").toString();
    }

    @Override
    protected FilePath unwrap(String path) {
      return FilePath.get(folder.resolve("answers-late").toString());
    }

    @Override
    public FileChannel open(String mode) throws IOException {
      return new SlowFile(super.open(mode));
    }
  }

  private static final class SlowFile extends ThroughFile {
    SlowFile(FileChannel disk) {
      super(disk);
    }

    @Override
    public int write(ByteBuffer src, long position) throws IOException {
      try {
        if (answers.getCount() > 0) {
          ASKED.release();
        }
        answers.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      return super.write(src, position);
    }
  }

  @BeforeEach
  void begin() throws IOException {
    int unused = ASKED.drainPermits();
    Files.deleteIfExists(folder.resolve("answers-late"));
    FilePath.register(disk);
  }

  @AfterEach
  void end() {
    answers.countDown();
    FilePath.unregister(disk);
  }

  @Test
  void aWriterIsToldWhenTheDiskIsLateAndWhatWasAcknowledgedIsThereAfterwards() throws Exception {
    try (Penstock penstock = Penstock.open();
        Pipe pipe = Bench.open(penstock, file, "ackTimeout=3s")) {
      pipe.sink().writeFully(Bench.bytes(0, 1000), Bench.SOON);
      pipe.sink().flush(Bench.SOON);
      answers = new CountDownLatch(1);
      pipe.sink().writeFully(Bench.bytes(1000, 1000), Bench.SOON);
      StorageException late =
          assertThrows(StorageException.class, () -> pipe.sink().flush(Bench.SOON));
      assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind());
      assertEquals(1000, late.count());
      assertTrue(late.getMessage().contains("for 3000 ms"), late.getMessage());
      late =
          assertThrows(
              StorageException.class,
              () -> pipe.sink().writeFully(Bench.bytes(2000, 1), Bench.SOON));
      assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind());
      answers.countDown();
    }
    try (Penstock penstock = Penstock.open();
        Pipe pipe = Bench.open(penstock, file, "")) {
      assertTrue(Bench.facet(pipe).acknowledged() >= 1000);
      ByteBuffer all = ByteBuffer.allocate(1000);
      pipe.source().readFully(all, Bench.SOON);
      Bench.check(all.flip(), 0);
    }
  }

  @Test
  void aReaderThatCommitsIsToldWhenTheDiskIsLateAndItsLastCommitIsKept() throws Exception {
    try (Penstock penstock = Penstock.open();
        Channel writer = Bench.end(penstock, file, "mode=write&ackTimeout=3s");
        Channel reader = Bench.end(penstock, file, "mode=read&commit=manual&ackTimeout=3s")) {
      writer.sink().writeFully(Bench.bytes(0, 3000), Bench.SOON);
      writer.sink().flush(Bench.SOON);
      read(reader.source(), 0, 1000);
      Void unused = Bench.facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      answers = new CountDownLatch(1);
      try {
        read(reader.source(), 1000, 1000);
        failsLate(Bench.facet(reader).commit());
        isLate(
            assertThrows(
                StorageException.class,
                () -> reader.source().read(ByteBuffer.allocate(1), Bench.SOON)));
        isLate(
            assertThrows(
                StorageException.class,
                () -> writer.sink().writeFully(Bench.bytes(3000, 1), Bench.SOON)));
      } finally {
        answers.countDown();
      }
    }
    try (Penstock penstock = Penstock.open();
        Pipe pipe = Bench.open(penstock, file, "")) {
      // The late commit may have arrived or not.
      long from = Bench.facet(pipe).position();
      assertTrue(from == 1000 || from == 2000, "the reader goes on at " + from);
      assertEquals(3000, Bench.facet(pipe).acknowledged());
      read(pipe.source(), from, (int) (3000 - from));
    }
  }

  @Test
  void aReaderAloneIsToldWhenTheDiskIsLate() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      try (Channel writer = Bench.end(penstock, file, "mode=write")) {
        writer.sink().writeFully(Bench.bytes(0, 3000), Bench.SOON);
        writer.sink().flush(Bench.SOON);
      }
      try (Channel reader = Bench.end(penstock, file, "mode=read&commit=manual&ackTimeout=3s")) {
        read(reader.source(), 0, 1000);
        answers = new CountDownLatch(1);
        try {
          failsLate(Bench.facet(reader).commit());
        } finally {
          answers.countDown();
        }
      }
    }
  }

  /** The limit was the writer's, and the reader waits for the same disk. */
  @Test
  void aReaderIsToldThoughTheWriterHasGoneMeanwhile() throws Exception {
    try (Penstock penstock = Penstock.open();
        Channel writer = Bench.end(penstock, file, "mode=write&ackTimeout=3s");
        Channel reader = Bench.end(penstock, file, "mode=read&commit=manual&ackTimeout=3s")) {
      writer.sink().writeFully(Bench.bytes(0, 3000), Bench.SOON);
      writer.sink().flush(Bench.SOON);
      read(reader.source(), 0, 1000);
      answers = new CountDownLatch(1);
      try {
        writer.sink().writeFully(Bench.bytes(3000, 1), Bench.SOON);
        assertTrue(ASKED.tryAcquire(20, TimeUnit.SECONDS));
        CompletionStage<Void> commit = Bench.facet(reader).commit();
        writer.abort(new IOException("gone on purpose"));
        failsLate(commit);
      } finally {
        answers.countDown();
      }
    }
  }

  /** What the disk is about to drop is not kept any more. */
  @Test
  void aReplayDoesNotGoWhereRecordsAreOnTheirWayOut() throws Exception {
    try (Penstock penstock = Penstock.open();
        Channel writer = Bench.end(penstock, file, "mode=write&block=512&sync=each");
        Channel reader = Bench.end(penstock, file, "mode=read&commit=manual&block=512")) {
      for (int i = 0; i < 4; i++) {
        writer.sink().writeFully(Bench.bytes(512 * i, 512), Bench.SOON);
        writer.sink().flush(Bench.SOON);
      }
      read(reader.source(), 0, 1536);
      answers = new CountDownLatch(1);
      CompletionStage<Void> commit = Bench.facet(reader).commit();
      try {
        assertTrue(ASKED.tryAcquire(20, TimeUnit.SECONDS));
        StorageException refused =
            assertThrows(StorageException.class, () -> Bench.facet(reader).replay(0));
        assertEquals(StorageException.Kind.NOT_KEPT, refused.kind());
      } finally {
        answers.countDown();
      }
      Void unused = commit.toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertEquals(1536, Bench.facet(reader).oldest());
      read(reader.source(), 1536, 512);
    }
  }

  private static void failsLate(CompletionStage<Void> commit) {
    ExecutionException failed =
        assertThrows(
            ExecutionException.class, () -> commit.toCompletableFuture().get(20, TimeUnit.SECONDS));
    isLate(failed.getCause());
  }

  private static void isLate(Throwable failure) {
    StorageException late = assertInstanceOf(StorageException.class, failure);
    assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind());
    assertEquals(3000, late.count());
    assertTrue(late.getMessage().contains("for 3000 ms"), late.getMessage());
  }

  private static void read(ByteSource source, long from, int count) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(count);
    source.readFully(all, Bench.SOON);
    Bench.check(all.flip(), from);
  }

  @Test
  void noMoreThanTheWindowIsTakenWithoutAnAcknowledgement() throws Exception {
    try (Penstock penstock = Penstock.open();
        Pipe pipe = Bench.open(penstock, file, "window=64KiB")) {
      pipe.sink().writeFully(Bench.bytes(0, 1000), Bench.SOON);
      pipe.sink().flush(Bench.SOON);
      answers = new CountDownLatch(1);
      int taken = 0;
      for (int n = 1; n > 0; taken += n) {
        n = pipe.sink().write(Bench.bytes(1000 + taken, 10_000), Wait.none());
      }
      assertEquals(64 << 10, taken);
      answers.countDown();
      pipe.sink().flush(Bench.SOON);
      assertEquals(1000 + taken, Bench.facet(pipe).acknowledged());
    }
  }
}
