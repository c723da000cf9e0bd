// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Nested;

/** The pipe in memory, in each of its makes. */
class PipeTest {
  private static final PipeOptions SMALL = PipeOptions.defaults().withCapacity(1000);

  static Kind pipe(String name, PipeOptions options) {
    return Kind.of(name, () -> Subject.of(Bench.PENSTOCK.pipes().create(options)))
        .without(Trait.CLOSE_DRAINS, "a writer whose reader has gone is told");
  }

  @Nested
  class Bounded extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("pipe", SMALL);
    }
  }

  @Nested
  class Direct extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("pipe-direct", SMALL.withDirect(true));
    }
  }

  @Nested
  class Spinning extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("pipe-spinning", SMALL.withSpin(Duration.ofNanos(20_000)));
    }
  }

  @Nested
  class Unbounded extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("pipe-unbounded", PipeOptions.defaults().withUnboundedCapacity())
          .without(Trait.BOUNDED, "an unbounded pipe is never full");
    }
  }

  @Nested
  class SingleCallers extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe(
              "pipe-single-callers",
              SMALL.withWriters(PipeOptions.Callers.ONE).withReaders(PipeOptions.Callers.ONE))
          .without(Trait.MANY_CALLERS, "one caller at a time was declared for each end");
    }
  }

  private static Pipe create(PipeOptions options) {
    return Bench.PENSTOCK.pipes().create(options);
  }

  @Case
  void nameIsThatOfThePipeAndItsEnds() throws IOException {
    try (Pipe named = create(SMALL.withName("my-pipe"));
        Pipe unnamed = create(SMALL)) {
      assertEquals("my-pipe", named.name());
      assertTrue(named.sink().name().contains("my-pipe"));
      assertTrue(named.source().name().contains("my-pipe"));
      assertFalse(unnamed.name().isEmpty());
      assertSame(named.sink(), named.sink());
      assertSame(named.source(), named.source());
    }
  }

  @Case
  void optionsGiveTheEndsTheirLimits() throws IOException {
    Wait limit = Wait.upTo(Duration.ofMillis(5));
    try (Pipe pipe = create(SMALL.withReadWait(limit).withWriteWait(Wait.none()))) {
      assertEquals(limit, pipe.source().readWait());
      assertEquals(Wait.none(), pipe.sink().writeWait());
      assertEquals(1000, pipe.sink().room());
      assertThrows(StreamTimeoutException.class, () -> pipe.source().read(ByteBuffer.allocate(1)));
      assertEquals(1000, pipe.sink().write(ByteBuffer.allocate(1001)));
      assertEquals(0, pipe.sink().write(ByteBuffer.allocate(1)));
    }
    try (Pipe pipe = create(PipeOptions.defaults())) {
      assertEquals(64 * 1024, pipe.sink().room());
      assertEquals(Wait.forever(), pipe.source().readWait());
      assertEquals(Wait.forever(), pipe.sink().writeWait());
    }
  }

  @Case
  void closeClosesBothEndsTheSourceFirst() throws Exception {
    Pipe pipe = create(SMALL);
    pipe.sink().writeFully("dropped", Bench.SOON);
    assertFalse(pipe.closed().toCompletableFuture().isDone());
    pipe.close();
    pipe.close();
    assertFalse(pipe.sink().isOpen());
    assertFalse(pipe.source().isOpen());
    assertThrows(StreamClosedException.class, () -> pipe.source().read(ByteBuffer.allocate(1)));
    assertThrows(StreamClosedException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
    pipe.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Case
  void anEndedAndDrainedPipeIsClosed() throws Exception {
    Pipe pipe = create(SMALL);
    pipe.sink().writeFully("rest", Bench.SOON);
    pipe.sink().end();
    assertFalse(pipe.closed().toCompletableFuture().isDone());
    assertEquals(4, pipe.source().readAll(9, Bench.SOON).remaining());
    pipe.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Case
  void anAbortedPipeCompletesWithTheCause() {
    Pipe pipe = create(SMALL);
    IOException cause = new IOException("cut on purpose");
    pipe.abort(cause);
    ExecutionException thrown =
        assertThrows(
            ExecutionException.class,
            () -> pipe.closed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertSame(cause, thrown.getCause());
  }

  @Case
  void closedPipeCanBeCollected() throws Exception {
    WeakReference<Pipe> reference = usedAndClosed();
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (reference.get() != null) {
      assertTrue(System.nanoTime() - deadline < 0, "a closed pipe is still held by somebody");
      System.gc();
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static WeakReference<Pipe> usedAndClosed() throws IOException {
    Pipe pipe = create(SMALL);
    pipe.sink().writeFully("used", Bench.SOON);
    pipe.source().read(ByteBuffer.allocate(9));
    pipe.close();
    return new WeakReference<>(pipe);
  }
}
