// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.buffer.Offering;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Parker;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What a reader takes from a writer that waits, past the buffer. The reader's calls are made by the
 * parker, each while the writer is parked.
 */
class PipeOfferTest {
  private interface Step {
    void run() throws IOException;
  }

  /** Runs the next step whenever the writer is parked; time passes only there. */
  private static final class Stage implements Parker {
    private final Queue<Step> steps = new ArrayDeque<>();
    private long now;

    @Override
    public void park(Object blocker) {
      Step step = steps.poll();
      if (step == null) {
        throw new AssertionError("parked for ever");
      }
      try {
        step.run();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      if (steps.isEmpty()) {
        now += nanos;
      } else {
        park(blocker);
      }
    }

    @Override
    public void unpark(Thread thread) {}

    @Override
    public void giveWay() {}

    @Override
    public long nanoTime() {
      return now;
    }
  }

  private static final int CAPACITY = 64;

  private final Stage stage = new Stage();
  private final Engine engine = new Engine(stage);
  private final DrivenPipe pipe =
      new DrivenPipe(PipeOptions.defaults().withCapacity(CAPACITY).withSpin(Duration.ZERO), engine);
  private byte[] got = new byte[0];

  @AfterEach
  void close() throws IOException {
    pipe.close();
    engine.close();
  }

  private static byte[] numbers(int from, int to) {
    byte[] bytes = new byte[to - from];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (from + i);
    }
    return bytes;
  }

  /** Reads up to so much, once, and tells how much it was. */
  private int read(int most) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(most);
    int n = pipe.source().read(dst, Wait.none());
    if (n > 0) {
      int old = got.length;
      got = Arrays.copyOf(got, old + n);
      dst.flip().get(got, old, n);
    }
    return n;
  }

  private void readAll() throws IOException {
    while (read(1000) > 0) {
      assertTrue(pipe.source().available() <= CAPACITY);
    }
  }

  @Test
  void oneReadTakesTheBufferAndAllThatTheWriterHas() throws IOException {
    stage.steps.add(() -> assertEquals(1000, read(5000)));
    pipe.sink().writeFully(ByteBuffer.wrap(numbers(0, 1000)), Wait.forever());
    assertEquals(0, read(5000));
    assertArrayEquals(numbers(0, 1000), got);
    assertEquals(1000, pipe.stats().bytesWritten());
    assertEquals(1000, pipe.stats().bytesRead());
    assertTrue(pipe.stats().highWater() <= CAPACITY);
  }

  @Test
  void writeReturnsWhatWasTaken() throws IOException {
    ByteBuffer src = ByteBuffer.wrap(numbers(0, 300), 10, 280).slice();
    assertEquals(CAPACITY, pipe.sink().write(src, Wait.forever()));
    stage.steps.add(() -> assertEquals(100, read(100)));
    assertEquals(100 - CAPACITY, pipe.sink().write(src, Wait.forever()));
    assertEquals(100, src.position());
    stage.steps.add(() -> assertEquals(180, read(1000)));
    assertEquals(CAPACITY, pipe.sink().write(src, Wait.forever()));
    assertEquals(180 - CAPACITY, pipe.sink().write(src, Wait.forever()));
    assertArrayEquals(numbers(10, 290), got);
  }

  @Test
  void gatheredWriteReturnsWhatWasTaken() throws IOException {
    pipe.sink().write(ByteBuffer.wrap(numbers(0, CAPACITY)), Wait.none());
    ByteBuffer[] parts = {
      ByteBuffer.wrap(numbers(CAPACITY, 100)), ByteBuffer.wrap(numbers(100, 130))
    };
    stage.steps.add(() -> assertEquals(90, read(90)));
    pipe.sink().writeWait(Wait.forever());
    assertEquals(130 - CAPACITY, pipe.sink().write(parts));
    readAll();
    assertArrayEquals(numbers(0, 130), got);
  }

  @Test
  void whatIsTakenOfSomePartsIsOneStream() throws IOException {
    for (int i = 0; i < 20; i++) {
      stage.steps.add(this::readAll);
    }
    ByteBuffer[] parts = new ByteBuffer[10];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = ByteBuffer.wrap(numbers(100 * i, 100 * (i + 1)));
    }
    pipe.sink().writeFully(parts, Wait.forever());
    readAll();
    assertArrayEquals(numbers(0, 1000), got);
  }

  @Test
  void timeOutTellsWhatWasTakenToo() throws IOException {
    stage.steps.add(() -> assertEquals(100, read(100)));
    StreamTimeoutException late =
        assertThrows(
            StreamTimeoutException.class,
            () ->
                pipe.sink()
                    .writeFully(
                        ByteBuffer.wrap(numbers(0, 300)), Wait.upTo(Duration.ofSeconds(1))));
    assertEquals(100 + CAPACITY, late.count());
    readAll();
    assertArrayEquals(numbers(0, 100 + CAPACITY), got);
  }

  @Test
  void interruptTellsWhatWasTakenToo() throws IOException {
    stage.steps.add(
        () -> {
          assertEquals(100, read(100));
          Thread.currentThread().interrupt();
        });
    ByteBuffer src = ByteBuffer.wrap(numbers(0, 300));
    InterruptedIOException interrupt =
        assertThrows(
            InterruptedIOException.class, () -> pipe.sink().writeFully(src, Wait.forever()));
    assertTrue(Thread.interrupted());
    assertEquals(100 + CAPACITY, interrupt.bytesTransferred);
    assertEquals(100 + CAPACITY, src.position());
    readAll();
    assertArrayEquals(numbers(0, 100 + CAPACITY), got);
  }

  @Test
  void endComesBehindWhatWasTaken() throws IOException {
    stage.steps.add(
        () -> {
          pipe.sink().end();
          assertEquals(300, read(1000));
        });
    pipe.sink().writeFully(ByteBuffer.wrap(numbers(0, 300)), Wait.forever());
    pipe.sink().endAsync().toCompletableFuture().join();
    assertEquals(-1, read(1000));
    assertArrayEquals(numbers(0, 300), got);
  }

  @Test
  void nothingIsTakenOnceTheStreamHasEnded() throws IOException {
    MemoryPipe memory = new MemoryPipe(CAPACITY, false);
    memory.sink().write(ByteBuffer.wrap(numbers(0, CAPACITY)));
    ByteBuffer src = ByteBuffer.wrap(numbers(CAPACITY, 100));
    ((Offering) memory.sink()).offer(src);
    memory.sink().end();
    ByteBuffer dst = ByteBuffer.allocate(200);
    assertEquals(CAPACITY, memory.source().read(dst));
    assertEquals(-1, memory.source().read(dst));
    assertEquals(0, ((Offering) memory.sink()).withdraw(src));
  }

  @Test
  void nothingIsTakenAfterAnAbort() throws IOException {
    stage.steps.add(
        () -> {
          pipe.abort(new IOException("cut on purpose"));
          assertEquals(CAPACITY, read(1000));
          assertThrows(IOException.class, () -> read(1000));
        });
    ByteBuffer src = ByteBuffer.wrap(numbers(0, 300));
    assertThrows(IOException.class, () -> pipe.sink().writeFully(src, Wait.forever()));
    assertEquals(CAPACITY, src.position());
  }

  @Test
  void whatWasTakenBeforeACloseIsNotDropped() throws IOException {
    stage.steps.add(
        () -> {
          assertEquals(100, read(100));
          pipe.source().close();
        });
    ByteBuffer src = ByteBuffer.wrap(numbers(0, 300));
    BrokenPipeException broken =
        assertThrows(BrokenPipeException.class, () -> pipe.sink().writeFully(src, Wait.forever()));
    assertEquals(100, src.position());
    assertEquals(0, broken.count());
  }

  @Test
  void nothingIsTakenOfAWriteThatACloseHasEnded() throws IOException {
    stage.steps.add(() -> pipe.sink().close());
    ByteBuffer src = ByteBuffer.wrap(numbers(0, 300));
    assertThrows(
        StreamClosedWhileWaitingException.class, () -> pipe.sink().writeFully(src, Wait.forever()));
    readAll();
    assertArrayEquals(numbers(0, CAPACITY), got);
  }

  @Test
  void onlyMemoryOnTheHeapIsOffered() throws IOException {
    for (ByteBuffer src :
        new ByteBuffer[] {
          ByteBuffer.allocateDirect(300), ByteBuffer.allocate(300).asReadOnlyBuffer()
        }) {
      stage.steps.add(() -> assertEquals(CAPACITY, read(1000)));
      pipe.sink().write(src, Wait.forever());
      assertEquals(CAPACITY, pipe.sink().write(src, Wait.forever()));
      readAll();
    }
  }

  @Test
  void writerThatIsToldNotToWaitOffersNothing() throws IOException {
    ByteBuffer src = ByteBuffer.wrap(numbers(0, 300));
    assertEquals(CAPACITY, pipe.sink().write(src, Wait.none()));
    assertEquals(0, pipe.sink().write(src, Wait.none()));
    assertEquals(CAPACITY, read(1000));
    assertEquals(0, read(1000));
  }

  @Test
  void noTwoOffersAreMadeAtOnePlace() throws IOException {
    MemoryPipe memory = new MemoryPipe(CAPACITY, false);
    memory.sink().write(ByteBuffer.wrap(numbers(0, CAPACITY)));
    Offering offering = (Offering) memory.sink();
    ByteBuffer first = ByteBuffer.wrap(numbers(CAPACITY, 100));
    offering.offer(first);
    assertEquals(0, offering.withdraw(first));
    // A reader that was held up while it copied from the first could take it for the second.
    ByteBuffer second = ByteBuffer.wrap(numbers(CAPACITY, 100));
    offering.offer(second);
    ByteBuffer dst = ByteBuffer.allocate(200);
    assertEquals(CAPACITY, memory.source().read(dst));
    assertEquals(0, offering.withdraw(second));
    assertEquals(36, memory.sink().write(second));
    assertEquals(36, memory.source().read(dst));
    assertArrayEquals(numbers(0, 100), Arrays.copyOf(dst.array(), dst.position()));
  }
}
