// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pieces of the page on relays. */
class RelaysTest {
  private static Relay create(RelayFactory relays) throws IOException {
    // snippet: relays.create
    Endpoint from = Endpoint.parse("tcp-listen://127.0.0.1:0");
    Endpoint to = Endpoint.parse("echo:");
    Relay relay = relays.create(from, to, RelayOptions.defaults().withFork(true));
    relay.start();
    // end of snippet
    return relay;
  }

  @Test
  @Timeout(20)
  void relayServesAndIsToldOf() throws Exception {
    try (Penstock penstock = Penstock.open();
        Relay relay = create(penstock.relays())) {
      Front component = new Front();
      component.front = relay;
      String address = relay.listeners().get(0).endpoint().address();
      try (Channel client = penstock.channels().open("tcp:" + address)) {
        client.source().readWait(Wait.millis(5000));
        client.sink().writeFully("tea\n");
        assertEquals("tea", client.source().readLine(StandardCharsets.UTF_8, 99));
        // They count once they were written, and the answer may be sooner.
        while (relay.forwarded() < 4) {
          Thread.onSpinWait();
        }
        assertEquals("1 connections, 4 bytes so far", component.told());
      }
    }
  }
}
