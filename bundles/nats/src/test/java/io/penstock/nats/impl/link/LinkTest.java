// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Message;
import io.penstock.nats.impl.link.Link.Subscribed;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order a link's thread does what comes and what it is asked for; when it is up again. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class LinkTest {
  private static void say(Link link, String subject, String text) {
    link.tell(subject, null, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Else a subscription that somebody has ended would tell of what came later. */
  @Test
  void messagesWaitBehindStepsThatWereAskedForBeforeThem() throws Exception {
    BlockingQueue<String> order = new LinkedBlockingQueue<>();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch second = new CountDownLatch(1);
    try (NatsCluster server = NatsCluster.start(1);
        Link link = Connected.link(server);
        Link other = Connected.link(server)) {
      List<Subscribed> both =
          List.of(
              link.subscribe(
                  "order",
                  message -> {
                    order.add(text(message));
                    begun.countDown();
                    await(second);
                  }),
              // It has the second one when the server has sent it to both.
              other.subscribe(
                  "order",
                  message -> {
                    if (text(message).equals("second")) {
                      second.countDown();
                    }
                  }));
      awaitServer(link);
      awaitServer(other);
      say(link, "order", "first");
      assertTrue(begun.await(30, TimeUnit.SECONDS), both.toString());
      link.run(() -> order.add("step"));
      say(link, "order", "second");
      assertEquals("first", order.poll(30, TimeUnit.SECONDS));
      assertEquals("step", order.poll(30, TimeUnit.SECONDS));
      assertEquals("second", order.poll(30, TimeUnit.SECONDS));
    }
  }

  /** Within a second, docs/cluster.md says; on a busy machine one of several times is not late. */
  @Test
  void aLinkWhoseServerGoesIsSoonOnAnother() throws Exception {
    long least = Long.MAX_VALUE;
    try (NatsCluster servers = NatsCluster.start(2, "127.0.0.1", "jetstream: disabled\n")) {
      LinkSettings ordered = new LinkSettings(servers.urls(), Map.of(), Map.of());
      for (int round = 0; round < 4; round++) {
        int first = round % 2;
        try (Link link = Connected.link(ordered.from(first))) {
          assertTrue(link.isOn("s" + first), "it is on another server");
          long killed = System.nanoTime();
          servers.kill(first);
          while (!link.isOn("s" + (1 - first))) {
            assertTrue(System.nanoTime() - killed < TimeUnit.SECONDS.toNanos(30), "never up");
            boolean unused = new CountDownLatch(1).await(5, TimeUnit.MILLISECONDS);
          }
          least = Math.min(least, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killed));
        }
        servers.restart(first);
      }
    }
    System.out.println("times: on another server after " + least + " ms");
    assertTrue(least < 1000, "on another server only after " + least + " ms");
  }

  /** Returns when the server has done what the link has asked for. */
  private static void awaitServer(Link link) throws Exception {
    CompletableFuture<Message> answer = new CompletableFuture<>();
    link.run(() -> link.ask("$JS.API.INFO", null, new byte[0]).thenAccept(answer::complete));
    Object unused = answer.get(30, TimeUnit.SECONDS);
  }

  private static String text(Message message) {
    return new String(message.getData(), StandardCharsets.UTF_8);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS), "the second message has not come");
      // Nothing tells when it is in this process, too.
      boolean unused = new CountDownLatch(1).await(200, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
