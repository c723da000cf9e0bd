// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.relay.RelayObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The children that a relay has started for its clients, in order. */
final class Children implements RelayObserver {
  private final BlockingQueue<Long> pids = new LinkedBlockingQueue<>();

  @Override
  public void joined(Channel one, Channel two) {
    pids.add(two.facet(ProcessFacet.class).orElseThrow().pid());
  }

  ProcessHandle next() throws InterruptedException {
    Long pid = pids.poll(20, TimeUnit.SECONDS);
    return ProcessHandle.of(pid == null ? -1 : pid).orElseThrow();
  }
}
