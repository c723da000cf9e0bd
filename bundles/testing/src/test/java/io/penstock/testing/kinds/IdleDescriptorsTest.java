// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.poller.Poller;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.Subject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** What descriptors by which nothing comes cost a poller's caller. */
class IdleDescriptorsTest {
  private static final int IDLE = 1000;
  private static final int LEAST_ROUNDS = 30;
  private static final int MOST_ROUNDS = 1000;
  private static final int POLLS = 500;

  /** What is allowed, in nanoseconds for each poll. */
  private static final long MOST = 2000;

  @TempDir static Path folder;

  /**
   * One active socket in each of two pollers, one of which has a thousand idle FIFOs as well. They
   * take turns, and the best round of each counts: everything else that the machine does only adds,
   * so that they go on while it has added too much.
   */
  @Case(seconds = 90)
  void thousandIdleDescriptorsAddLittleToAPoll() throws Exception {
    Endpoint listen = Endpoint.parse("unix-listen:" + folder.resolve(Bench.fresh("s")));
    List<Channel> idle = new ArrayList<>();
    try (Poller alone = Bench.PENSTOCK.poller();
        Poller crowded = Bench.PENSTOCK.poller();
        Subject first = Bench.clientToServer(listen, Bench::connecting);
        Subject second = Bench.clientToServer(listen, Bench::connecting)) {
      alone.register(first.source(), Framing.bytes());
      crowded.register(second.source(), Framing.bytes());
      String fifo = "fifo:" + folder.resolve(Bench.fresh("fifo")) + "?create=0600";
      ChannelOptions options = ChannelOptions.defaults().withDirection(Direction.INPUT);
      for (int i = 0; i < IDLE; i++) {
        Channel each = Bench.open(fifo, options);
        idle.add(each);
        ByteSource source = each.source();
        crowded.register(source, Framing.bytes());
      }
      long without = Long.MAX_VALUE;
      long with = Long.MAX_VALUE;
      for (int round = 0;
          round < LEAST_ROUNDS || (with - without > MOST && round < MOST_ROUNDS);
          round++) {
        without = Math.min(without, polls(alone, first.sink()));
        with = Math.min(with, polls(crowded, second.sink()));
      }
      long added = with - without;
      System.out.printf(
          "%d idle descriptors add %d ns to a poll and what it hears, which takes %d ns%n",
          IDLE, added, without);
      assertTrue(added <= MOST, added + " ns more than " + without + " ns");
    } finally {
      for (Channel each : idle) {
        each.close();
      }
    }
  }

  /** The time of each poll, and of writing what it hears of, in nanoseconds. */
  private static long polls(Poller poller, ByteSink sink) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    long begin = System.nanoTime();
    for (int i = 0; i < POLLS; i++) {
      sink.write(one.clear(), Bench.SOON);
      assertEquals(1, poller.poll(Bench.SOON).size());
    }
    return (System.nanoTime() - begin) / POLLS;
  }
}
