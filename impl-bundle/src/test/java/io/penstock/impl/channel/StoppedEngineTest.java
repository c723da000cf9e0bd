// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.kind.memory.MemoryPair;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What comes after the engine has stopped ends all the same. */
class StoppedEngineTest {
  @Test
  void taskThatComesTooLateIsCancelled() {
    Engine engine = new Engine();
    engine.close();
    assertTrue(engine.schedule(Duration.ZERO, () -> {}).isCancelled());
  }

  @Test
  void closeReleasesWhatCannotBeSentAnyMore() throws Exception {
    Engine engine = new Engine();
    ChannelOptions options = ChannelOptions.defaults().withName("late");
    DrivenChannel channel = new DrivenChannel(Endpoint.parse("mem:x"), options, engine);
    channel.attach(MemoryPair.create("late", options).left());
    CompletableFuture<?> write =
        channel.sink().writeAsync(ByteBuffer.allocate(1 << 20)).toCompletableFuture();
    assertFalse(write.isDone());
    engine.close();

    channel
        .closeAsync()
        .handle((done, failure) -> null)
        .toCompletableFuture()
        .get(20, TimeUnit.SECONDS);

    write.handle((done, failure) -> null).get(20, TimeUnit.SECONDS);
    assertTrue(write.isCompletedExceptionally());
  }
}
