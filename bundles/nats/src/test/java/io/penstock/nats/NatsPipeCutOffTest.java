// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StorageException;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A writer whose servers are there and do not reach it, or are too few to acknowledge anything. */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class NatsPipeCutOffTest extends PipeFaults {
  private static final int SOME = 1000;
  private static final long LIMIT = 5000;

  /** A busy machine takes some time besides. */
  private static final long LATEST = 20_000;

  private static final String BRIEF = "&ackTimeout=5s";

  /** Writes behind what was acknowledged, and is told that it waits in vain. */
  private static void isToldInTime(Channel writer) throws IOException {
    assertEquals(SOME, facet(writer).acknowledged());
    long begun = System.nanoTime();
    write(writer, SOME, SOME);
    StorageException late = assertThrows(StorageException.class, () -> writer.sink().flush(SOON));
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    assertEquals(StorageException.Kind.UNACKNOWLEDGED, late.kind(), late.toString());
    assertEquals(SOME, late.count(), late.toString());
    assertTrue(millis >= LIMIT && millis < LATEST, "told after " + millis + " ms: " + late);
    StorageException again =
        assertThrows(StorageException.class, () -> write(writer, 2 * SOME, SOME));
    assertEquals(StorageException.Kind.UNACKNOWLEDGED, again.kind(), again.toString());
  }

  /** A later writer goes on where the first one was acknowledged, and a reader finds it all. */
  private static void goesOn(Channel next, Channel reader) throws IOException {
    long from = facet(next).acknowledged();
    // What was on its way may have come after the writer had given up, but only whole.
    assertTrue(from == SOME || from == 2 * SOME, "the writer goes on at " + from);
    write(next, from, SOME);
    next.sink().flush(SOON);
    read(reader, 0, (int) from + SOME);
    assertEquals(0, reader.source().available());
  }

  private Channel through(int port, String keys) throws IOException {
    String place = "durable:nats://127.0.0.1:" + port + "/" + name + "?replicas=1&" + keys;
    return penstock.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  @Test
  void aWriterThatIsCutOffIsToldInTimeAndTheNextOneGoesOn() throws Exception {
    try (NatsCluster server = NatsCluster.start(1);
        Proxy proxy = new Proxy(server.port(0));
        Channel reader = through(server.port(0), "mode=read")) {
      Channel writer = through(proxy.port(), "mode=write" + BRIEF);
      write(writer, 0, SOME);
      writer.sink().flush(SOON);
      proxy.cut();
      isToldInTime(writer);
      writer.close();
      proxy.restore();
      try (Channel next = through(proxy.port(), "mode=write")) {
        goesOn(next, reader);
      }
    }
  }

  /** The one that stays leads, and the writer keeps its connection to it. */
  @Test
  void aWriterWithOneOfThreeServersIsToldInTimeAndTheNextOneGoesOn() throws Exception {
    Channel writer = writer(BRIEF);
    write(writer, 0, SOME);
    writer.sink().flush(SOON);
    awaitComplete(1);
    int leader = leader();
    int second = (leader + 1) % 3;
    int third = (leader + 2) % 3;
    own.kill(second);
    own.kill(third);
    try {
      isToldInTime(writer);
      writer.close();
    } finally {
      own.restart(second);
      own.restart(third);
    }
    awaitComplete(1);
    try (Channel next = writer("");
        Channel reader = reader("")) {
      goesOn(next, reader);
    }
  }
}
