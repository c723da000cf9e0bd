// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayBuffersDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.WaitDTO;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What is measured of a runtime that the test makes up. */
class BoundedMetricsTest {
  private final List<PipeDTO> pipes = new ArrayList<>();
  private final List<ChannelDTO> channels = new ArrayList<>();
  private final List<ListenerDTO> listeners = new ArrayList<>();
  private final List<RelayDTO> relays = new ArrayList<>();
  private final List<PollerDTO> pollers = new ArrayList<>();
  private final List<ServerDTO> servers = new ArrayList<>();
  private final List<RemoteDTO> remotes = new ArrayList<>();
  private ResourcesDTO resources = new ResourcesDTO(5, 50, 6, 60);
  private int looks;
  private long nanos;

  private PenstockMetrics metrics(int max) {
    return new BoundedMetrics(
        () -> {
          looks++;
          return new RuntimeDTO(
              10_000,
              pipes,
              channels,
              listeners,
              relays,
              pollers,
              servers,
              List.of(failed(71), failed(72)),
              List.of(new AwaitedDTO("a", "p", "channel", 0, 1, "")),
              remotes,
              resources);
        },
        max,
        () -> nanos);
  }

  /** A look that no earlier one answers. */
  private Map<String, Double> look(PenstockMetrics metrics) {
    nanos += TimeUnit.SECONDS.toNanos(1);
    Map<String, Double> all = new TreeMap<>();
    for (MeasuredObject object : metrics.objects()) {
      for (Measurement each : object.measurements()) {
        assertEquals(object.type(), each.metric().type());
        assertTrue(
            each.metric().attributeValues().isEmpty()
                ? each.attribute().isEmpty()
                : each.metric().attributeValues().contains(each.attribute()),
            each::toString);
        assertEquals(
            null,
            all.put(
                (object.name() + " " + each.metric().text() + " " + each.attribute()).strip(),
                each.value()));
      }
    }
    return all;
  }

  private static RateDTO rate(long total) {
    return new RateDTO(total, -1, -1);
  }

  private static EndDTO end(long bytes) {
    WaitDTO wait = new WaitDTO("t", 1, List.of());
    return new EndDTO(rate(bytes), rate(2), 3, 4, List.of(wait), false, false, false, true);
  }

  private static PipeDTO pipe(long id, String name, long bytes) {
    return new PipeDTO(id, name, "", 100, 10, 10, end(bytes), end(bytes), null);
  }

  private static ChannelDTO channel(long id, String name, long bytes) {
    return new ChannelDTO(
        id,
        name,
        "",
        "tcp",
        "tcp:x:1",
        null,
        null,
        ChannelDTO.State.CONNECTED,
        end(bytes),
        end(bytes + 1),
        new FaultDTO("m", 1, 9));
  }

  private static FailedHandlerDTO failed(long serviceId) {
    return new FailedHandlerDTO(serviceId, "till", FailedHandlerDTO.Reason.ADDRESS, "taken", 0);
  }

  @Test
  void eachMetricIsMeasured() {
    pipes.add(pipe(1, "orders", 50));
    channels.add(channel(2, "up", 60));
    listeners.add(new ListenerDTO(3, "door", "", "k", "e", rate(7), 2, 8, null, null));
    relays.add(
        new RelayDTO(
            4,
            "join",
            "",
            "f",
            "t",
            1,
            rate(11),
            rate(12),
            new RelayBuffersDTO(0, 0, 0),
            new RelayBuffersDTO(0, 0, 0),
            false,
            null));
    pollers.add(new PollerDTO(5, "poll", "", 6, rate(13), 8_500, "t"));
    servers.add(
        new ServerDTO(
            6, "chat", "h", "e", false, null, "lines", "poller", 14, 15, 16, null, 0, List.of()));
    remotes.add(new RemoteDTO("nats://r:1", "me", true, 1, null, 17, 18, 19, List.of()));
    PenstockMetrics metrics = metrics(9);
    Map<String, Double> all = look(metrics);
    assertEquals(19, all.get("nats://r:1 penstock.remote.failovers"));
    assertEquals(50, all.get("orders penstock.pipe.io read"));
    assertEquals(10, all.get("orders penstock.pipe.buffer.usage"));
    assertEquals(100, all.get("orders penstock.pipe.buffer.limit"));
    assertEquals(1, all.get("orders penstock.pipe.waiter.count write"));
    assertEquals(61, all.get("up penstock.channel.io write"));
    assertEquals(9, all.get("up penstock.channel.errors"));
    assertEquals(7, all.get("door penstock.listener.connections"));
    assertEquals(8, all.get("door penstock.listener.connection.limit"));
    assertEquals(11, all.get("join penstock.relay.io forward"));
    assertEquals(12, all.get("join penstock.relay.io return"));
    assertEquals(1.5, all.get("poll penstock.poller.busy.time"));
    assertEquals(14, all.get("chat penstock.handler.connections"));
    assertEquals(16, all.get("chat penstock.handler.errors"));
    assertEquals(1, all.get("penstock.runtime.object.count listener"));
    assertEquals(1, all.get("penstock.runtime.awaited.count channel"));
    assertEquals(2, all.get("penstock.runtime.awaited.count handler"));
    assertEquals(50, all.get("penstock.runtime.file_descriptor.limit"));
    Set<Metric> measured =
        metrics.objects().stream()
            .flatMap(object -> object.measurements().stream())
            .map(Measurement::metric)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(Metric.class)));
    assertEquals(EnumSet.allOf(Metric.class), measured);
  }

  @Test
  void whatTheSystemDoesNotSayIsLeftOut() {
    resources = new ResourcesDTO(-1, -1, 6, 60);
    Map<String, Double> all = look(metrics(9));
    assertEquals(null, all.get("penstock.runtime.file_descriptor.count"));
    assertEquals(null, all.get("penstock.runtime.file_descriptor.limit"));
    assertEquals(60, all.get("penstock.runtime.memory.limit"));
  }

  @Test
  void namesAndUnitsAreThoseOfOpenTelemetry() {
    for (Metric metric : Metric.values()) {
      assertTrue(metric.text().matches("penstock(\\.[a-z]+(_[a-z]+)*)+"), metric.text());
      assertTrue(metric.unit().matches("By|s|\\{[a-z]+(_[a-z]+)*}"), metric.unit());
      assertTrue(metric.description().endsWith("."), metric.description());
    }
    assertEquals(
        Metric.values().length,
        Arrays.stream(Metric.values()).map(Metric::text).distinct().count());
  }

  @Test
  void whatComesWhenAllSeriesAreTakenIsSummedAsOther() {
    PenstockMetrics metrics = metrics(2);
    for (int i = 0; i < 5; i++) {
      pipes.add(pipe(i, "p" + i, 10));
    }
    Map<String, Double> all = look(metrics);
    assertEquals(
        Set.of("p0", "p1", "other"),
        metrics.objects().stream()
            .map(MeasuredObject::name)
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toSet()));
    assertEquals(30, all.get("other penstock.pipe.io read"));
    assertEquals(300, all.get("other penstock.pipe.buffer.limit"));
    assertEquals(5, all.get("penstock.runtime.object.count pipe"));

    // p2 goes, and what it has counted stays; what it had goes.
    pipes.remove(2);
    all = look(metrics);
    assertEquals(30, all.get("other penstock.pipe.io read"));
    assertEquals(200, all.get("other penstock.pipe.buffer.limit"));

    // p0 goes with its series, and the next that comes has its place; p3 and p4 stay where they
    // are.
    pipes.remove(0);
    look(metrics);
    pipes.add(pipe(9, "p9", 1));
    all = look(metrics);
    assertEquals(null, all.get("p0 penstock.pipe.io read"));
    assertEquals(1, all.get("p9 penstock.pipe.io read"));
    assertEquals(30, all.get("other penstock.pipe.io read"));

    pipes.removeIf(pipe -> pipe.name().matches("p[34]"));
    all = look(metrics);
    assertEquals(30, all.get("other penstock.pipe.io read"), "a counter never falls");
    assertEquals(0, all.get("other penstock.pipe.buffer.limit"));
  }

  @Test
  void objectsOfOneNameShareASeriesThatNeverFalls() {
    PenstockMetrics metrics = metrics(1);
    channels.add(channel(1, "tcp-listen", 10));
    channels.add(channel(2, "tcp-listen", 20));
    Map<String, Double> all = look(metrics);
    assertEquals(30, all.get("tcp-listen penstock.channel.io read"));
    assertEquals(2, all.get("tcp-listen penstock.channel.count"));
    channels.remove(0);
    all = look(metrics);
    assertEquals(30, all.get("tcp-listen penstock.channel.io read"));
    assertEquals(1, all.get("tcp-listen penstock.channel.count"));
    channels.clear();
    assertEquals(null, look(metrics).get("tcp-listen penstock.channel.io read"));
  }

  private static ServerDTO server(String name, long frames) {
    return new ServerDTO(
        6, name, "h", "e", false, null, "lines", "poller", 2, frames, 0, null, 0, List.of());
  }

  /** A handler's server is made anew when what it listens on is. */
  @Test
  void anObjectThatCountsAnewGoesOnInItsSeries() {
    PenstockMetrics metrics = metrics(9);
    servers.add(server("chat", 15));
    assertEquals(15, look(metrics).get("chat penstock.handler.frames"));
    servers.set(0, server("chat", 0));
    Map<String, Double> all = look(metrics);
    assertEquals(15, all.get("chat penstock.handler.frames"), "a counter never falls");
    assertEquals(2, all.get("chat penstock.handler.connections"));
    servers.set(0, server("chat", 4));
    assertEquals(19, look(metrics).get("chat penstock.handler.frames"));
  }

  @Test
  void anObjectWithANewNameIsCountedUnderItFromThenOn() {
    PenstockMetrics metrics = metrics(9);
    servers.add(server("chat", 15));
    look(metrics);
    servers.set(0, server("talk", 18));
    Map<String, Double> all = look(metrics);
    assertEquals(null, all.get("chat penstock.handler.frames"));
    assertEquals(3, all.get("talk penstock.handler.frames"));
    // Renamed and made anew.
    servers.set(0, server("tea", 1));
    all = look(metrics);
    assertEquals(null, all.get("talk penstock.handler.frames"));
    assertEquals(1, all.get("tea penstock.handler.frames"));
    servers.set(0, server("tea", 5));
    assertEquals(5, look(metrics).get("tea penstock.handler.frames"));
  }

  @Test
  void aNewNameWithinOtherCountsOnce() {
    PenstockMetrics metrics = metrics(1);
    pipes.add(pipe(1, "a", 10));
    pipes.add(pipe(2, "b", 20));
    look(metrics);
    pipes.set(1, pipe(2, "c", 25));
    Map<String, Double> all = look(metrics);
    assertEquals(10, all.get("a penstock.pipe.io read"));
    assertEquals(25, all.get("other penstock.pipe.io read"));
    // What it has counted stays in the series of the name that it had.
    pipes.set(1, pipe(2, "a", 26));
    all = look(metrics);
    assertEquals(11, all.get("a penstock.pipe.io read"));
    assertEquals(25, all.get("other penstock.pipe.io read"));
    pipes.remove(1);
    assertEquals(11, look(metrics).get("a penstock.pipe.io read"));
  }

  @Test
  void allThatAskInHalfASecondShareALook() {
    PenstockMetrics metrics = metrics(1);
    List<MeasuredObject> first = metrics.objects();
    nanos += TimeUnit.MILLISECONDS.toNanos(499);
    assertSame(first, metrics.objects());
    nanos += TimeUnit.MILLISECONDS.toNanos(1);
    assertNotSame(first, metrics.objects());
    assertEquals(2, looks);
  }

  @Test
  void numberOfSeriesHasARange() {
    for (int wrong : new int[] {0, -1, 100_001}) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> metrics(wrong));
      assertEquals(
          "maxObjects: '" + wrong + "' is not allowed; expected a number from 1 to 100000",
          e.getMessage());
    }
  }

  /** What is measured of the only registry. */
  private Map<String, Double> registry() {
    MeasuredObject registry =
        metrics(10).objects().stream()
            .filter(each -> each.type().equals("remote"))
            .findFirst()
            .orElseThrow();
    assertEquals("nats://r:1", registry.name());
    Map<String, Double> values = new TreeMap<>();
    registry
        .measurements()
        .forEach(each -> values.put(each.metric().text() + " " + each.attribute(), each.value()));
    return values;
  }

  private static RemoteEntryDTO alive() {
    return new RemoteEntryDTO(
        "bills", "they", "tcp://b:1", 0, Map.of(), RemoteEntryDTO.State.ALIVE, 1, 0, null);
  }

  @Test
  void registriesTellTheirEntriesByState() {
    remotes.add(
        new RemoteDTO("nats://r:1", "me", true, 1, null, 7, 6, 5, List.of(alive(), alive())));
    Map<String, Double> values = registry();
    assertEquals(1.0, values.get("penstock.remote.connected "));
    assertEquals(2.0, values.get("penstock.remote.entry.count alive"));
    assertEquals(0.0, values.get("penstock.remote.entry.count dead"));
    assertEquals(7.0, values.get("penstock.remote.added "));
    assertEquals(6.0, values.get("penstock.remote.removed "));
    assertEquals(5.0, values.get("penstock.remote.failovers "));
  }

  /** While the registry is away, nothing goes. */
  @Test
  void aFrozenRegistryIsNotConnectedAndKeepsItsEntries() {
    remotes.add(new RemoteDTO("nats://r:1", "me", false, 1, "refused", 7, 0, 5, List.of(alive())));
    Map<String, Double> values = registry();
    assertEquals(0.0, values.get("penstock.remote.connected "));
    assertEquals(1.0, values.get("penstock.remote.entry.count alive"));
    assertEquals(0.0, values.get("penstock.remote.removed "));
  }

  @Test
  void componentKeepsTheLastGoodValue() {
    pipes.add(pipe(1, "a", 1));
    pipes.add(pipe(2, "b", 1));
    MetricsComponent component =
        new MetricsComponent(
            () ->
                new RuntimeDTO(
                    1,
                    pipes,
                    channels,
                    listeners,
                    relays,
                    pollers,
                    servers,
                    List.of(),
                    List.of(),
                    List.of(),
                    new ResourcesDTO(5, 50, 6, 60)),
            Map.of("maxObjects", "many"));
    assertEquals(3, component.objects().size());
    component.modified(Map.of("maxObjects", 1));
    assertEquals("other", component.objects().get(2).name());
    component.modified(Map.of("maxObjects", "0"));
    assertEquals("other", component.objects().get(2).name());
    component.modified(Map.of());
    assertEquals("b", component.objects().get(2).name());
  }
}
