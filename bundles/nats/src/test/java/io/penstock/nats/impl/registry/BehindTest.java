// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Message;
import io.penstock.channel.Endpoint;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import io.penstock.remote.spi.RemoteEntry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A watch by a consumer whose server was away and is still fetching what it has missed. The test
 * answers in place of JetStream, which the server here does not have.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class BehindTest {
  private static final RemoteEntry KEPT =
      new RemoteEntry("a", 1, "orders", Endpoint.tcp("a", 1), 0, Map.of(), Map.of());
  private static final String FILTER = Subjects.named("orders");

  private static NatsCluster cluster;

  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
  private final AtomicInteger beginnings = new AtomicInteger();
  private final AtomicInteger looks = new AtomicInteger();
  private volatile String newest = found(7);
  private Link link;

  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(1, "127.0.0.1", "jetstream: disabled\n");
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

  @BeforeEach
  void connect() throws Exception {
    link = Connected.link(cluster);
    Object unused =
        link.subscribe(
            "$JS.API.STREAM.MSG.GET." + Subjects.STREAM,
            question -> {
              looks.incrementAndGet();
              answer(question, newest);
            });
    unused =
        link.subscribe(
            "$JS.API.CONSUMER.CREATE." + Subjects.STREAM,
            question -> {
              beginnings.incrementAndGet();
              answer(question, "{\"name\":\"c\",\"num_pending\":0}");
            });
  }

  @AfterEach
  void disconnect() {
    link.close();
  }

  private void answer(Message question, String text) {
    link.tell(question.getReplyTo(), null, text.getBytes(StandardCharsets.UTF_8));
  }

  private static String found(long sequence) {
    return "{\"message\":{\"subject\":\"x\",\"seq\":" + sequence + "}}";
  }

  private static String error(int code) {
    return "{\"error\":{\"code\":404,\"err_code\":" + code + ",\"description\":\"planted\"}}";
  }

  private Watch watch() {
    return new Watch(
        link,
        FILTER,
        List.of(KEPT),
        new Watch.Sight() {
          @Override
          public void stored(RemoteEntry entry, long sequence) {
            seen.add("stored " + entry.key());
          }

          @Override
          public void gone(String name, String key, boolean told, long sequence) {
            seen.add("gone " + key);
          }

          @Override
          public void known() {
            seen.add("known");
          }

          @Override
          public void lost() {
            seen.add("lost");
          }
        });
  }

  private String next() throws InterruptedException {
    return seen.poll(30, TimeUnit.SECONDS);
  }

  private void await(AtomicInteger count, int least) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (count.get() < least) {
      assertTrue(System.nanoTime() < end, "never: " + least);
      boolean unused = new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
    }
  }

  @Test
  void anEntryThatTheLeaderDoesNotHaveIsGone() throws Exception {
    newest = error(Api.NO_MESSAGE);
    Watch watch = watch();
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    watch.close();
  }

  @Test
  void anEntryThatOnlyTheLeaderHasIsNotGone() throws Exception {
    Watch watch = watch();
    // Perhaps the next consumer is on a server that has it.
    await(beginnings, 3);
    assertEquals(List.of(), List.copyOf(seen));
    newest = error(Api.NO_MESSAGE);
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    watch.close();
  }

  @Test
  void withoutALeaderNothingIsDecidedAtOnce() throws Exception {
    newest = error(10008);
    Watch watch = watch();
    await(looks, 5);
    assertEquals(List.of(), List.copyOf(seen));
    newest = error(Api.NO_MESSAGE);
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    watch.close();
  }

  @Test
  void aServerThatMayNotTellIsBelievedAfterAWhile() throws Exception {
    newest = error(10008);
    Watch watch = watch();
    long begun = System.nanoTime();
    assertEquals("gone a/1", next());
    assertTrue(System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(9));
    assertEquals("known", next());
    watch.close();
  }
}
