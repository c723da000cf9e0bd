// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.PenstockEvent;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a listener of operators is told. */
class EventsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final Penstock penstock = Penstock.open();
  private final BlockingQueue<PenstockEvent> events = new LinkedBlockingQueue<>();
  private final Watch watch = penstock.listen(events::add);

  @AfterEach
  void close() {
    penstock.close();
  }

  /** What happens to one object up to a certain event. */
  private List<PenstockEvent.Type> until(PenstockEvent.Type last, String object, String name)
      throws InterruptedException {
    List<PenstockEvent.Type> all = new ArrayList<>();
    while (true) {
      PenstockEvent event = next(name);
      assertEquals(object, event.object());
      all.add(event.type());
      if (event.type() == last) {
        return all;
      }
    }
  }

  private PenstockEvent next(String name) throws InterruptedException {
    while (true) {
      PenstockEvent event = events.poll(20, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("no event of " + name);
      }
      if (event.name().equals(name)) {
        return event;
      }
    }
  }

  @Test
  void aPipeIsOpenedPausedResumedAndClosedInThisOrder() throws Exception {
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults().withName("p"));
    penstock.control().pause("p");
    penstock.control().resume("p");
    pipe.close();
    assertEquals(
        List.of(
            PenstockEvent.Type.OPEN,
            PenstockEvent.Type.PAUSED,
            PenstockEvent.Type.RESUMED,
            PenstockEvent.Type.CLOSED),
        until(PenstockEvent.Type.CLOSED, "pipe", "p"));
    Pipe other = penstock.pipes().create(PipeOptions.defaults().withName("q"));
    other.abort(new IOException("burst"));
    assertEquals(PenstockEvent.Type.OPEN, next("q").type());
    PenstockEvent failed = next("q");
    assertEquals(PenstockEvent.Type.FAILED, failed.type());
    assertEquals("IOException: burst", failed.cause());
    assertEquals("", failed.endpoint());
    assertTrue(System.currentTimeMillis() - failed.at() < 60_000);
    assertEquals(PenstockEvent.Type.CLOSED, next("q").type());
  }

  @Test
  void aListenerAndItsChannelsTellOfTheirPeersAndFailures() throws Exception {
    ChannelOptions door = ChannelOptions.defaults().withName("door");
    Listener listener =
        penstock.channels().listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), door);
    assertEquals(PenstockEvent.Type.OPEN, next("door").type());
    PenstockEvent bound = next("door");
    assertEquals(PenstockEvent.Type.READY, bound.type());
    assertEquals("listener", bound.object());
    assertEquals(listener.endpoint().toString(), bound.endpoint());
    Endpoint there = Endpoint.parse(listener.endpoint().toString().replace("-listen", ""));
    Channel client = penstock.channels().open(there, ChannelOptions.defaults().withName("c"), SOON);
    Channel server = listener.accept(SOON);
    assertEquals(
        List.of(PenstockEvent.Type.OPEN, PenstockEvent.Type.READY),
        until(PenstockEvent.Type.READY, "channel", "c"));
    assertEquals(PenstockEvent.Type.OPEN, next("door").type());
    PenstockEvent accepted = next("door");
    assertEquals(PenstockEvent.Type.READY, accepted.type());
    assertEquals(server.peer().get().toString(), accepted.peer());
    server.abort(new IOException("cut"));
    assertThrows(IOException.class, () -> client.source().readFully(ByteBuffer.allocate(1), SOON));
    client.close();
    assertEquals(
        List.of(PenstockEvent.Type.FAILED, PenstockEvent.Type.CLOSED),
        until(PenstockEvent.Type.CLOSED, "channel", "c"));
    listener.close();

    assertThrows(
        IOException.class,
        () -> penstock.channels().open(there, ChannelOptions.defaults().withName("d"), SOON));
    assertEquals(
        List.of(PenstockEvent.Type.OPEN, PenstockEvent.Type.FAILED, PenstockEvent.Type.CLOSED),
        until(PenstockEvent.Type.CLOSED, "channel", "d"));
  }

  @Test
  void aRelayAndAHandlerTellWhenTheyServe() throws Exception {
    try (Server server = penstock.serve("tcp-listen://127.0.0.1:0", (connection, line) -> {})) {
      String address = server.endpoint().toString().replace("-listen", "");
      Relay relay =
          penstock
              .relays()
              .create(
                  Endpoint.parse("tcp-listen://127.0.0.1:0"),
                  Endpoint.parse(address),
                  RelayOptions.defaults().withFork(true).withName("r"));
      relay.start();
      relay.close();
      assertEquals(
          List.of(PenstockEvent.Type.OPEN, PenstockEvent.Type.READY, PenstockEvent.Type.CLOSED),
          until(PenstockEvent.Type.CLOSED, "relay", "r"));
    }
    penstock.close();
    assertTrue(events.stream().anyMatch(each -> each.object().equals("handler")), events::toString);
  }

  @Test
  void aConfigurationTellsOfFailuresAndOfItsChanges() throws Exception {
    penstock.configure("io.penstock.Pipe~p", Map.of("capacity", "1000"));
    assertEquals(PenstockEvent.Type.OPEN, next("p").type());
    penstock.configure("io.penstock.Pipe~p", Map.of("readTimeout", "5s"));
    PenstockEvent changed = next("p");
    assertEquals(PenstockEvent.Type.RECONFIGURED, changed.type());
    assertEquals("pipe", changed.object());
    penstock.configure("io.penstock.Channel~far", Map.of("endpoint", "nothing:like-that"));
    PenstockEvent failed = next("far");
    assertEquals(PenstockEvent.Type.FAILED, failed.type());
    assertTrue(failed.cause().contains("the scheme 'nothing'"), failed.cause());
  }

  @Test
  void aListenerThatFailsHarmsNobodyAndOneThatIsGoneIsNotTold() throws Exception {
    penstock.listen(
        event -> {
          throw new IllegalStateException("on purpose");
        });
    BlockingQueue<PenstockEvent> others = new LinkedBlockingQueue<>();
    penstock.listen(others::add);
    watch.close();
    watch.close();
    penstock.pipes().create(PipeOptions.defaults().withName("p"));
    PenstockEvent told = others.poll(20, TimeUnit.SECONDS);
    assertEquals("p", told.name());
    assertEquals(List.of(), List.copyOf(events));
  }
}
