// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.nats.support.Child;
import io.penstock.nats.support.Namespace;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.NatsCluster.Place;
import io.penstock.standalone.Penstock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A pipe on three servers, one of which is cut off from the others without a word. In each build
 * that one leads; {@code -Dpenstock.nats.long=true} tries more.
 */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bcuts\\b.*",
    disabledReason = "tried in the build beside this one")
class NatsPipePartitionTest extends PipeFaults {
  private static final int HERE = 0;
  private static final int AWAY = 2;

  /** As long as a server that leads without the others believes that it does, and more. */
  private static final Duration CUT = Duration.ofSeconds(12);

  /** The writer still has room when the reader hears nothing any more. */
  private static final String CAPACITY = "&capacity=32MiB";

  private Namespace space;
  private NatsCluster parted;

  /** Which of the three are on the side of the one server that is cut off. */
  record Away(boolean leader, boolean writer, boolean reader) {}

  @BeforeEach
  void part() throws Exception {
    space = Namespace.make();
    Place here = new Place(space.here(), List.of());
    parted = NatsCluster.start(List.of(here, here, new Place(space.there(), space.inside())));
    parted.awaitReady();
    own = parted;
  }

  @AfterEach
  void join() {
    if (parted != null) {
      parted.close();
    }
    if (space != null) {
      space.close();
    }
  }

  static Stream<Away> away() {
    Stream<Away> some = Stream.of(new Away(true, true, true), new Away(true, false, false));
    Stream<Away> more =
        Stream.of(
            new Away(true, true, false),
            new Away(true, false, true),
            new Away(false, true, true),
            new Away(false, true, false),
            new Away(false, false, true));
    return Boolean.getBoolean("penstock.nats.long") ? Stream.concat(some, more) : some;
  }

  private List<String> side(boolean isAway) {
    return isAway ? space.inside() : List.of();
  }

  private void make() throws Exception {
    // Its stop ends nothing, as a close would.
    try (Penstock apart = Penstock.open()) {
      Channel first =
          apart
              .channels()
              .open(
                  Endpoint.parse(place("mode=write" + CAPACITY)), ChannelOptions.defaults(), SOON);
      write(first, 0, 1);
      first.sink().flush(SOON);
    }
    awaitComplete(1);
  }

  /** Has a server lead both streams of the pipe. */
  private void lead(int leader) throws Exception {
    try (Connection connection = plain()) {
      for (String stream : List.of("penstock-" + name, "penstock-" + name + "-keys")) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
        while (parted.leaderOf(stream) != leader) {
          assertTrue(System.nanoTime() < deadline, "another one leads " + stream);
          // The server that led chooses one of the others. Nobody answers while none leads.
          Object unused =
              connection.request(
                  "$JS.API.STREAM.LEADER.STEPDOWN." + stream, new byte[0], Duration.ofSeconds(1));
        }
      }
    }
  }

  /** Starts a writer that is connected to a server, which leads. */
  private Child writerOn(int leader, boolean isAway) throws Exception {
    for (int attempt = 0; attempt < 5; attempt++) {
      lead(leader);
      Child writer = child(side(isAway), "write", CAPACITY, 1);
      writer.await("opened", 1, LONG);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
      while (parted.connections(leader) != 1 && System.nanoTime() < end) {
        pause(Duration.ofMillis(20));
      }
      if (parted.connections(leader) == 1 && parted.leaderOf("penstock-" + name) == leader) {
        return writer;
      }
      // Another one led when it looked: on a busy machine servers choose again now and then.
      writer.kill();
    }
    throw new AssertionError("no writer is connected to a leader that stays");
  }

  @ParameterizedTest
  @MethodSource("away")
  void nothingIsLostOrComesTwiceByACutBetweenServers(Away away) throws Exception {
    int leader = away.leader() ? AWAY : HERE;
    make();
    try (Child writer = writerOn(leader, away.writer());
        Child reader = child(side(away.reader()), "read", "", 2)) {
      writer.await("acknowledged", 1, LONG);
      reader.await("committed", writer.last("acknowledged"), LONG);
      space.cut();
      if (away.writer()) {
        acknowledgesNothing(writer);
      } else {
        goesOn(away, writer, reader);
      }
      space.heal();
      stall(away + " healed", writer, reader);
      Child.killAll(writer, reader);
      assertEquals("", writer.failure() + reader.failure());
      rest(writer);
    }
  }

  /** One of three servers is too few, also for one that has led. */
  private static void acknowledgesNothing(Child writer) throws Exception {
    // Answers may be on their way.
    pause(Duration.ofSeconds(1));
    long before = writer.last("acknowledged");
    pause(CUT);
    assertTrue(writer.last("written") > before, "nothing waits to be acknowledged");
    assertEquals(before, writer.last("acknowledged"), "one server alone acknowledges");
  }

  /** Two of three servers are enough, once one of them leads. */
  private void goesOn(Away away, Child writer, Child reader) throws Exception {
    if (away.reader()) {
      long took = writer.await("acknowledged", writer.last("acknowledged") + 300_000, NEXT_LEADER);
      say(away + " cut: " + took + " ms to the next 300 kB acknowledged");
    } else {
      stall(away + " cut", writer, reader, NEXT_LEADER);
    }
    pause(CUT);
  }

  /**
   * A server that comes back makes the others choose a leader anew, and nothing opens meanwhile.
   */
  private void rest(Child writer) throws Exception {
    awaitComplete(1);
    parted.awaitReady();
    readRest(writer.last("acknowledged"));
  }

  @Test
  void aWriterThatIsCutOffWithTheLeaderIsTakenOverFrom() throws Exception {
    make();
    try (Child late = writerOn(AWAY, true);
        Child reader = child("read", "", 2)) {
      reader.await("committed", 300_000, LONG);
      space.cut();
      try (Child heir = child("write", CAPACITY + "&takeover=true", 3)) {
        heir.await("opened", 0, LONG);
        stall("taken over from one that is cut off", heir, reader);
        long end = heir.last("opened");
        assertTrue(end >= late.last("acknowledged"), "acknowledged bytes are lost");
        space.heal();
        String told = late.awaitFailure(LONG);
        assertTrue(told.startsWith("failed FENCED"), told);
        assertTrue(end >= late.last("acknowledged"), "late bytes were acknowledged");
        stall("the one that was cut off is back", heir, reader);
        Child.killAll(heir, reader);
        assertEquals("", heir.failure() + reader.failure());
        rest(heir);
      }
    }
  }
}
