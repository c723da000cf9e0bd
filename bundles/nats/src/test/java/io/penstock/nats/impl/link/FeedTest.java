// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much of a stream comes at once. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FeedTest {
  private static final int SMALL = 400;
  private static final int LARGE = 40;
  private static final int LARGE_BYTES = 100_000;
  private static final int WINDOW = 100_000;

  /** Takes small messages at once, and keeps large ones until it is told to take them, too. */
  private static final class Stock implements Feed.Drain {
    private final CountDownLatch smallOnes = new CountDownLatch(SMALL);
    private final CountDownLatch twoLarge = new CountDownLatch(2);
    private final CountDownLatch all = new CountDownLatch(SMALL + LARGE);

    // Only on the link's thread.
    private final List<Long> sequences = new ArrayList<>();
    private Feed feed;
    private long bytes;
    private long begun;
    private boolean takes;

    void ask() {
      feed.room(WINDOW - bytes, WINDOW);
    }

    @Override
    public void from(MapBuilder config) {
      config.put("deliver_policy", "all");
    }

    @Override
    public void begun(long pending) {
      begun++;
      ask();
    }

    @Override
    public void message(Message message, long sequence, long pending) {
      sequences.add(sequence);
      if (message.getData().length == LARGE_BYTES) {
        bytes += takes ? 0 : LARGE_BYTES;
        twoLarge.countDown();
      } else {
        smallOnes.countDown();
      }
      all.countDown();
      ask();
    }

    @Override
    public void troubled(LinkException why) {
      throw new AssertionError(why);
    }
  }

  // An interrupt ends the run.
  @SuppressWarnings("try")
  private static void fill(NatsCluster server) throws Exception {
    try (Connection connection =
        Nats.connect(Options.builder().server(server.urls().get(0)).build())) {
      Object unused =
          connection
              .jetStreamManagement()
              .addStream(
                  StreamConfiguration.builder()
                      .name("sizes")
                      .subjects("sizes")
                      .storageType(StorageType.Memory)
                      .build());
      JetStream stream = connection.jetStream();
      for (int i = 0; i < SMALL + LARGE; i++) {
        unused = stream.publish("sizes", new byte[i < SMALL ? 100 : LARGE_BYTES]);
      }
    }
  }

  /** A feed that has learned that messages are small asks for many of them. */
  @Test
  void suddenlyLargeMessagesDoNotFillTheMemory() throws Exception {
    Stock stock = new Stock();
    try (NatsCluster server = NatsCluster.start(1)) {
      fill(server);
      try (Link link = Connected.link(server);
          Feed feed = new Feed(link, "sizes", null, stock)) {
        stock.feed = feed;
        link.run(stock::ask);
        assertTrue(stock.smallOnes.await(30, TimeUnit.SECONDS));
        // The first takes up all the room.
        assertFalse(stock.twoLarge.await(1, TimeUnit.SECONDS));
        link.run(
            () -> {
              stock.bytes = 0;
              stock.takes = true;
              stock.ask();
            });
        assertTrue(stock.all.await(30, TimeUnit.SECONDS));
        CountDownLatch seen = new CountDownLatch(1);
        link.run(
            () -> {
              assertEquals(
                  LongStream.rangeClosed(1, SMALL + LARGE).boxed().toList(), stock.sequences);
              assertEquals(1, stock.begun);
              seen.countDown();
            });
        assertTrue(seen.await(30, TimeUnit.SECONDS));
      }
    }
  }
}
