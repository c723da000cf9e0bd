// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.penstock.nats.support.NatsCluster;
import org.junit.jupiter.api.BeforeAll;

/** The contract, by one server. */
class NatsRegistryTest extends NatsContract {
  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(1);
    Ready.await(cluster);
  }
}
