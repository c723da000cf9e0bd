// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How a buffer finds that nothing more comes. */
class MemoryPipeTest {
  private final AtomicLong kept = new AtomicLong();
  private final AtomicInteger told = new AtomicInteger();

  @Test
  void theReaderOfTheLastByteFindsTheEndAlthoughItsNewsHasFailed() throws IOException {
    MemoryPipe pipe = new MemoryPipe(16, false);
    pipe.countTo(kept::addAndGet);
    pipe.onDrained(told::incrementAndGet);
    assertEquals(1, pipe.sink().write(ByteBuffer.wrap(new byte[1])));
    assertTrue(kept.get() > 0, "copies need memory");
    pipe.source()
        .onReady(
            () -> {
              throw new IllegalStateException("planned");
            });
    assertThrows(IllegalStateException.class, () -> pipe.sink().close());
    assertEquals(0, told.get());
    assertEquals(1, pipe.source().read(ByteBuffer.allocate(2)));
    assertEquals(1, told.get());
    assertEquals(0, kept.get());
  }
}
