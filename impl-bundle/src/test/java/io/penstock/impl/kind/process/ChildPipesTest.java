// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our ends of a child's pipes, where the system has nothing left or somebody is in between. */
class ChildPipesTest {
  private static final int PIPE = 64 * 1024;

  private final AtomicInteger scarce = new AtomicInteger();
  private final Peers peers = new Peers(new ProcessProvider(new PosixAccess("none")));
  private final ProviderContext context = scarce(peers.context("child"));
  private Pipe pipe;
  private Pipe other;

  /** The same, but now and then there is no thread to wait with. */
  private ProviderContext scarce(ProviderContext plenty) {
    return (ProviderContext)
        Proxy.newProxyInstance(
            ProviderContext.class.getClassLoader(),
            new Class<?>[] {ProviderContext.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("select") && scarce.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread, planted");
              }
              return method.invoke(plenty, arguments);
            });
  }

  @BeforeEach
  void open() throws IOException {
    pipe = open(Pipe.open());
    other = open(Pipe.open());
  }

  private static Pipe open(Pipe fresh) throws IOException {
    fresh.source().configureBlocking(false);
    fresh.sink().configureBlocking(false);
    return fresh;
  }

  @AfterEach
  void close() throws IOException {
    for (Pipe each : new Pipe[] {pipe, other}) {
      each.sink().close();
      each.source().close();
    }
    peers.close();
  }

  private void drain() throws IOException {
    ByteBuffer scrap = ByteBuffer.allocate(1 << 20);
    while (pipe.source().read(scrap.clear()) > 0) {
      // As long as there is something.
    }
  }

  // ---- to the child

  @Test
  void anInputThatCannotBeWatchedSaysSoAndWorksAgainLater() throws Exception {
    ChildInput input = new ChildInput(context, pipe.sink());
    CountDownLatch ready = new CountDownLatch(1);
    input.onReady(ready::countDown);
    scarce.set(2);
    // Counted, though what was to follow has failed.
    assertTrue(input.write(ByteBuffer.allocate(1 << 20)) > 0);
    assertTrue(input.ready(), "the next write tells why");
    assertThrows(OutOfMemoryError.class, () -> input.write(ByteBuffer.allocate(1000)));
    assertEquals(0, scarce.get());
    assertEquals(0, input.write(ByteBuffer.allocate(1000)), "now it can be waited for");
    drain();
    assertTrue(ready.await(20, TimeUnit.SECONDS), "nobody tells of the room");
    assertTrue(input.write(ByteBuffer.allocate(1000)) > 0);
  }

  /** Its reader has gone: the child, if it is still there, gets the end. */
  @Test
  void anInputThatNobodyReadsIsEnded() throws Exception {
    ChildInput input = new ChildInput(context, pipe.sink());
    pipe.source().close();
    for (int i = 0; i < 2; i++) {
      assertThrows(BrokenPipeException.class, () -> input.write(ByteBuffer.allocate(1)));
    }
    assertFalse(pipe.sink().isOpen());
  }

  // ---- from the child

  private ChildOutput output(Pipe from, long limit) {
    return output(from, () -> PIPE, limit);
  }

  /** What tells the size of a pipe. */
  @FunctionalInterface
  private interface Size extends SystemBuffers.Buffer {
    @Override
    default void resize(int bytes) {
      throw new AssertionError("nobody has asked for " + bytes);
    }
  }

  private ChildOutput output(Pipe from, Size size, long limit) {
    return new ChildOutput(context, "child", from.source(), size, limit);
  }

  /** How much is read after the exit of a child whose output another program goes on to write. */
  private int readAfterTheExit(ChildOutput output) throws IOException {
    output.finish();
    ByteBuffer dst = ByteBuffer.allocate(PIPE);
    int all = 0;
    while (true) {
      ByteBuffer more = ByteBuffer.allocate(PIPE);
      while (pipe.sink().write(more) > 0) {
        // Until it is full.
      }
      int n = output.read(dst.clear());
      if (n < 0) {
        return all;
      }
      all += n;
    }
  }

  /** The pipe may have all that in it; what comes beyond is of the other program. */
  @ParameterizedTest
  @CsvSource({"65536, 1048576", "1048576, 1048576", "3000000, 3000000"})
  void afterTheExitAsMuchIsReadAsTheLargestPipeHas(int size, int most) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    ChildOutput output =
        output(
            pipe,
            () -> {
              asked.incrementAndGet();
              return size;
            },
            0);
    assertEquals(most, readAfterTheExit(output));
    assertEquals(1, asked.get());
  }

  @Test
  void aPipeWhoseSizeIsNotToldIsNoneOfTheLargest() throws Exception {
    Size none =
        () -> {
          throw new IOException("no size, planted");
        };
    assertEquals(1 << 20, readAfterTheExit(output(pipe, none, 0)));
  }

  @Test
  void anOutputThatCannotBeReadAheadIsTriedAgain() throws Exception {
    ChildOutput first = output(other, 1000);
    ChildOutput second = output(pipe, 1000);
    first.beside(second);
    second.beside(first);
    assertEquals(10, pipe.sink().write(ByteBuffer.allocate(10)));
    scarce.set(1);
    assertEquals(0, first.read(ByteBuffer.allocate(10)));
    assertEquals(0, scarce.get());
    assertEquals(0, second.available());
    assertEquals(0, first.read(ByteBuffer.allocate(10)));
    Peers.eventually("it is read ahead", () -> second.available() == 10);
  }

  /** Room is made after it was found full, and before it has stopped reading ahead. */
  @Test
  void roomThatIsMadeJustThenIsUsed() throws Exception {
    ChildOutput first = output(other, 1000);
    ChildOutput second = output(pipe, 1000);
    first.beside(second);
    second.beside(first);
    assertEquals(3000, pipe.sink().write(ByteBuffer.allocate(3000)));
    AtomicInteger told = new AtomicInteger();
    Handler meanwhile =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            if (line.getMessage().contains("wait unread") && told.getAndIncrement() == 0) {
              try {
                assertEquals(1000, second.read(ByteBuffer.allocate(1000)));
                assertEquals(0, first.read(ByteBuffer.allocate(1)), "waits for the other");
              } catch (IOException e) {
                told.set(99);
              }
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("io.penstock");
    logger.addHandler(meanwhile);
    try {
      assertEquals(0, first.read(ByteBuffer.allocate(1)));
      Peers.eventually("it has found it full", () -> told.get() > 0);
      Peers.eventually("the room is used", () -> second.available() == 1000);
      assertEquals(1, told.get());
    } finally {
      logger.removeHandler(meanwhile);
    }
  }
}
