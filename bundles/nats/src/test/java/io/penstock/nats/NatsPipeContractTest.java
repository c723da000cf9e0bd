// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.nats.support.NatsCluster;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contract of every pipe, over a stream of a server's, as a whole pipe and as two channels. */
class NatsPipeContractTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private static NatsCluster server;
  private static Penstock penstock;

  @BeforeAll
  static void begin() throws Exception {
    server = NatsCluster.start(1);
    penstock = Penstock.open();
  }

  @AfterAll
  static void end() throws Exception {
    penstock.close();
    server.close();
  }

  private static String fresh() {
    return server.url(0) + "/pipe-" + NUMBERS.incrementAndGet();
  }

  private static Kind lacking(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "a reader is only shown what is acknowledged")
        .without(Trait.UNAIDED, "acknowledgements come from another thread")
        .without(Trait.BY_REFERENCE, "what is read comes from the servers")
        .without(Trait.FLUSH_SEES_READER, "a flush waits for the servers, and for no reader")
        .without(Trait.CLOSE_DROPS, "nothing is dropped; the next reader goes on")
        .without(Trait.CLOSE_BREAKS_WRITER, "the next reader goes on")
        .without(Trait.CLOSE_DRAINS, "nothing is dropped; the next reader goes on");
  }

  private static Kind pipe(String name, String keys, long capacity) {
    return lacking(
        Kind.of(
            name,
            () -> {
              Pipe pipe =
                  penstock
                      .pipes()
                      .open(
                          Endpoint.parse(fresh() + "?replicas=1" + keys),
                          PipeOptions.defaults().withCapacity(capacity),
                          SOON);
              return Subject.of(pipe);
            }));
  }

  private static Channel end(String place, String keys) throws IOException {
    return penstock
        .channels()
        .open(
            Endpoint.parse("durable:" + place + "?replicas=1&" + keys),
            ChannelOptions.defaults(),
            SOON);
  }

  @Nested
  class Group extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("durable-nats", "", 32 * 1024);
    }
  }

  @Nested
  class Each extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("durable-nats-each", "&sync=each&block=4KiB&window=8KiB&keep=100KiB", 32 * 1024)
          .without(Trait.WHOLE_ROOM, "the window is smaller than the capacity");
    }
  }

  @Nested
  class Channels extends ContractSuite {
    @Override
    protected Kind kind() {
      return lacking(
              Kind.of(
                  "durable-nats-channels",
                  () -> {
                    String place = fresh();
                    Channel writer = end(place, "mode=write&capacity=32KiB");
                    Channel reader = end(place, "mode=read&capacity=32KiB");
                    return Subject.of(
                        writer.sink(), reader.source(), writer::abort, writer, reader);
                  }))
          .without(Trait.READS_SEEN, "the reader belongs to another channel")
          .without(Trait.ABORT_DELIVERED, "the text of the cause is kept, and not the cause");
    }
  }
}
