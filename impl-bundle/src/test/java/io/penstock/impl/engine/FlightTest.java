// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.FrameTooLongException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the JDK's flight recorder is told. */
class FlightTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final List<String> EVENTS =
      List.of("Wait", "Connect", "Accept", "Handshake", "FrameTooLong", "RelayEnd");

  @TempDir Path folder;

  @Test
  void nothingBeginsWhileNobodyRecordsAndThatAllocatesNothing() throws Exception {
    assertNothingBegins();
    // From the first recording on the recorder knows the events, and has to be asked.
    try (Recording recording = recording(true)) {
      recording.start();
      for (Flight.Kind kind : Flight.Kind.values()) {
        assertTrue(Flight.begin(kind) != null, kind::toString);
      }
    }
    assertNothingBegins();
  }

  private static void assertNothingBegins() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Flight.Kind[] kinds = Flight.Kind.values();
    long least = Long.MAX_VALUE;
    // What the JVM does once, such as the loading of classes, it does in some batch.
    for (int batch = 0; batch < 10; batch++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int round = 0; round < 1000; round++) {
        for (Flight.Kind kind : kinds) {
          assertNull(Flight.begin(kind));
        }
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertTrue(least < 1000, least + " bytes");
  }

  @Test
  void whatTakesTimeOrGoesWrongIsRecorded() throws Exception {
    List<RecordedEvent> events = recorded(true);
    RecordedEvent waited =
        first(events, "penstock.Wait", each -> each.getString("awaited").equals("bytes"));
    // The limit of 1 s begins before the event does, long before on a busy machine.
    assertTrue(waited.getDuration().toMillis() >= 50, waited.toString());
    assertTrue(waited.getString("name").startsWith("tcp-listen://127.0.0.1:"), waited.toString());
    assertTrue(
        waited.getStackTrace().getFrames().stream()
            .anyMatch(frame -> frame.getMethod().getType().getName().endsWith("FlightTest")),
        waited.toString());
    RecordedEvent refused =
        first(events, "penstock.Connect", each -> each.getString("cause") != null);
    assertTrue(refused.getString("cause").contains("Connection refused"), refused.toString());
    assertTrue(refused.getString("endpoint").startsWith("tcp://127.0.0.1:"), refused.toString());
    RecordedEvent made =
        first(events, "penstock.Connect", each -> each.getString("name").equals("client"));
    assertNull(made.getString("cause"));
    assertTrue(
        first(events, "penstock.Accept", each -> true).getString("peer").contains("127.0.0.1"));
    RecordedEvent tooLong =
        first(events, "penstock.FrameTooLong", each -> each.getString("cause") != null);
    assertEquals(4, tooLong.getLong("limit"));
    RecordedEvent skipped =
        first(events, "penstock.FrameTooLong", each -> each.getString("cause") == null);
    assertEquals(8, skipped.getLong("limit"));
    RecordedEvent relayed = first(events, "penstock.RelayEnd", each -> true);
    assertEquals("through", relayed.getString("name"));
    assertTrue(relayed.getString("endpoint").startsWith("tcp://127.0.0.1:"), relayed.toString());
    assertEquals(3, relayed.getLong("forwarded"));
    assertEquals(0, relayed.getLong("returned"));
    assertNull(relayed.getString("cause"));
    // Shorter waits are below the threshold.
    assertTrue(
        events.stream()
            .filter(each -> each.getEventType().getName().equals("penstock.Wait"))
            .allMatch(each -> each.getDuration().toMillis() >= 20));
  }

  @Test
  void nothingIsRecordedOfEventsThatAreOff() throws Exception {
    assertEquals(List.of(), recorded(false));
  }

  private static Recording recording(boolean enabled) {
    Recording recording = new Recording();
    for (String name : EVENTS) {
      if (enabled) {
        recording.enable("penstock." + name);
      } else {
        recording.disable("penstock." + name);
      }
    }
    return recording;
  }

  private List<RecordedEvent> recorded(boolean enabled) throws Exception {
    Path file = folder.resolve("flight.jfr");
    try (Recording recording = recording(enabled);
        Penstock penstock = Penstock.open()) {
      recording.start();
      work(penstock);
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file);
  }

  private static RecordedEvent first(
      List<RecordedEvent> events, String name, Predicate<RecordedEvent> test) {
    return events.stream()
        .filter(each -> each.getEventType().getName().equals(name) && test.test(each))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + name + " in " + events));
  }

  private static void work(Penstock penstock) throws Exception {
    Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0");
    String there = listener.endpoint().toString().replace("-listen", "");
    Channel client =
        penstock
            .channels()
            .open(Endpoint.parse(there), ChannelOptions.defaults().withName("client"), SOON);
    Channel server = listener.accept(SOON);
    assertThrows(
        StreamTimeoutException.class,
        () -> server.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofSeconds(1))));
    client.sink().writeFully("a line too long\nshort\n", SOON);
    assertEquals(
        "short",
        StandardCharsets.UTF_8
            .decode(
                server
                    .source()
                    .frames(Framing.lines(8).withoutDelimiter().skippingTooLong())
                    .next(SOON))
            .toString());
    client.sink().writeFully("too long", SOON);
    assertThrows(
        FrameTooLongException.class, () -> server.source().frames(Framing.lines(4)).next(SOON));
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                Endpoint.parse(there),
                RelayOptions.defaults().withName("through"));
    relay.start();
    Channel one =
        penstock
            .channels()
            .open(relay.listeners().get(0).endpoint().toString().replace("-listen", ""));
    Channel two = listener.accept(SOON);
    one.sink().writeFully("tea", SOON);
    two.source().readFully(ByteBuffer.allocate(3), SOON);
    one.sink().end();
    two.sink().end();
    relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS);
    listener.close();
    assertThrows(IOException.class, () -> penstock.channels().open(there));
  }
}
