// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.penstock.nats.support.NatsCluster;
import org.junit.jupiter.api.BeforeAll;

/** The contract, by three servers. */
class NatsClusterTest extends NatsContract {
  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(3);
    Ready.await(cluster);
  }
}
