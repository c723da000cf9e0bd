// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StorageException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.PeekSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What survives, and from where it goes on. */
@Timeout(120)
class DurablePipeTest {
  @TempDir private Path folder;
  private Path file;
  private Penstock penstock;

  @BeforeEach
  void begin() {
    file = Bench.fresh(folder);
    penstock = Penstock.open();
  }

  @AfterEach
  void end() {
    penstock.close();
  }

  private void reopen() {
    penstock.close();
    penstock = Penstock.open();
  }

  private static void read(ByteSource source, long from, int count) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(count);
    source.readFully(all, Bench.SOON);
    Bench.check(all.flip(), from);
  }

  private void write(long from, int count, String keys) throws IOException {
    try (Pipe pipe = Bench.open(penstock, file, keys)) {
      pipe.sink().writeFully(Bench.bytes(from, count), Bench.SOON);
      pipe.sink().flush(Bench.SOON);
      assertEquals(from + count, Bench.facet(pipe).acknowledged());
    }
  }

  @Test
  void whatWasFlushedIsThereAfterwards() throws Exception {
    write(0, 300_001, "");
    reopen();
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      assertEquals(300_001, Bench.facet(pipe).acknowledged());
      read(pipe.source(), 0, 100_000);
    }
    reopen();
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      assertEquals(100_000, Bench.facet(pipe).position());
      read(pipe.source(), 100_000, 200_001);
      assertEquals(0, pipe.source().available());
      pipe.sink().writeFully(Bench.bytes(300_001, 7), Bench.SOON);
      read(pipe.source(), 300_001, 7);
    }
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
  }

  @Test
  void aLargeWriteGoesToTheDiskWholeThoughEachRecordIsWaitedFor() throws Exception {
    write(0, 300_001, "sync=each");
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      read(pipe.source(), 0, 300_001);
    }
  }

  @Test
  void whatWasNotCommittedIsReadAgain() throws Exception {
    write(0, 5000, "");
    try (Pipe pipe = Bench.open(penstock, file, "commit=manual")) {
      read(pipe.source(), 0, 1000);
      Bench.facet(pipe).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      read(pipe.source(), 1000, 3000);
    }
    try (Pipe pipe = Bench.open(penstock, file, "commit=manual")) {
      assertEquals(1000, Bench.facet(pipe).position());
      read(pipe.source(), 1000, 4000);
    }
  }

  @Test
  void historyIsReplayedFromItsStartInsideARecordAndItsLastByte() throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "keep=1MiB&block=512")) {
      for (int i = 0; i < 20; i++) {
        pipe.sink().writeFully(Bench.bytes(i * 997L, 997), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
      }
      read(pipe.source(), 0, 19_940);
      DurableFacet facet = Bench.facet(pipe);
      for (long from : new long[] {0, 1, 511, 512, 997, 1000, 19_939}) {
        facet.replay(from);
        assertEquals(from, facet.position());
        read(pipe.source(), from, (int) (19_940 - from));
      }
      facet.replay(19_940);
      assertEquals(0, pipe.source().available());
      StorageException beyond = assertThrows(StorageException.class, () -> facet.replay(19_941));
      assertEquals(StorageException.Kind.NOT_KEPT, beyond.kind());
      assertEquals(0, beyond.count());
    }
    try (Pipe pipe = Bench.open(penstock, file, "keep=1MiB")) {
      Bench.facet(pipe).replay(3);
      read(pipe.source(), 3, 10);
      assertEquals(13, Bench.facet(pipe).position());
    }
    try (Pipe pipe = Bench.open(penstock, file, "keep=1MiB")) {
      assertEquals(13, Bench.facet(pipe).position(), "a replay is committed like any read");
    }
  }

  @Test
  void replayForgetsWhatWasLookedAt() throws Exception {
    write(0, 100, "keep=1KiB");
    try (Pipe pipe = Bench.open(penstock, file, "keep=1KiB")) {
      assertEquals(null, peekLine(pipe));
      read(pipe.source(), 0, 50);
      Bench.facet(pipe).replay(10);
      read(pipe.source(), 10, 90);
    }
  }

  /** A long read in vain leaves what it has gathered in front. */
  private static Object peekLine(Pipe pipe) throws IOException {
    assertThrows(
        IOException.class,
        () -> pipe.source().readFully(ByteBuffer.allocate(101), io.penstock.stream.Wait.none()));
    return null;
  }

  @Test
  void whatIsCommittedIsNotKept() throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "block=512&keep=1KiB")) {
      for (int i = 0; i < 40; i++) {
        pipe.sink().writeFully(Bench.bytes(i * 512L, 512), Bench.SOON);
        pipe.sink().flush(Bench.SOON);
        read(pipe.source(), i * 512L, 512);
      }
      Bench.facet(pipe).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      long oldest = Bench.facet(pipe).oldest();
      assertTrue(oldest >= 18 * 1024 && oldest <= 19 * 1024, "oldest is " + oldest);
      StorageException gone =
          assertThrows(StorageException.class, () -> Bench.facet(pipe).replay(0));
      assertEquals(StorageException.Kind.NOT_KEPT, gone.kind());
      assertEquals(oldest, gone.count());
    }
  }

  @Test
  void theFileStaysSmallHoweverMuchGoesThrough() throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "sync=none", 1 << 20)) {
      Thread writer =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 200; i++) {
                    pipe.sink().writeFully(Bench.bytes(i * 262_144L, 262_144), Bench.SOON);
                  }
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      writer.start();
      for (int i = 0; i < 200; i++) {
        read(pipe.source(), i * 262_144L, 262_144);
      }
      writer.join();
      long size = Files.size(file);
      assertTrue(size < 12 << 20, "the file has " + size + " bytes");
    }
  }

  // ---- ends

  @Test
  void endsAreRecordsAndTheNextStreamComesBehind() throws Exception {
    for (int length : new int[] {0, 1, 511, 513, 70_001}) {
      try (Channel writer = Bench.end(penstock, file, "mode=write")) {
        writer.sink().writeFully(Bench.bytes(0, length), Bench.SOON);
      }
    }
    reopen();
    for (int length : new int[] {0, 1, 511, 513, 70_001}) {
      try (Channel reader = Bench.end(penstock, file, "mode=read")) {
        ByteBuffer all = reader.source().readAll(1 << 20, Bench.SOON);
        assertEquals(length, all.remaining());
        Bench.check(all, 0);
        assertEquals(-1, reader.source().read(ByteBuffer.allocate(1), Bench.SOON));
      }
    }
  }

  @Test
  void anEndThatWasFlushedIsInTheFile() throws Exception {
    Path copy = Bench.fresh(folder);
    try (Channel writer = Bench.end(penstock, file, "mode=write")) {
      writer.sink().writeFully("abc", Bench.SOON);
      writer.sink().end();
      writer.sink().flush(Bench.SOON);
      Files.copy(file, copy);
    }
    try (Channel reader = Bench.end(penstock, copy, "mode=read")) {
      assertEquals("abc", text(reader.source().readAll(9, Bench.SOON)));
    }
  }

  @Test
  void aLookLeavesTheBytesToTheReader() throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      pipe.sink().writeFully("abcdef", Bench.SOON);
      pipe.sink().flush(Bench.SOON);
      try (PeekSource peek = pipe.source().peek(3, Bench.SOON)) {
        assertTrue(peek.isOpen());
      }
      assertEquals(0, Bench.facet(pipe).position());
      Bench.facet(pipe).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
    reopen();
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      assertEquals(0, Bench.facet(pipe).position());
      ByteBuffer all = ByteBuffer.allocate(6);
      pipe.source().readFully(all, Bench.SOON);
      assertEquals("abcdef", text(all.flip()));
    }
  }

  @Test
  void anEndThatWasNotMetIsStillThere() throws Exception {
    try (Channel writer = Bench.end(penstock, file, "mode=write")) {
      writer.sink().writeFully("abc", Bench.SOON);
    }
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      ByteBuffer three = ByteBuffer.allocate(3);
      reader.source().readFully(three, Bench.SOON);
    }
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      assertEquals(-1, reader.source().read(ByteBuffer.allocate(1), Bench.SOON));
    }
  }

  @Test
  void anEndIsCommittedOnce() throws Exception {
    for (String text : new String[] {"abc", "", "x"}) {
      try (Channel writer = Bench.end(penstock, file, "mode=write")) {
        writer.sink().writeFully(text, Bench.SOON);
      }
    }
    for (String commit : new String[] {"auto", "manual"}) {
      try (Channel reader = Bench.end(penstock, file, "mode=read&commit=" + commit)) {
        assertEquals(
            commit.equals("auto") ? 3 : 0, reader.source().readAll(9, Bench.SOON).remaining());
        for (int i = 0; i < 2; i++) {
          Bench.facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
        }
      }
    }
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      assertEquals(1, reader.source().readAll(9, Bench.SOON).remaining());
    }
  }

  @Test
  void eachCommitCountsThoughTheEndWasMetAhead() throws Exception {
    try (Channel writer = Bench.end(penstock, file, "mode=write")) {
      writer.sink().writeFully("abcdef", Bench.SOON);
    }
    try (Channel reader = Bench.end(penstock, file, "mode=read&commit=manual")) {
      try (PeekSource ahead = reader.source().peek(100, Bench.SOON)) {
        // That the length is known says that the end was met.
        assertEquals(OptionalLong.of(6), ahead.length());
      }
      for (int i = 0; i < 2; i++) {
        ByteBuffer two = ByteBuffer.allocate(2);
        reader.source().readFully(two, Bench.SOON);
        Bench.facet(reader).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      }
    }
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      assertEquals(4, Bench.facet(reader).position());
      assertEquals(2, reader.source().readAll(9, Bench.SOON).remaining());
    }
  }

  @Test
  void anEndThatStaysIsForGood() throws Exception {
    try (Channel writer = Bench.end(penstock, file, "mode=write&onEnd=stay")) {
      writer.sink().writeFully("abc", Bench.SOON);
    }
    for (int i = 0; i < 2; i++) {
      try (Channel reader = Bench.end(penstock, file, "mode=read&onEnd=stay")) {
        ByteBuffer all = reader.source().readAll(9, Bench.SOON);
        assertEquals(i == 0 ? 3 : 0, all.remaining());
      }
    }
    try (Channel writer = Bench.end(penstock, file, "mode=write&onEnd=stay")) {
      assertThrows(
          BrokenPipeException.class, () -> writer.sink().write(ByteBuffer.allocate(1), Bench.SOON));
    }
  }

  @Test
  void anAbortIsARecordToo() throws Exception {
    Channel writer = Bench.end(penstock, file, "mode=write");
    writer.sink().writeFully("abc", Bench.SOON);
    writer.abort(new IOException("the source has failed"));
    reopen();
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      ByteBuffer three = ByteBuffer.allocate(3);
      reader.source().readFully(three, Bench.SOON);
      StreamTruncatedException cut =
          assertThrows(
              StreamTruncatedException.class,
              () -> reader.source().read(ByteBuffer.allocate(1), Bench.SOON));
      assertTrue(cut.getMessage().contains("the source has failed"), cut.getMessage());
      assertEquals(3, cut.count());
    }
    try (Pipe next = Bench.open(penstock, file, "")) {
      next.sink().writeFully("new", Bench.SOON);
      ByteBuffer three = ByteBuffer.allocate(3);
      next.source().readFully(three, Bench.SOON);
    }
  }

  @Test
  void aPipeThatIsClosedHasNotEnded() throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      pipe.sink().writeFully("abc", Bench.SOON);
    }
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      assertEquals(0, Bench.facet(pipe).position());
      pipe.sink().writeFully("def", Bench.SOON);
      pipe.sink().end();
      assertEquals(6, pipe.source().readAll(9, Bench.SOON).remaining());
      pipe.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void whatWasClosedTakesUpNoMemory() throws Exception {
    try (Pipe pipe = Bench.open(penstock, file, "")) {
      pipe.sink().writeFully(Bench.bytes(0, 3 << 20), Bench.SOON);
    }
    try (Channel writer = Bench.end(penstock, Bench.fresh(folder), "mode=write")) {
      writer.sink().writeFully(Bench.bytes(0, 3 << 20), Bench.SOON);
    }
    assertEquals(0, penstock.runtime().runtime().resources().buffered());
  }

  // ---- one writer, one reader

  @Test
  void aSecondWriterIsRefusedUnlessItTakesOver() throws Exception {
    try (Channel first = Bench.end(penstock, file, "mode=write");
        Channel reader = Bench.end(penstock, file, "mode=read")) {
      AddressException refused =
          assertThrows(AddressException.class, () -> Bench.end(penstock, file, "mode=write"));
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      assertTrue(refused.getMessage().contains("takeover=true"), refused.getMessage());
      first.sink().writeFully("old", Bench.SOON);
      first.sink().flush(Bench.SOON);
      try (Channel second = Bench.end(penstock, file, "mode=write&takeover=true")) {
        assertEquals(3, Bench.facet(second).acknowledged());
        StorageException fenced =
            assertThrows(
                StorageException.class,
                () -> first.sink().write(ByteBuffer.allocate(1), Bench.SOON));
        assertEquals(StorageException.Kind.FENCED, fenced.kind());
        assertEquals(3, fenced.count());
        StorageException flush =
            assertThrows(StorageException.class, () -> first.sink().flush(Bench.SOON));
        assertEquals(StorageException.Kind.FENCED, flush.kind());
        second.sink().writeFully("new", Bench.SOON);
      }
      assertEquals("oldnew", text(reader.source().readAll(99, Bench.SOON)));
    }
  }

  @Test
  void noneOfAFencedWritersBytesAppear() throws Exception {
    try (Channel reader = Bench.end(penstock, file, "mode=read")) {
      long sure = 0;
      Channel last = Bench.end(penstock, file, "mode=write");
      for (int round = 0; round < 20; round++) {
        Channel mine = last;
        Thread zombie =
            new Thread(
                () -> {
                  try {
                    while (mine.isOpen()) {
                      mine.sink().writeFully(ByteBuffer.allocate(3000), Bench.SOON);
                    }
                  } catch (IOException e) {
                    // Fenced, as it is to be.
                    return;
                  }
                });
        zombie.start();
        ByteBuffer some = ByteBuffer.allocate(1000);
        reader.source().readFully(some, Bench.SOON);
        last = Bench.end(penstock, file, "mode=write&takeover=true");
        long from = Bench.facet(last).acknowledged();
        assertTrue(from >= sure + 1000, "what was read had been acknowledged");
        // Whatever came before is skipped; from here on there is nothing of the zombie.
        ByteBuffer before = ByteBuffer.allocate((int) (from - Bench.facet(reader).position()));
        reader.source().readFully(before, Bench.SOON);
        byte[] ours = new byte[5000];
        java.util.Arrays.fill(ours, (byte) (round + 1));
        last.sink().writeFully(ByteBuffer.wrap(ours), Bench.SOON);
        zombie.join();
        ByteBuffer found = ByteBuffer.allocate(5000);
        reader.source().readFully(found, Bench.SOON);
        assertEquals(ByteBuffer.wrap(ours), found.flip());
        sure = from + 5000;
        mine.close();
      }
      last.close();
    }
  }

  @Test
  void aSecondReaderTakesOverAtTheLastCommit() throws Exception {
    write(0, 1000, "");
    try (Channel first = Bench.end(penstock, file, "mode=read&commit=manual")) {
      read(first.source(), 0, 100);
      Bench.facet(first).commit().toCompletableFuture().get(20, TimeUnit.SECONDS);
      read(first.source(), 100, 100);
      assertThrows(AddressException.class, () -> Bench.end(penstock, file, "mode=read"));
      try (Channel second = Bench.end(penstock, file, "mode=read&takeover=true")) {
        assertEquals(100, Bench.facet(second).position());
        read(second.source(), 100, 900);
        StorageException fenced =
            assertThrows(
                StorageException.class,
                () -> first.source().read(ByteBuffer.allocate(1), Bench.SOON));
        assertEquals(StorageException.Kind.FENCED, fenced.kind());
        ExecutionException commit =
            assertThrows(
                ExecutionException.class,
                () -> Bench.facet(first).commit().toCompletableFuture().get(20, TimeUnit.SECONDS));
        assertSame(fenced.kind(), ((StorageException) commit.getCause()).kind());
      }
    }
  }

  // ---- what is refused

  @Test
  void whatCannotBeOpenedSaysWhy() throws Exception {
    AddressException noFolder =
        assertThrows(
            AddressException.class, () -> Bench.open(penstock, folder.resolve("no/file"), ""));
    assertEquals(AddressException.Kind.NOT_FOUND, noFolder.kind());
    Files.writeString(file, "this is a letter and no pipe".repeat(1000));
    AddressException noPipe =
        assertThrows(AddressException.class, () -> Bench.open(penstock, file, ""));
    assertEquals(AddressException.Kind.INVALID, noPipe.kind());
    assertEquals(28_000, Files.size(file), "a file of something else is not touched");
    Path letter = Files.writeString(folder.resolve("letter"), "short");
    AddressException tooShort =
        assertThrows(AddressException.class, () -> Bench.open(penstock, letter, ""));
    assertEquals(AddressException.Kind.INVALID, tooShort.kind());
    assertEquals("short", Files.readString(letter));
    AddressException isFolder =
        assertThrows(AddressException.class, () -> Bench.open(penstock, folder, ""));
    assertEquals(AddressException.Kind.INVALID, isFolder.kind());
    NotSupportedException nowhere =
        assertThrows(
            NotSupportedException.class,
            () ->
                penstock
                    .pipes()
                    .open(
                        io.penstock.channel.Endpoint.parse("moon:x"),
                        PipeOptions.defaults(),
                        Bench.SOON));
    assertTrue(nowhere.getMessage().contains("file"), nowhere.getMessage());
    for (String bad :
        new String[] {
          "keep=-1",
          "sync=often",
          "block=1",
          "window=1",
          "onEnd=x",
          "ackTimeout=0ms",
          "commit=never",
          "takeover=yes",
          "kept=1"
        }) {
      IOException refused = null;
      try {
        Bench.open(penstock, file, bad).close();
      } catch (IOException e) {
        refused = e;
      } catch (IllegalArgumentException e) {
        assertTrue(e.getMessage().contains(bad.substring(0, bad.indexOf('='))), e.getMessage());
        continue;
      }
      throw new AssertionError(bad + " was taken, or gave " + refused, refused);
    }
  }

  @Test
  void aFileOfAnotherOwnerIsRefused() throws Exception {
    org.junit.jupiter.api.Assumptions.assumeTrue(
        Files.getOwner(Path.of("/proc/self")).getName().equals("root"), "needs root");
    Files.createFile(file);
    Files.setOwner(
        file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    AddressException refused =
        assertThrows(AddressException.class, () -> Bench.open(penstock, file, ""));
    assertEquals(AddressException.Kind.ACCESS, refused.kind());
    assertTrue(refused.getMessage().contains("nobody"), refused.getMessage());
  }

  @Test
  void anotherProductInTheSameProcessFindsItInUse() throws Exception {
    try (Penstock other = Penstock.open();
        Pipe pipe = Bench.open(other, file, "")) {
      AddressException refused =
          assertThrows(AddressException.class, () -> Bench.open(penstock, file, ""));
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      assertTrue(pipe.source().isOpen());
    }
    Bench.open(penstock, file, "").close();
  }

  @Test
  void aConfiguredPipeComesAgainAfterItsEnd() throws Exception {
    java.util.Map<String, Object> values =
        java.util.Map.of("durable", "file:" + file, "keep", "1KiB", "capacity", "1MiB");
    penstock.configure("io.penstock.Pipe~orders", values);
    Pipe first = penstock.named(Pipe.class, "orders", Bench.SOON);
    first.sink().writeFully("one", Bench.SOON);
    first.sink().end();
    assertEquals("one", text(first.source().readAll(9, Bench.SOON)));
    first.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    try (Channel source =
        penstock
            .channels()
            .open(
                io.penstock.channel.Endpoint.parse("pipe:?write=orders"),
                io.penstock.channel.ChannelOptions.defaults(),
                Bench.SOON)) {
      source.sink().writeFully("two", Bench.SOON);
    }
    reopen();
    penstock.configure("io.penstock.Pipe~orders", values);
    Pipe again = penstock.named(Pipe.class, "orders", Bench.SOON);
    assertEquals("two", text(again.source().readAll(9, Bench.SOON)));
    assertFalse(again.sink().isOpen() && again.closed().toCompletableFuture().isCancelled());
  }

  @Test
  void aConfiguredPipeThatMayNotTakeOverSaysHow() throws Exception {
    try (LogLines log = new LogLines("io.penstock.config");
        Pipe other = Bench.open(penstock, file, "")) {
      penstock.configure(
          "io.penstock.Pipe~orders",
          java.util.Map.of("durable", "file:" + file, "capacity", "1MiB"));
      assertTrue(log.next().endsWith("trying again until it succeeds"));
      assertTrue(other.sink().isOpen());
    }
    penstock.named(Pipe.class, "orders", Bench.SOON).close();
  }

  /** Two that take over from each other would do so without end. */
  @Test
  void aConfiguredPipeThatWasFencedWaitsForTheOther() throws Exception {
    penstock.configure(
        "io.penstock.Pipe~orders",
        java.util.Map.of("durable", "file:" + file, "takeover", "true", "capacity", "1MiB"));
    Pipe first = penstock.named(Pipe.class, "orders", Bench.SOON);
    try (LogLines log = new LogLines("io.penstock.config");
        Pipe other = Bench.open(penstock, file, "takeover=true")) {
      ExecutionException why =
          assertThrows(
              ExecutionException.class,
              () -> first.closed().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertEquals(
          StorageException.Kind.FENCED,
          ((StorageException) Objects.requireNonNull(why.getCause())).kind());
      assertEquals(
          "io.penstock.Pipe~orders: another writer or reader has taken over file:"
              + file
              + ", and this pipe stands by; it opens again when that one lets go; to have it here,"
              + " stop that one, or start this container anew",
          log.next());
      // Meanwhile it asks again some times.
      assertThrows(
          TimeoutException.class,
          () -> other.closed().toCompletableFuture().get(1, TimeUnit.SECONDS));
      other.sink().writeFully("one", Bench.SOON);
      other.sink().end();
    }
    Pipe again = penstock.named(Pipe.class, "orders", Bench.SOON);
    assertEquals("one", text(again.source().readAll(9, Bench.SOON)));
  }

  private static String text(ByteBuffer bytes) {
    return java.nio.charset.StandardCharsets.UTF_8.decode(bytes).toString();
  }
}
