// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Proxy;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.spi.content.Block;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A reader gets from the writer of its own program what the servers have not sent yet. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class OwnRecordsTest {
  private static final String PIPE = "own";
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(30));

  /** Kept, so that its handler is. */
  private static final Logger LOGGER = Logger.getLogger("io.penstock.nats");

  private static NatsCluster cluster;
  private static Proxy proxy;

  private StandIn servers;
  private Penstock penstock;

  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(1, "127.0.0.1", "jetstream: disabled\n");
    proxy = new Proxy(cluster.port(0), StandIn.SAID, StandIn.HEARD);
  }

  @AfterAll
  static void end() throws Exception {
    proxy.close();
    cluster.close();
  }

  @BeforeEach
  void open() throws Exception {
    servers = new StandIn(cluster.url(0), PIPE);
    penstock = Penstock.open();
  }

  @AfterEach
  void close() throws Exception {
    penstock.close();
    servers.close();
  }

  private Pipe pipe(String keys) throws Exception {
    return pipe(PIPE, keys);
  }

  private Pipe pipe(String name, String keys) throws Exception {
    String place = "nats://127.0.0.1:" + proxy.port() + "/" + name + "?replicas=1" + keys;
    return penstock.pipes().open(Endpoint.parse(place), PipeOptions.defaults(), SOON);
  }

  private static void write(Pipe pipe, String text) throws Exception {
    pipe.sink().writeFully(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), SOON);
    pipe.sink().flush(SOON);
  }

  private static String read(Pipe pipe, int count) throws Exception {
    ByteBuffer all = ByteBuffer.allocate(count);
    pipe.source().readFully(all, SOON);
    return new String(all.array(), StandardCharsets.US_ASCII);
  }

  /** An entry that only the servers have. */
  private static void addUnseen(StandIn servers, String text) {
    Entry last = servers.entries.lastEntry().getValue();
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    servers.add(
        Entry.data(
            last.epoch(),
            last.number() + 1,
            new Block(last.end(), bytes, 0, bytes.length),
            last.streamAfter(),
            last.number()));
  }

  @Test
  void aForeignMessageBehindTheReaderIsPassed() throws Exception {
    servers.hold();
    Warnings warnings = new Warnings();
    LOGGER.addHandler(warnings);
    try (Pipe pipe = pipe("")) {
      write(pipe, "aA");
      assertEquals("aA", read(pipe, 2));
      servers.addForeign();
      write(pipe, "bB");
      servers.addForeign();
      servers.addForeign();
      write(pipe, "cC");
      assertEquals("bBc", read(pipe, 3));
      addUnseen(servers, "dD");
      servers.goOn();
      assertEquals("CdD", read(pipe, 3));
      assertEquals(1, warnings.told.size(), warnings.told.toString());
      String told = warnings.told.element();
      assertTrue(told.contains("message 3 is corrupt, or not of its writer"), told);
    } finally {
      LOGGER.removeHandler(warnings);
    }
  }

  private static final class Warnings extends Handler {
    private final Queue<String> told = new ConcurrentLinkedQueue<>();

    @Override
    public void publish(LogRecord line) {
      if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
        told.add(new SimpleFormatter().formatMessage(line));
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void aCorruptCopyOfWhatTheReaderHasIsPassed() throws Exception {
    servers.hold();
    try (Pipe pipe = pipe("")) {
      write(pipe, "aA");
      write(pipe, "bB");
      assertEquals("aAb", read(pipe, 3));
      servers.spoilLast();
      addUnseen(servers, "cC");
      servers.goOn();
      assertEquals("BcC", read(pipe, 3));
    }
  }

  @Test
  void aForeignMessageIsPassedIfTheReaderGoesPastItMeanwhile() throws Exception {
    for (int i = 0; !isPassedMeanwhile("own-" + i); i++) {
      assertTrue(i < 10, "the machine is too slow to write before a question is given up");
    }
  }

  /** False if that could not be tried in time. */
  private boolean isPassedMeanwhile(String name) throws Exception {
    StandIn mine = new StandIn(cluster.url(0), name);
    try (Pipe pipe = pipe(name, "")) {
      write(pipe, "aA");
      assertEquals("aA", read(pipe, 2));
      long foreign = mine.entries.lastKey() + 1;
      mine.keepQuietOf(foreign + 1);
      mine.addForeign();
      mine.awaitAsked();
      long since = System.nanoTime();
      write(pipe, "bB");
      boolean inTime = System.nanoTime() - since < TimeUnit.SECONDS.toNanos(1);
      if (inTime) {
        assertEquals("bB", read(pipe, 2));
        addUnseen(mine, "cC");
        mine.tell();
        assertEquals("cC", read(pipe, 2));
      }
      return inTime;
    } finally {
      mine.close();
    }
  }

  /** The next stream begins where the last one ended, so its position alone says too little. */
  @Test
  void anEndThatIsStillToComeIsNotPassed() throws Exception {
    try (Pipe pipe = pipe("")) {
      write(pipe, "aA");
      pipe.sink().end();
      pipe.sink().flush(SOON);
      assertEquals("aA", read(pipe, 2));
    }
    servers.hold();
    try (Pipe pipe = pipe("")) {
      write(pipe, "b");
      servers.goOn();
      assertEquals(-1, pipe.source().read(ByteBuffer.allocate(9), SOON));
    }
    try (Pipe pipe = pipe("")) {
      assertEquals("b", read(pipe, 1));
    }
  }
}
