// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkSettings;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Links that are up. */
public final class Connected {
  private Connected() {}

  /** A link to the servers of a cluster. */
  public static Link link(NatsCluster cluster) throws InterruptedException {
    return link(new LinkSettings(cluster.urls(), Map.of(), Map.of()));
  }

  /** A link, once it is up. */
  public static Link link(LinkSettings settings) throws InterruptedException {
    CountDownLatch up = new CountDownLatch(1);
    Link link = new Link(settings, "test");
    link.watch(
        new Link.Watcher() {
          @Override
          public void up() {
            up.countDown();
          }

          @Override
          public void down(String why) {}
        });
    assertTrue(up.await(30, TimeUnit.SECONDS), link + " does not come up");
    return link;
  }
}
