// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.error.AddressException;
import io.penstock.nats.support.Child;
import io.penstock.nats.support.NatsCluster;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What is left when processes and servers are killed and paused, on three servers. {@code
 * -Dpenstock.nats.faults} says how many random faults there are; {@code -Dpenstock.nats.seed}
 * repeats one.
 */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(900)
// It takes minutes, and its limits are those of servers that have a processor for themselves.
@EnabledIfSystemProperty(named = "penstock.nats.long", matches = "true")
class NatsPipeFaultTest extends PipeFaults {
  private static final int FAULTS = Integer.getInteger("penstock.nats.faults", 100);
  private static final long SEED = Long.getLong("penstock.nats.seed", 7);

  // ---- kills

  @Test
  void nothingAcknowledgedIsLostByKillingTheWriter() throws Exception {
    Random random = new Random(SEED);
    try (Child reader = child("read", "", 1)) {
      long acknowledged = 0;
      for (int round = 0; round < Math.max(8, FAULTS / 2); round++) {
        try (Child writer = child("write", "", random.nextLong())) {
          writer.await("opened", acknowledged, LONG);
          long from = writer.last("opened");
          writer.await("acknowledged", from + 1 + random.nextInt(1_000_000), LONG);
          writer.kill();
          acknowledged = writer.last("acknowledged");
        }
      }
      reader.await("read", acknowledged, LONG);
    }
  }

  @Test
  void norByKillingTheReader() throws Exception {
    Random random = new Random(SEED);
    long committed = 0;
    long read = 0;
    try (Child writer = child("write", "&capacity=4MiB", 1)) {
      for (int round = 0; round < Math.max(4, FAULTS / 4); round++) {
        try (Child reader = child("read", "", random.nextLong())) {
          reader.await("opened", committed, LONG);
          assertTrue(reader.last("opened") <= read, "the reader has left out something");
          reader.await("committed", committed + 1 + random.nextInt(3_000_000), LONG);
          reader.kill();
          committed = reader.last("committed");
          // What it had read may be in a line that was cut off.
          read = reader.last("read") + 60_000;
        }
      }
      assertEquals("", writer.failure());
    }
  }

  @Test
  void norByKillingBothEndsAtOnce() throws Exception {
    killBothEnds(Math.max(4, FAULTS / 4), SEED);
  }

  @Test
  void norByKillingServers() throws Exception {
    try (Child writer = child("write", "&capacity=8MiB", 1);
        Child reader = child("read", "", 2)) {
      writer.await("acknowledged", 1, LONG);
      reader.await("committed", 1_000_000, LONG);
      int leader = leader();
      own.kill(leader);
      stall("the leader is killed", writer, reader, NEXT_LEADER);
      own.restart(leader);
      stall("it is back", writer, reader);
      int second = leader();
      own.kill(second);
      own.kill((second + 1) % 3);
      restartAll();
      stall("two of three are back", writer, reader);
    }
  }

  /** The servers of Debian 12 may lose what they had acknowledged, as docs/durable.md tells. */
  @Test
  void norByKillingAllServers() throws Exception {
    try (NatsCluster newest = NatsCluster.start(3, "127.0.0.1", "", NatsCluster.program("sid"))) {
      own = newest;
      own.awaitReady();
      try (Child writer = child("write", "&capacity=8MiB", 1);
          Child reader = child("read", "", 2)) {
        for (int round = 0; round < 3; round++) {
          reader.await("committed", reader.last("committed") + 1_000_000, LONG);
          for (int i = 0; i < 3; i++) {
            own.kill(i);
          }
          restartAll();
          stall("all three are back", writer, reader);
        }
      }
    }
  }

  // ---- takeovers

  @Test
  void aWriterThatWasPausedIsFenced() throws Exception {
    try (Child zombie = child("write", "", 1)) {
      zombie.await("acknowledged", 300_000, LONG);
      AddressException refused = assertThrows(AddressException.class, () -> writer("").close());
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      zombie.signal("STOP");
      try (Channel heir = writer("&takeover=true");
          Channel reader = reader("")) {
        long at = facet(heir).acknowledged();
        assertTrue(at >= zombie.last("acknowledged"));
        write(heir, at, 100_000);
        zombie.signal("CONT");
        say("fenced: " + zombie.awaitFailure(LONG));
        assertTrue(zombie.failure().startsWith("failed FENCED"), zombie.failure());
        write(heir, at + 100_000, 100_000);
        heir.sink().flush(SOON);
        read(reader, 0, (int) at + 200_000);
        assertEquals(0, reader.source().available());
      }
    }
  }

  @Test
  void aReaderThatWasPausedIsFenced() throws Exception {
    try (Child writer = child("write", "&capacity=4MiB", 1);
        Child zombie = child("read", "", 2)) {
      zombie.await("committed", 300_000, LONG);
      zombie.signal("STOP");
      long position;
      try (Channel heir = reader("&takeover=true&commit=manual")) {
        position = facet(heir).position();
        assertTrue(position >= zombie.last("committed"));
        read(heir, position, 500_000);
        zombie.signal("CONT");
        say("fenced: " + zombie.awaitFailure(LONG));
        assertTrue(zombie.failure().contains("FENCED"), zombie.failure());
        assertEquals("", writer.failure());
      }
      try (Channel next = reader("&commit=manual")) {
        assertEquals(position, facet(next).position());
      }
    }
  }

  @Test
  void afterTheKillOfAWriterTheNextOneSucceedsAtOnce() throws Exception {
    try (Child first = child("write", "", 1)) {
      first.await("acknowledged", 1, LONG);
      AddressException refused = assertThrows(AddressException.class, () -> writer("").close());
      assertEquals(AddressException.Kind.IN_USE, refused.kind());
      first.kill();
      long begin = System.nanoTime();
      try (Channel next = writer("")) {
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        say("opened " + took + " ms after the kill");
        assertTrue(took < 5000, took + " ms");
        assertTrue(facet(next).acknowledged() >= first.last("acknowledged"));
      }
    }
  }

  // ---- any

  @Test
  void randomFaultsCostNothing() throws Exception {
    randomFaults(FAULTS, SEED);
  }
}
