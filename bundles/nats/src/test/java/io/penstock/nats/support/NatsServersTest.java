// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** That the servers of the other tests do what those tests rely on. */
@SuppressWarnings("try")
class NatsServersTest {
  private static Connection connect(NatsCluster cluster, int server) throws Exception {
    return NatsCluster.connect(cluster.url(server));
  }

  private static long messages(NatsCluster cluster, int server) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    try (Connection connection = connect(cluster, server)) {
      JetStreamManagement management = connection.jetStreamManagement();
      while (true) {
        try {
          return management.getStreamInfo("KEPT").getStreamState().getMsgCount();
        } catch (IOException e) {
          // The library waits for an answer for two seconds, in which a leader may go and come.
          assertTrue(System.nanoTime() < end, e::toString);
        }
      }
    }
  }

  @Test
  void whatThreeServersHaveSurvivesTheDeathOfTheirLeader() throws Exception {
    try (NatsCluster cluster = NatsCluster.start(3)) {
      cluster.awaitReady();
      try (Connection connection = connect(cluster, 0)) {
        Object unused =
            connection
                .jetStreamManagement()
                .addStream(
                    StreamConfiguration.builder()
                        .name("KEPT")
                        .subjects("kept")
                        .replicas(3)
                        .build());
        unused = connection.jetStream().publish("kept", "a".getBytes(StandardCharsets.US_ASCII));
      }
      int first = cluster.leaderOf("KEPT");
      cluster.kill(first);
      int other = (first + 1) % 3;
      cluster.pause(other);
      cluster.resume(other);
      cluster.restart(first);
      cluster.awaitReady();
      int next = cluster.leaderOf("KEPT");
      assertEquals(1, messages(cluster, next));
      cluster.stop(next);
      cluster.restart(next);
      cluster.awaitReady();
      assertEquals(1, messages(cluster, cluster.leaderOf("KEPT")));
      assertNotEquals(cluster.port(0), cluster.port(1));
    }
  }
}
