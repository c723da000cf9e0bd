// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/** Floods what holds 64 KiB. */
public final class Floods {
  private static final int KB = 1024;
  private static final int FLOOD = 16 * KB * KB;

  private Floods() {}

  /** Expects that a flood makes it hold 256 KiB, where a quarter of the limit has room for that. */
  public static void assertTakeWhatIsAmple(Engine engine, ByteSink sink, ByteSource source)
      throws IOException {
    Budget container = engine.budgets().container();
    // The larger ring counts beside the one that it follows.
    long most = 4 * (64 + 256) * KB;
    container.limit(most - 4);
    move(sink, source, 4 * FLOOD);
    assertEquals(64 * KB, container.held());
    container.limit(most);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (container.held() == 64 * KB && System.nanoTime() - end < 0) {
      move(sink, source, FLOOD);
    }
    assertEquals(256 * KB, container.held());
  }

  private static void move(ByteSink sink, ByteSource source, long bytes) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(8 * KB);
    for (long moved = 0; moved < bytes; moved += 64 * KB) {
      for (int i = 0; i < 8; i++) {
        sink.writeFully(chunk.clear(), Wait.none());
      }
      for (int i = 0; i < 8; i++) {
        source.readFully(chunk.clear(), Wait.none());
      }
    }
  }
}
