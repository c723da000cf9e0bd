// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import io.penstock.nats.support.Child;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Some of what {@link NatsPipeFaultTest} does, in each build. {@code -Dpenstock.nats.seed} repeats
 * the random faults.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class NatsPipeShortFaultTest extends PipeFaults {
  private static final int FAULTS = 5;
  private static final int KILLS = 3;
  private static final long SEED =
      Long.getLong("penstock.nats.seed", new Random().nextInt(1_000_000));

  @Test
  void nothingAcknowledgedIsLostByKillingBothEndsAtOnce() throws Exception {
    killBothEnds(KILLS, SEED);
  }

  @Test
  void norByKillingTheLeader() throws Exception {
    try (Child writer = child("write", "&capacity=8MiB", 1);
        Child reader = child("read", "", 2)) {
      writer.await("acknowledged", 1, LONG);
      reader.await("committed", 300_000, LONG);
      int leader = leader();
      own.kill(leader);
      stall("the leader is killed", writer, reader, NEXT_LEADER);
      own.restart(leader);
      stall("it is back", writer, reader);
    }
  }

  @Test
  void norByRandomFaults() throws Exception {
    randomFaults(FAULTS, SEED);
  }
}
