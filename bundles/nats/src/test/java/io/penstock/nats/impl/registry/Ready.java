// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.nats.NatsRegistries;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.SilentListener;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits until new servers have a leader, and the stream. */
final class Ready {
  private Ready() {}

  static void await(NatsCluster cluster) throws InterruptedException {
    CountDownLatch connected = new CountDownLatch(1);
    RegistrySettings settings =
        new RegistrySettings(
            cluster.urls(), Duration.ofSeconds(3), cluster.size(), Map.of(), Map.of());
    try (Registry registry = new NatsRegistries().open("ready", settings, new Quiet(connected))) {
      assertTrue(connected.await(30, TimeUnit.SECONDS), registry + " is not connected");
    }
  }

  /** Deletes the stream with all that is in it. */
  static void fresh(NatsCluster cluster) throws Exception {
    try (Link link = Connected.link(cluster)) {
      Object unused =
          Api.ask(link, "STREAM.DELETE." + Subjects.STREAM, "").get(30, TimeUnit.SECONDS);
    }
    await(cluster);
  }

  private static final class Quiet extends SilentListener {
    private final CountDownLatch latch;

    Quiet(CountDownLatch latch) {
      this.latch = latch;
    }

    @Override
    public void connected() {
      latch.countDown();
    }

    @Override
    public void disconnected(String why) {
      System.out.println("not ready: " + why);
    }
  }
}
