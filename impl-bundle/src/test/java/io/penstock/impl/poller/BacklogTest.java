// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.impl.core.SourceEnd;
import io.penstock.poller.Registration;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What was not delivered is either the poller's or the source's. */
class BacklogTest {
  private final Bench bench = new Bench();
  private final SelectorPoller poller = bench.poller();
  private final Recorder recorder = new Recorder();

  @AfterEach
  void close() {
    poller.close();
    bench.close();
  }

  /** A part of a line, then nothing, then the end, during whose read somebody unregisters. */
  private static final class Script implements SourceDriver {
    private @Nullable Registration registration;
    private @Nullable Thread closer;
    private Runnable ready = () -> {};
    private int reads;

    @Override
    public int read(ByteBuffer dst) throws IOException {
      Registration mine = registration;
      if (mine == null) {
        return -1;
      }
      return switch (reads++) {
        case 0 -> {
          dst.put("abc".getBytes(StandardCharsets.UTF_8));
          yield 3;
        }
        case 1 -> 0;
        default -> {
          closeWhileReading(mine);
          yield -1;
        }
      };
    }

    private void closeWhileReading(Registration mine) {
      Thread thread = new Thread(mine::close, "closer");
      closer = thread;
      thread.start();
      // It has said so, and waits for this read, once it waits.
      while (thread.getState() != Thread.State.WAITING) {
        LockSupport.parkNanos(200_000);
      }
    }

    @Override
    public boolean ready() {
      return reads == 2;
    }

    @Override
    public void onReady(Runnable callback) {
      ready = callback;
    }

    @Override
    public void close() {}
  }

  @Test
  void bytesThatWereGivenBackAreNotDelivered() throws Exception {
    Script script = new Script();
    SourceEnd source = new SourceEnd("a", bench.engine, Wait.forever(), script);
    script.registration = poller.register(source, Framing.lines(100));
    assertEquals(0, poller.poll(Wait.none(), recorder));
    script.ready.run();
    assertEquals(0, poller.poll(Wait.none(), recorder));
    Thread closer = script.closer;
    if (closer == null) {
      throw new AssertionError("nobody has unregistered");
    }
    closer.join();
    assertEquals(List.of(), recorder.drain());
    script.registration = null;
    assertEquals("abc", Recorder.text(source.drain()));
  }
}
