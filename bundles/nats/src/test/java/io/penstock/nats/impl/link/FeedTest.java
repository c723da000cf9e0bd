// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.JetStreamManagement;
import io.nats.client.Message;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
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

    // It may begin before the test has it; the test asks, too.
    private volatile @Nullable Feed feed;

    // Only on the link's thread.
    private final List<Long> sequences = new ArrayList<>();
    private long bytes;
    private long begun;
    private boolean takes;

    void ask() {
      Feed mine = feed;
      if (mine != null) {
        mine.room(WINDOW - bytes, WINDOW);
      }
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
      // On a slow machine: it tries again.
    }
  }

  private static StreamConfiguration.Builder stream(String name) {
    return StreamConfiguration.builder().name(name).subjects(name).storageType(StorageType.Memory);
  }

  // An interrupt ends the run.
  @SuppressWarnings("try")
  private static void fill(NatsCluster server) throws Exception {
    try (Connection connection = NatsCluster.connect(server.url(0))) {
      Object unused = connection.jetStreamManagement().addStream(stream("sizes").build());
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

  /** Has begun, and takes nothing. */
  private static final class Begun implements Feed.Drain {
    private final Semaphore times = new Semaphore(0);

    @Override
    public void from(MapBuilder config) {
      config.put("deliver_policy", "all");
    }

    @Override
    public void begun(long pending) {
      times.release();
    }

    @Override
    public void message(Message message, long sequence, long pending) {}

    @Override
    public void troubled(LinkException why) {
      // On a slow machine: it tries again.
    }

    void await() throws InterruptedException {
      assertTrue(times.tryAcquire(30, TimeUnit.SECONDS), "the feed does not begin");
    }
  }

  /**
   * Of those that were elsewhere, some may still be going; and the newest may not be told of yet.
   */
  private static ConsumerInfo newest(JetStreamManagement streams, String stream) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    Optional<ConsumerInfo> newest = Optional.empty();
    while (newest.isEmpty()) {
      assertTrue(System.nanoTime() < end, "there is no consumer of " + stream);
      newest =
          streams.getConsumers(stream).stream()
              .max(Comparator.comparing(ConsumerInfo::getCreationTime));
    }
    return newest.get();
  }

  /** On another server than the link's, each message would take one more way. */
  @Test
  // An interrupt ends the run.
  @SuppressWarnings("try")
  void whatCarriesMuchIsOnTheServerOfItsLink() throws Exception {
    try (NatsCluster servers = NatsCluster.start(3);
        Connection connection = NatsCluster.connect(servers.url(0))) {
      servers.awaitReady();
      JetStreamManagement streams = connection.jetStreamManagement();
      Object unused = streams.addStream(stream("near").replicas(3).build());
      Semaphore made = new Semaphore(0);
      unused =
          connection
              .createDispatcher(message -> made.release())
              .subscribe("$JS.EVENT.ADVISORY.CONSUMER.CREATED.near.*");
      connection.flush(Duration.ofSeconds(10));
      for (int i = 0; i < 4; i++) {
        Begun begun = new Begun();
        try (Link link = Connected.link(servers);
            Feed feed = new Feed(link, "near", null, begun)) {
          link.run(() -> feed.room(WINDOW, WINDOW));
          begun.await();
          // It is by chance where each is, and not tried for ever.
          long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
          String place = newest(streams, "near").getClusterInfo().getLeader();
          while (!link.isOn(place)
              && !made.tryAcquire(1 + Feed.MOST_TRIES, 100, TimeUnit.MILLISECONDS)) {
            assertTrue(System.nanoTime() < end, "given up too early, on " + place);
            place = newest(streams, "near").getClusterInfo().getLeader();
          }
          made.drainPermits();
          link.run(feed::restartElsewhere);
          begun.await();
        }
      }
    }
  }
}
