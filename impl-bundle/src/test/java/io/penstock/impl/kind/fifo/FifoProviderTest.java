// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.spi.ChannelDriver;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FifoProviderTest {
  @TempDir Path folder;

  private final Peers peers = new Peers(new FifoProvider());
  private Path fifo;

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
    long before = Peers.descriptors();
    CompletableFuture<? extends ChannelDriver> hanging = begin(direction);
    Peers.eventually(
        "it hangs in the system", () -> FifoProviderTest.opening("io.penstock.impl.kind.fifo"));
    assertFalse(hanging.isDone());
    hanging.cancel(false);
    Peers.eventually(
        "it is released", () -> !FifoProviderTest.opening("io.penstock.impl.kind.fifo"));
    assertTrue(Peers.descriptors() <= before);
  }

  /** Whether a thread is in the middle of an open that code of that package asked for. */
  private static boolean opening(String inPackage) {
    return Thread.getAllStackTraces().values().stream()
        .anyMatch(
            stack ->
                stack.length > 0
                    && stack[0].getMethodName().startsWith("open")
                    && java.util.Arrays.stream(stack)
                        .anyMatch(
                            frame -> frame.getClassName().startsWith(inPackage + ".FifoOpening")));
  }

  @Test
  void cancellingAtAnyMomentLeavesNothing() throws IOException {
    long before = Peers.descriptors();
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
    Peers.eventually("none hangs", () -> !opening("io.penstock.impl.kind.fifo"));
    Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= before);
  }

  @Test
  void aReadThatWaitsEndsWithTheChannel() throws IOException {
    CompletableFuture<Peer> reader =
        CompletableFuture.supplyAsync(() -> connect("fifo:" + fifo + "?mode=read"));
    try (FileChannel writer = FileChannel.open(fifo, StandardOpenOption.WRITE)) {
      Peer in = Peers.get(reader);
      CompletableFuture<Throwable> reading =
          CompletableFuture.supplyAsync(() -> assertThrows(IOException.class, in::readOnce));
      Peers.eventually("it is read", () -> Peers.threadLives("penstock-fifo-in-" + fifo));
      in.source().close();
      assertTrue(Peers.get(reading) instanceof java.nio.channels.ClosedChannelException);
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-fifo-"));
      assertThrows(IOException.class, () -> writer.write(java.nio.ByteBuffer.allocate(1)));
    }
  }

  @Test
  void aWriteThatWaitsEndsWithAnAbort() throws IOException {
    CompletableFuture<? extends ChannelDriver> opening = begin(Direction.OUTPUT);
    try (FileChannel reader = FileChannel.open(fifo, StandardOpenOption.READ)) {
      ChannelDriver driver = Peers.get(opening);
      java.nio.ByteBuffer zeros = java.nio.ByteBuffer.allocate(300_000);
      Peers.eventually(
          "nothing more goes",
          () -> {
            try {
              return driver.sink().write(zeros) == 0 && driver.sink().room() == 0;
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      driver.abort(new StreamClosedException("test"));
      Peers.eventually("no thread is left", () -> !Peers.threadLives("penstock-fifo-"));
      assertEquals(0, driver.sink().unsent());
      assertTrue(driver.sink().dropped() > 0);
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
  void theDirectionIsAskedFor() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> peers.connect("fifo:" + fifo));
    assertTrue(e.getMessage().contains("mode=read"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> peers.connect("fifo:" + fifo + "?mode=both"));
  }
}
