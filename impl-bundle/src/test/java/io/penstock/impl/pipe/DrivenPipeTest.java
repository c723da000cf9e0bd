// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.impl.core.Engine;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What the contract suite cannot see from outside: changes that nobody's failed try has told of.
 */
class DrivenPipeTest {
  private final Engine engine = new Engine();
  private final DrivenPipe pipe = new DrivenPipe(PipeOptions.defaults().withCapacity(4), engine);

  @AfterEach
  void stop() throws IOException {
    pipe.close();
    engine.close();
  }

  private static ByteBuffer bytes(int n) {
    return ByteBuffer.allocate(n);
  }

  private static void called(Semaphore calls) throws InterruptedException {
    assertTrue(calls.tryAcquire(20, TimeUnit.SECONDS), "the watcher was not called");
  }

  @Test
  void readingExactlyWhatIsThereIsAChange() throws Exception {
    Semaphore calls = new Semaphore(0);
    try (Watch watch = pipe.source().readable().onSet(engine, calls::release)) {
      assertNotNull(watch);
      pipe.sink().write(bytes(1));
      called(calls);
      assertEquals(1, pipe.source().read(bytes(1)));
      pipe.sink().write(bytes(1));
      called(calls);
      assertEquals(1, pipe.source().take(1, Wait.none()).remaining());
      pipe.sink().write(bytes(2));
      called(calls);
      pipe.source().readFully(bytes(2), Wait.none());
      pipe.sink().write(bytes(3));
      called(calls);
      assertEquals(3, pipe.source().consume(3, run -> run.position(run.limit()), Wait.none()));
      pipe.sink().write(bytes(1));
      called(calls);
      assertEquals(1, pipe.source().drain().remaining());
      pipe.sink().end();
      called(calls);
    }
  }

  @Test
  void leavingBytesIsNoChange() throws Exception {
    Semaphore calls = new Semaphore(0);
    try (Watch watch = pipe.source().readable().onSet(engine, calls::release)) {
      assertNotNull(watch);
      pipe.sink().write(bytes(3));
      called(calls);
      pipe.source().read(bytes(1));
      pipe.sink().write(bytes(1));
      pipe.source().read(bytes(1));
    }
    // Whatever the watcher was going to do, it has done when its executor is empty.
    engine.close();
    assertEquals(0, calls.availablePermits());
  }

  @Test
  void fillingExactlyIsAChange() throws Exception {
    Semaphore calls = new Semaphore(0);
    try (Watch watch = pipe.sink().writable().onSet(engine, calls::release)) {
      assertNotNull(watch);
      called(calls);
      assertEquals(4, pipe.sink().write(bytes(4)));
      assertFalse(pipe.sink().writable().isSet());
      assertEquals(1, pipe.source().read(bytes(1)));
      called(calls);
      assertEquals(1, pipe.sink().give(bytes(1), Wait.none()));
      assertEquals(4, pipe.source().read(bytes(4)));
      called(calls);
    }
  }

  @Test
  void closingBothEndsClosesThePipe() throws Exception {
    pipe.source().inputStream().close();
    assertFalse(pipe.closed().toCompletableFuture().isDone());
    pipe.sink().outputStream().close();
    pipe.closed().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void drainTakesWhatIsThereAndNotWhatComesMeanwhile() throws Exception {
    var writers = Executors.newSingleThreadExecutor();
    try {
      var writing =
          writers.submit(
              () -> {
                while (true) {
                  pipe.sink().writeFully(bytes(4), Wait.forever());
                }
              });
      for (int i = 0; i < 1000; i++) {
        assertTrue(pipe.source().drain().remaining() <= 4);
      }
      writing.cancel(true);
    } finally {
      writers.shutdownNow();
      assertTrue(writers.awaitTermination(20, TimeUnit.SECONDS));
    }
  }
}
