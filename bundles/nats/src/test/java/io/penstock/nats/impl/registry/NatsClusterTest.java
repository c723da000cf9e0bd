// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.nats.client.Connection;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract, by three servers. */
class NatsClusterTest extends NatsContract {
  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(3);
    Ready.await(cluster);
  }

  // A connection of the library's may be interrupted while it closes.
  @SuppressWarnings("try")
  @Test
  void theMostReplicasThatWereAskedForStay() throws Exception {
    try (Link link = Connected.link(cluster);
        Connection plain = NatsCluster.connect(cluster.url(0))) {
      Object unused = answer(Api.ask(link, "STREAM.DELETE." + Subjects.STREAM, ""));
      unused = answer(Bucket.ensure(link, 1));
      unused = plain.jetStream().publish(Subjects.ENTRIES + "a.b.c", new byte[] {1});
      Map<String, JsonValue> first = config(link);
      assertEquals(new JsonValue(1), first.remove("num_replicas"));

      unused = answer(Bucket.ensure(link, 3));
      Map<String, JsonValue> raised = config(link);
      assertEquals(new JsonValue(3), raised.remove("num_replicas"));
      assertEquals(first, raised, "the rest must stay as it is");
      JsonValue state = JsonValueUtils.readObject(answer(Api.info(link, Subjects.STREAM)), "state");
      assertEquals(1, JsonValueUtils.readInteger(state, "messages", -1));

      unused = answer(Bucket.ensure(link, 2));
      assertEquals(new JsonValue(3), config(link).get("num_replicas"));
    }
  }

  private static <T> T answer(CompletableFuture<T> asked) throws Exception {
    return asked.get(30, TimeUnit.SECONDS);
  }

  private static Map<String, JsonValue> config(Link link) throws Exception {
    JsonValue info = answer(Api.info(link, Subjects.STREAM));
    return new LinkedHashMap<>(JsonValueUtils.readObject(info, "config").map);
  }
}
