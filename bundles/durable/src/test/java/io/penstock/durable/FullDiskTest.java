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
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk without room, and with room again. */
@Timeout(120)
class FullDiskTest {
  @TempDir private static Path folder;
  private static final AtomicInteger refused = new AtomicInteger();
  private static final AtomicInteger opened = new AtomicInteger();
  private static volatile boolean full;

  private final FullPath disk = new FullPath();
  private final Path file = folder.resolve("full:disk");

  /** As that of {@link SlowDiskTest}. */
  public static final class FullPath extends FilePathWrapper {
    @Override
    public String getScheme() {
      return folder.resolve("full").toString();
    }

    @Override
    protected FilePath unwrap(String path) {
      return FilePath.get(folder.resolve("without-room").toString());
    }

    @Override
    public FileChannel open(String mode) throws IOException {
      int unused = opened.incrementAndGet();
      return new FullFile(super.open(mode));
    }
  }

  private static final class FullFile extends ThroughFile {
    FullFile(FileChannel disk) {
      super(disk);
    }

    @Override
    public int write(ByteBuffer src, long position) throws IOException {
      if (full) {
        int unused = refused.incrementAndGet();
        // Some of it fits, as on a real disk.
        ByteBuffer some = src.duplicate().limit(src.position() + src.remaining() / 2);
        unused = super.write(some, position);
        throw new IOException("No space left on device");
      }
      return super.write(src, position);
    }
  }

  @BeforeEach
  void begin() throws IOException {
    full = false;
    refused.set(0);
    opened.set(0);
    Files.deleteIfExists(folder.resolve("without-room"));
    FilePath.register(disk);
  }

  @AfterEach
  void end() {
    full = false;
    FilePath.unregister(disk);
  }

  private static void read(ByteSource source, long from, int count) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(count);
    source.readFully(all, Bench.SOON);
    Bench.check(all.flip(), from);
  }

  private static void isFull(Throwable failure, long position) {
    StorageException why = assertInstanceOf(StorageException.class, failure);
    assertEquals(StorageException.Kind.FULL, why.kind());
    assertEquals(position, why.count());
  }

  /** The pipe that comes after another one. */
  private static Pipe another(Penstock penstock, Pipe before) throws Exception {
    Pipe next = before;
    while (next == before) {
      next = penstock.named(Pipe.class, "orders", Bench.SOON);
    }
    return next;
  }

  /** A pipe that works, after ones that met the full disk while they were opened. */
  private static Pipe writable(Penstock penstock, int count) throws Exception {
    while (true) {
      Pipe pipe = penstock.named(Pipe.class, "orders", Bench.SOON);
      try {
        long from = Bench.facet(pipe).acknowledged();
        pipe.sink().writeFully(Bench.bytes(from, count), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
        return pipe;
      } catch (StorageException e) {
        assertEquals(StorageException.Kind.FULL, e.kind());
      }
    }
  }

  @Test
  void aConfiguredPipeTellsItsWriterAndGoesOnWhenThereIsRoom() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      penstock.configure(
          "io.penstock.Pipe~orders", Map.of("durable", "file:" + file, "capacity", "1MiB"));
      Pipe first = writable(penstock, 1000);
      full = true;
      first.sink().writeFully(Bench.bytes(1000, 1000), Bench.SOON);
      isFull(assertThrows(StorageException.class, () -> first.sink().flush(Bench.SOON)), 1000);
      isFull(
          assertThrows(
              StorageException.class,
              () -> first.sink().writeFully(Bench.bytes(2000, 1), Bench.SOON)),
          1000);
      ExecutionException why =
          assertThrows(
              ExecutionException.class,
              () -> first.closed().toCompletableFuture().get(20, TimeUnit.SECONDS));
      isFull(why.getCause(), 1000);
      Pipe next = another(penstock, first);
      // A user that still has the first one is told the same.
      isFull(
          assertThrows(
              StorageException.class,
              () -> first.sink().writeFully(Bench.bytes(2000, 1), Bench.SOON)),
          1000);
      isFull(
          assertThrows(
              StorageException.class,
              () -> first.source().read(ByteBuffer.allocate(1), Bench.SOON)),
          1000);
      isFull(
          assertThrows(
              StorageException.class,
              () -> {
                next.sink().writeFully(Bench.bytes(1000, 1000), Bench.SOON);
                next.sink().flush(Bench.SOON);
              }),
          1000);
      full = false;
      Pipe last = writable(penstock, 1000);
      assertEquals(2000, Bench.facet(last).acknowledged());
      read(last.source(), 0, 2000);
      assertEquals(
          0,
          penstock.runtime().runtime().resources().buffered(),
          "what was lost with a pipe takes up no memory");
    }
  }

  /** Opening writes the epoch, so that each next pipe may meet the full disk at once. */
  @Test
  void aConfiguredPipeThatIsEmptyIsNotOpenedAllTheTime() throws Exception {
    try (Penstock penstock = Penstock.open();
        LogLines log = new LogLines("io.penstock.config")) {
      penstock.configure(
          "io.penstock.Pipe~orders", Map.of("durable", "file:" + file, "capacity", "1MiB"));
      Pipe first = writable(penstock, 1000);
      read(first.source(), 0, 1000);
      Void unused = Bench.facet(first).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      long begin = System.nanoTime();
      full = true;
      first.sink().writeFully(Bench.bytes(1000, 1000), Bench.SOON);
      assertThrows(StorageException.class, () -> first.sink().flush(Bench.SOON));
      String line = log.next();
      assertTrue(line.contains("there is no room on the disk"), line);
      assertTrue(line.endsWith("trying again until it succeeds"), line);
      Pipe last = first;
      for (int i = 0; i < 4; i++) {
        Pipe next = another(penstock, last);
        ExecutionException why =
            assertThrows(
                ExecutionException.class,
                () -> next.closed().toCompletableFuture().get(20, TimeUnit.SECONDS));
        isFull(Objects.requireNonNull(why.getCause()), 1000);
        last = next;
      }
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
      assertTrue(millis >= 300, "opened " + opened + " times within " + millis + " ms");
      full = false;
      Pipe again = writable(penstock, 1000);
      read(again.source(), 1000, 1000);
    }
  }

  @Test
  void aReaderIsToldAndNoByteIsLost() throws Exception {
    try (Penstock penstock = Penstock.open();
        Channel writer = Bench.end(penstock, file, "mode=write");
        Channel reader = Bench.end(penstock, file, "mode=read&commit=manual")) {
      writer.sink().writeFully(Bench.bytes(0, 3000), Bench.SOON);
      writer.sink().flush(Bench.SOON);
      read(reader.source(), 0, 1000);
      Void unused = Bench.facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      full = true;
      read(reader.source(), 1000, 1000);
      ExecutionException commit =
          assertThrows(
              ExecutionException.class,
              () -> Bench.facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS));
      isFull(Objects.requireNonNull(commit.getCause()), 3000);
      isFull(
          assertThrows(
              StorageException.class,
              () -> reader.source().read(ByteBuffer.allocate(1), Bench.SOON)),
          3000);
      isFull(
          assertThrows(
              StorageException.class,
              () -> writer.sink().writeFully(Bench.bytes(3000, 1), Bench.SOON)),
          3000);
      full = false;
    }
    try (Penstock penstock = Penstock.open();
        Pipe pipe = Bench.open(penstock, file, "")) {
      // The commit may have arrived or not.
      long from = Bench.facet(pipe).position();
      assertTrue(from == 1000 || from == 2000, "the reader goes on at " + from);
      assertEquals(3000, Bench.facet(pipe).acknowledged());
      read(pipe.source(), from, (int) (3000 - from));
      pipe.sink().writeFully(Bench.bytes(3000, 1000), Bench.SOON);
      read(pipe.source(), 3000, 1000);
    }
  }

  @Test
  void aReaderThatCommitsByItselfIsToldAndNoByteIsLost() throws Exception {
    long read = 0;
    try (Penstock penstock = Penstock.open()) {
      try (Channel writer = Bench.end(penstock, file, "mode=write")) {
        writer.sink().writeFully(Bench.bytes(0, 300_000), Bench.SOON);
      }
      try (Channel reader = Bench.end(penstock, file, "mode=read&window=64KiB")) {
        read(reader.source(), 0, 1000);
        read = 1000;
        full = true;
        ByteBuffer some = ByteBuffer.allocate(10_000);
        StorageException failure = null;
        while (failure == null) {
          try {
            read += Bench.read(reader.source(), some, read);
          } catch (StorageException e) {
            failure = e;
          }
        }
        isFull(failure, 300_000);
        full = false;
      }
    }
    try (Penstock penstock = Penstock.open();
        Channel reader = Bench.end(penstock, file, "mode=read")) {
      long from = Bench.facet(reader).position();
      assertTrue(from <= read, from + " is behind what was read, " + read);
      ByteBuffer rest = reader.source().readAll(1 << 20, Bench.SOON);
      assertEquals(300_000 - from, rest.remaining());
      Bench.check(rest, from);
    }
  }
}
