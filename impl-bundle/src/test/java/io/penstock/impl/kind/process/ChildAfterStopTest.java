// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.impl.kind.Peers;
import io.penstock.standalone.Penstock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A child that is still being ended when the product stops. */
@EnabledOnOs(OS.LINUX)
class ChildAfterStopTest {
  @Test
  void itIsNotLeftAsAZombie() throws Exception {
    // Its output is watched as well, until the child has gone.
    ChannelOptions brief = ChannelOptions.defaults().withCloseTimeout(Duration.ofSeconds(1));
    long pid;
    try (Penstock penstock = Penstock.open()) {
      Channel channel =
          penstock.channels().open(Endpoint.parse("exec:sleep 1000"), brief, Peers.LIMIT);
      pid = channel.facet(ProcessFacet.class).orElseThrow().pid();
      channel.close();
    }
    Peers.eventually(pid + " is gone", () -> !Files.exists(Path.of("/proc/" + pid)));
  }
}
