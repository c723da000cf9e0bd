// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("modes")
class FifoProviderTest {
  @TempDir Path folder;

  private final boolean natively;
  private final Peers peers;
  private Path fifo;

  FifoProviderTest(PosixAccess access) {
    natively = access.calls() != null;
    peers = new Peers(new FifoProvider(access));
  }

  static Stream<PosixAccess> modes() {
    return Stream.concat(Stream.of(new PosixAccess("none")), Modes.all());
  }

  @BeforeEach
  void make() throws IOException, InterruptedException {
    fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
  }

  @AfterEach
  void close() throws IOException {
    peers.close();
  }

  private CompletableFuture<? extends ChannelDriver> begin(Direction direction) throws IOException {
    return peers.begin("fifo:" + fifo, ChannelOptions.defaults().withDirection(direction));
  }

  @Test
  void bytesGoThroughAndTheEndAfterThem() throws IOException {
    CompletableFuture<Peer> reader =
        CompletableFuture.supplyAsync(() -> connect("fifo:" + fifo + "?mode=read"));
    Peer out = connect("fifo:" + fifo + "?mode=write");
    Peer in = Peers.get(reader);
    out.write("hello");
    out.sink().end();
    assertEquals("hello", in.readAll());
    assertEquals(-1, in.readOnce());
    assertThrows(NotSupportedException.class, out::readOnce);
    assertThrows(NotSupportedException.class, () -> in.write("x"));
  }

  /** A caller that polls and is told that nothing is there may not come back for long. */
  @Test
  void theFirstLookSeesWhatIsThere() throws IOException {
    for (int i = 0; i < 2; i++) {
      try (FileChannel both =
          FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        Peer in = connect("fifo:" + fifo + "?mode=read");
        both.write(UTF_8.encode("there"));
        if (i == 0) {
          assertTrue(in.source().readable().isSet());
        }
        assertEquals(5, in.source().read(ByteBuffer.allocate(10), Wait.none()));
        in.close();
      }
    }
  }

  private Peer connect(String endpoint) {
    try {
      return peers.connect(endpoint);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void manyBytesGoThrough() throws IOException {
    CompletableFuture<? extends ChannelDriver> reader = begin(Direction.INPUT);
    Peer out = connect("fifo:" + fifo + "?mode=write");
    Peers.get(reader).abort(new IOException("not this one"));
    CompletableFuture<Peer> again =
        CompletableFuture.supplyAsync(() -> connect("fifo:" + fifo + "?mode=read"));
    Peer writer = connect("fifo:" + fifo + "?mode=write");
    Peer in = Peers.get(again);
    out.close();
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(
            () -> {
              try {
                writer.writeZeros(10_000_000);
                writer.sink().end();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertEquals(10_000_000, in.readAll().length());
    Peers.get(writing);
  }

  @Test
  void aReaderThatGoesBreaksTheWriter() throws IOException {
    CompletableFuture<Peer> reader =
        CompletableFuture.supplyAsync(() -> connect("fifo:" + fifo + "?mode=read"));
    Peer out = connect("fifo:" + fifo + "?mode=write");
    Peer in = Peers.get(reader);
    out.write("x");
    assertEquals("x", in.read(1));
    in.source().close();
    assertThrows(BrokenPipeException.class, () -> out.writeZeros(1_000_000));
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void anOpenThatHangsIsReleased(Direction direction) throws IOException {
    long before = Peers.descriptors(folder);
    CompletableFuture<? extends ChannelDriver> hanging = begin(direction);
    if (natively && direction == Direction.INPUT) {
      Peers.get(hanging).abort(new IOException("it does not hang"));
    } else {
      Peers.eventually("it hangs in the system", FifoProviderTest::opening);
      assertFalse(hanging.isDone());
      hanging.cancel(false);
    }
    Peers.eventually("it is released", () -> !opening());
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors(folder) <= before);
  }

  /** With native calls no thread waits, in the open or for bytes. */
  @Test
  void aReaderIsThereAtOnceAndWaitsForItsWriter() throws IOException {
    assumeTrue(natively, "needs native calls");
    Peer in = peers.connect("fifo:" + fifo + "?mode=read");
    assertEquals(0, in.source().read(ByteBuffer.allocate(9), Wait.none()));
    CompletableFuture<String> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return in.readAll();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    // One that writes nothing yet.
    try (FileChannel writer = FileChannel.open(fifo, StandardOpenOption.WRITE)) {
      assertFalse(Peers.threadLives("penstock-fifo-in-" + fifo));
      assertFalse(reading.isDone());
      writer.write(ByteBuffer.wrap("hello".getBytes(UTF_8)));
    }
    assertEquals("hello", Peers.get(reading));
  }

  @Test
  void aWriterThatComesAndGoesIsTheEnd() throws IOException {
    assumeTrue(natively, "needs native calls");
    Peer in = peers.connect("fifo:" + fifo + "?mode=read");
    assertEquals(0, in.source().read(ByteBuffer.allocate(9), Wait.none()));
    FileChannel.open(fifo, StandardOpenOption.WRITE).close();
    in.source().awaitReadable(Peers.LIMIT);
    assertEquals(-1, in.readOnce());
  }

  @Test
  void oneThatIsNotThereIsMade() throws IOException {
    Path made = folder.resolve("made");
    String endpoint = "fifo:" + made + "?mode=read&create=0620";
    if (!natively) {
      NotSupportedException e =
          assertThrows(NotSupportedException.class, () -> peers.connect(endpoint));
      assertTrue(e.getMessage().contains("making a FIFO"), e.getMessage());
      return;
    }
    peers.connect(endpoint);
    assertEquals("rw--w----", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
    // There already, it stays as it is.
    peers.connect("fifo:" + made + "?mode=write&create=0666").write("x");
    assertEquals("rw--w----", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
    AddressException nowhere =
        assertThrows(
            AddressException.class,
            () -> peers.connect("fifo:" + folder + "/no/such?mode=read&create=0600"));
    assertEquals(AddressException.Kind.NOT_FOUND, nowhere.kind());
    assertThrows(
        IllegalArgumentException.class,
        () -> peers.connect("fifo:" + made + "?mode=read&create=true"));
  }

  /** Whether a thread is in the middle of an open that waits. */
  private static boolean opening() {
    return Thread.getAllStackTraces().values().stream()
        .flatMap(Stream::of)
        .anyMatch(
            frame ->
                frame.getClassName().endsWith(".FifoOpening")
                    && frame.getMethodName().equals("waiting"));
  }

  @Test
  void cancellingAtAnyMomentLeavesNothing() throws IOException {
    long before = Peers.descriptors(folder);
    for (int i = 0; i < 300; i++) {
      CompletableFuture<? extends ChannelDriver> one =
          begin(i % 2 == 0 ? Direction.INPUT : Direction.OUTPUT);
      for (int spin = 0; spin < i * 10; spin++) {
        Thread.onSpinWait();
      }
      if (!one.cancel(false)) {
        // One that was opened for the other direction has let it through.
        Peers.get(one).abort(new IOException("too late to cancel"));
      }
    }
    Peers.eventually("none hangs", () -> !opening());
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors(folder) <= before);
  }

  @Test
  void aReadThatWaitsEndsWithTheChannel() throws IOException {
    CompletableFuture<Peer> reader =
        CompletableFuture.supplyAsync(() -> connect("fifo:" + fifo + "?mode=read"));
    try (FileChannel writer = FileChannel.open(fifo, StandardOpenOption.WRITE)) {
      Peer in = Peers.get(reader);
      CompletableFuture<Throwable> reading =
          CompletableFuture.supplyAsync(() -> assertThrows(IOException.class, in::readOnce));
      if (!natively) {
        Peers.eventually("it is read", () -> Peers.threadLives("penstock-fifo-in-" + fifo));
      }
      in.source().close();
      assertTrue(Peers.get(reading) instanceof java.nio.channels.ClosedChannelException);
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-fifo-in-" + fifo));
      Peers.eventually("nobody reads it", () -> isBroken(writer));
    }
  }

  private static boolean isBroken(FileChannel writer) {
    try {
      writer.write(ByteBuffer.allocate(1));
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void aWriteThatWaitsEndsWithAnAbort() throws IOException {
    CompletableFuture<? extends ChannelDriver> opening = begin(Direction.OUTPUT);
    try (FileChannel reader = FileChannel.open(fifo, StandardOpenOption.READ)) {
      ChannelDriver driver = Peers.get(opening);
      ByteBuffer zeros = ByteBuffer.allocate(300_000);
      Peers.eventually(
          "nothing more goes",
          () -> {
            try {
              return driver.sink().write(zeros) == 0 && !driver.sink().ready();
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      driver.abort(new StreamClosedException("test"));
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-fifo-out-" + fifo));
      assertEquals(0, driver.sink().unsent());
      // What the system has is out of our hands.
      assertEquals(!natively, driver.sink().dropped() > 0);
      assertTrue(reader.isOpen());
    }
  }

  @Test
  void whatIsNoFifoIsRefused() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    AddressException invalid =
        assertThrows(AddressException.class, () -> peers.connect("fifo:" + file + "?mode=read"));
    assertEquals(AddressException.Kind.INVALID, invalid.kind());
    AddressException none =
        assertThrows(AddressException.class, () -> peers.connect("fifo:" + file + "x?mode=read"));
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
    assertThrows(AddressException.class, () -> peers.connect("fifo:?mode=read"));
  }

  @Test
  void namedPipesOfWindowsAreRefusedWithTheReason() {
    for (String name : List.of("\\\\.\\pipe\\app", "//./pipe/app", "\\\\server\\PIPE\\app")) {
      NotSupportedException e =
          assertThrows(
              NotSupportedException.class, () -> peers.connect("fifo:" + name + "?mode=read"));
      assertTrue(e.getMessage().contains("named pipe of Windows"), e.getMessage());
      assertTrue(e.getMessage().contains("unix:"), e.getMessage());
    }
  }

  @Test
  void theDirectionIsAskedFor() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> peers.connect("fifo:" + fifo));
    assertTrue(e.getMessage().contains("mode=read"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> peers.connect("fifo:" + fifo + "?mode=both"));
  }
}
