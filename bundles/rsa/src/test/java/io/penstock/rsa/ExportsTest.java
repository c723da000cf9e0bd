// SPDX-License-Identifier: Apache-2.0
package io.penstock.rsa;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Endpoint;
import io.penstock.remote.spi.RemoteEntry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.osgi.service.remoteserviceadmin.EndpointDescription;
import org.osgi.service.remoteserviceadmin.RemoteConstants;

/** What the topology manager is told of entries. */
class ExportsTest {
  private static EndpointDescription described(String node, String name) {
    return Exports.describe(
        new RemoteEntry(
            node,
            7,
            name,
            Endpoint.tcp("127.0.0.1", 7000),
            0,
            Map.of(),
            Map.of(RemoteConstants.ENDPOINT_ID, "io.penstock:uuid/7")));
  }

  /** It would be imported in place of the other, under whatever name. */
  @Test
  void anEntryCannotHaveTheIdOfAnother() {
    assertEquals("io.penstock:them/7", described("them", "orders").getId());
    assertEquals("io.penstock:others/7", described("others", "bills").getId());
  }
}
