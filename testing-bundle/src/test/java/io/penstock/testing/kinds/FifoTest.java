// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.testing.ChannelSuite;
import io.penstock.testing.ContractSuite;
import io.penstock.testing.Kind;
import io.penstock.testing.Services;
import io.penstock.testing.Subject;
import io.penstock.testing.Trait;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Two channels at the two ends of a FIFO. */
class FifoTest {
  @TempDir static Path folder;

  private static Subject open() throws Exception {
    Path path = folder.resolve(Bench.fresh("fifo"));
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    // Each open waits for the other one.
    Channel reader =
        Bench.PENSTOCK
            .channels()
            .connect(
                Endpoint.parse("fifo:" + path),
                ChannelOptions.defaults().withDirection(Direction.INPUT));
    Channel writer =
        Bench.open("fifo:" + path, ChannelOptions.defaults().withDirection(Direction.OUTPUT));
    reader.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
    return Subject.of(writer, reader);
  }

  private static Kind fifo() {
    return Kind.of("fifo", () -> open())
        .without(Trait.DUPLEX, "a FIFO goes one way")
        .without(Trait.HALF_CLOSE, "a FIFO goes one way")
        .without(Trait.LISTENS, "both sides open the path")
        .without(Trait.CONNECT_REFUSED, "an open waits for the other side")
        .without(Trait.IMMEDIATE, "bytes go through the system")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_DRAINS, "the system breaks the pipe")
        .without(Trait.ABORT_DELIVERED, "the system has no way to say so")
        .without(Trait.ABORT_SEEN, "the system has no way to say so")
        .without(Trait.VERDICT, "there is no peer of its own");
  }

  @Nested
  class Ends extends ContractSuite {
    @Override
    protected Kind kind() {
      return fifo();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return fifo();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }
}
