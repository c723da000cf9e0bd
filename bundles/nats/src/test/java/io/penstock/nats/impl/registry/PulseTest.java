// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.nats.impl.link.Link;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a container notices that its server does not answer. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class PulseTest {
  private static final Duration SESSION = Duration.ofSeconds(4);

  /** On a busy machine something is late now and then; what has become slower is late each time. */
  private static final int ROUNDS = 5;

  private static final class Noting implements Pulse.Beating {
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    @Override
    public void reachable() {
      said.add("reachable");
    }

    @Override
    public void unreachable(String why) {
      said.add("unreachable");
    }

    @Override
    public void quarter() {}

    String next() throws InterruptedException {
      return said.poll(30, TimeUnit.SECONDS);
    }
  }

  /** After how many eighths of a session it is noticed that a server has stopped. */
  private static double noticed(NatsCluster cluster) throws Exception {
    try (Link link = Connected.link(cluster)) {
      Noting noting = new Noting();
      Pulse.begin(link, SESSION, noting);
      assertEquals("reachable", noting.next());
      cluster.pause(0);
      try {
        long paused = System.nanoTime();
        assertEquals("unreachable", noting.next());
        return 8.0 * (System.nanoTime() - paused) / SESSION.toNanos();
      } finally {
        cluster.resume(0);
      }
    }
  }

  /** After five of them, docs/cluster.md says: before the session is over. */
  @Test
  void aServerThatHangsIsNoticedBeforeTheSessionIsOver() throws Exception {
    try (NatsCluster cluster = NatsCluster.start(1)) {
      double least = 8;
      for (int round = 0; round < ROUNDS && least > 6; round++) {
        double took = noticed(cluster);
        System.out.println("pulse: noticed after " + took + " eighths of a session");
        assertTrue(took > 3.5, "after " + took + " eighths of a session");
        least = Math.min(least, took);
      }
      assertTrue(least <= 6, "only after " + least + " eighths of a session");
    }
  }
}
