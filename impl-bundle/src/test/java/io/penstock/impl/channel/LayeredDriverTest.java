// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a channel tells the one that it lies above. */
class LayeredDriverTest {
  private final AtomicInteger told = new AtomicInteger();

  /** Counts how often it is told that its owner closes. */
  private final class Counting implements ChannelDriver {
    private final ChannelDriver memory = MemoryPair.create("x", ChannelOptions.defaults()).left();

    @Override
    public @Nullable SourceDriver source() {
      return memory.source();
    }

    @Override
    public @Nullable SinkDriver sink() {
      return memory.sink();
    }

    @Override
    public void closing() {
      told.incrementAndGet();
    }

    @Override
    public void close() throws IOException {
      memory.close();
    }

    @Override
    public void abort(Throwable cause) {
      memory.abort(cause);
    }
  }

  /** A caller that waits at the facet of a channel below is woken by a close above. */
  @Test
  void closeAboveIsToldBelowAtOnceAndOnce() throws Exception {
    try (Engine engine = new Engine()) {
      DrivenChannel below =
          new DrivenChannel(Endpoint.parse("mem:x"), ChannelOptions.defaults(), engine);
      below.attach(new Counting());
      LayeredDriver layer =
          new LayeredDriver(below, (SourceEnd) below.source(), (SinkEnd) below.sink());
      layer.closing();
      assertEquals(1, told.get());
      assertTrue(below.isOpen(), "what was written may still be on its way");
      below.closeAsync().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertEquals(1, told.get());
    }
  }
}
