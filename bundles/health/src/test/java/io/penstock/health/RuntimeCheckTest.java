// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.felix.hc.api.Result;
import org.junit.jupiter.api.Test;

/** Each check, told of a time and of objects. */
class RuntimeCheckTest {
  private static final long START = 1_000_000_000L;
  private static final long SECOND = 1000;
  private static final long MINUTE = 60 * SECOND;

  private final List<PipeDTO> pipes = new ArrayList<>();
  private final List<ChannelDTO> channels = new ArrayList<>();
  private final List<ListenerDTO> listeners = new ArrayList<>();
  private final List<RelayDTO> relays = new ArrayList<>();
  private final List<PollerDTO> pollers = new ArrayList<>();
  private final List<ServerDTO> servers = new ArrayList<>();
  private final List<FailedHandlerDTO> failed = new ArrayList<>();
  private final List<AwaitedDTO> awaited = new ArrayList<>();
  private final List<RemoteDTO> remotes = new ArrayList<>();
  private ResourcesDTO resources = new ResourcesDTO(10, 100, 0, 1);
  private long now = START;

  private RuntimeCheck check(HealthSubject subject) {
    return new RuntimeCheck(
        subject,
        () ->
            new RuntimeDTO(
                now, pipes, channels, listeners, relays, pollers, servers, failed, awaited, remotes,
                resources),
        Thresholds::defaults);
  }

  private static RemoteDTO remote(boolean connected, long since, RemoteEntryDTO... entries) {
    return new RemoteDTO(
        "nats://r:4222",
        "me",
        connected,
        since,
        connected ? null : "connection refused",
        0,
        0,
        0,
        List.of(entries));
  }

  @Test
  void aRegistryThatCannotBeReachedIsCriticalAfterAWhile() {
    RuntimeCheck check = check(HealthSubject.REMOTES);
    remotes.add(remote(true, START));
    assertEquals("OK all of 1 registries of other containers are connected", told(check));
    remotes.set(0, remote(false, START));
    now = START + 5_000;
    assertTrue(told(check).startsWith("OK "), told(check));
    now = START + 10_000;
    assertEquals(
        "CRITICAL the registry nats://r:4222 cannot be reached for 10 s, and what is known of other"
            + " containers is frozen: connection refused",
        told(check));
  }

  @Test
  void whatCannotBePublishedIsCritical() {
    remotes.add(
        remote(
            true,
            START,
            new RemoteEntryDTO(
                "orders",
                "me",
                "tcp://h:1",
                0,
                Map.of(),
                RemoteEntryDTO.State.PENDING,
                0,
                0,
                "no permission")));
    assertEquals(
        "CRITICAL orders is not published in nats://r:4222: no permission",
        told(check(HealthSubject.REMOTES)));
  }

  private static String told(RuntimeCheck check) {
    Result result = check.execute();
    return result.getStatus()
        + " "
        + StreamSupport.stream(result.spliterator(), false)
            .map(entry -> entry.getMessage())
            .collect(Collectors.joining(" | "));
  }

  private static RateDTO rate(long total) {
    return new RateDTO(total, -1, -1);
  }

  private static EndDTO end(long bytes, boolean paused, WaitDTO... waiting) {
    return new EndDTO(rate(bytes), rate(bytes), 0, 0, List.of(waiting), false, paused, false, true);
  }

  private static WaitDTO wait(String thread, long since) {
    return new WaitDTO(thread, since, List.of());
  }

  private void pipe(long buffered, EndDTO sink, EndDTO source) {
    pipes.clear();
    pipes.add(new PipeDTO(7, "orders", "", 100, buffered, 100, sink, source, null));
  }

  @Test
  void pipeThatIsFullIsReportedOnceNothingWasReadForLong() {
    RuntimeCheck check = check(HealthSubject.PIPES);
    pipe(100, end(150, false), end(50, false));
    assertEquals("OK no pipe of 1 stands still", told(check));
    now += 59 * SECOND;
    assertEquals("OK no pipe of 1 stands still", told(check));
    now += SECOND;
    assertEquals(
        "CRITICAL pipe orders is full (100 bytes) and has not been read for 1 min 0 s;"
            + " nobody waits to read",
        told(check));
    pipe(100, end(151, false), end(51, false));
    assertEquals("OK no pipe of 1 stands still", told(check), "a byte was read");
    now += MINUTE;
    pipe(99, end(151, false), end(52, false));
    assertEquals("OK no pipe of 1 stands still", told(check), "it is not full");
  }

  @Test
  void firstLookKnowsOfAWriterThatWaitsForLong() {
    pipe(
        100,
        end(150, false, wait("waits-for-turn", now - 2 * MINUTE), wait("writer", now - MINUTE)),
        end(50, false));
    assertEquals(
        "CRITICAL pipe orders is full (100 bytes) and has not been read for 1 min 0 s;"
            + " thread waits-for-turn waits to write; nobody waits to read",
        told(check(HealthSubject.PIPES)));
    pipe(
        100,
        end(150, false, wait("waits-for-turn", now - 2 * MINUTE), wait("writer", now - SECOND)),
        end(50, false));
    assertEquals("OK no pipe of 1 stands still", told(check(HealthSubject.PIPES)));
  }

  @Test
  void pipeThatIsPausedIsAWarning() {
    pipe(100, end(150, false, wait("writer", now - 90 * MINUTE)), end(50, true));
    assertEquals(
        "WARN pipe orders is full (100 bytes) and has not been read for 1 h 30 min, because it is"
            + " paused",
        told(check(HealthSubject.PIPES)));
  }

  @Test
  void pipeThatIsWaitedForAndUnwrittenIsAWarning() {
    RuntimeCheck check = check(HealthSubject.PIPES);
    pipe(0, end(50, false), end(50, false, wait("reader", now)));
    assertEquals("OK no pipe of 1 stands still", told(check));
    now += 10 * MINUTE;
    assertEquals(
        "WARN pipe orders is empty, and nothing has been written for 10 min 0 s; thread reader"
            + " waits to read",
        told(check));
    pipe(0, end(50, false), end(50, false));
    assertEquals("OK no pipe of 1 stands still", told(check), "nobody waits");
  }

  @Test
  void whatIsConfiguredAndNotThereIsReportedByItsKind() {
    for (String kind : List.of("pipe", "channel", "listener", "relay")) {
      awaited.add(
          new AwaitedDTO(
              "it", "io.penstock.It~" + kind, kind, now - 2 * MINUTE, 9, "no such host"));
      awaited.add(new AwaitedDTO("young", "p", kind, now - SECOND, 1, ""));
    }
    Map.of(
            HealthSubject.PIPES, "pipe",
            HealthSubject.CHANNELS, "channel",
            HealthSubject.LISTENERS, "listener",
            HealthSubject.RELAYS, "relay")
        .forEach(
            (subject, kind) ->
                assertEquals(
                    "CRITICAL "
                        + kind
                        + " it (io.penstock.It~"
                        + kind
                        + ") has not been there for 2 min 0 s, after 9 tries: no such host",
                    told(check(subject))));
  }

  @Test
  void listenerThatAcceptsNobodyIsReportedUnlessItIsFull() {
    for (String held : List.of("exhausted", "paused", "full")) {
      listeners.add(
          new ListenerDTO(1, held, "", "tcp-listen", "tcp-listen:x:1", rate(0), 0, 9, held, null));
    }
    failed.add(
        new FailedHandlerDTO(
            3, "echo", FailedHandlerDTO.Reason.ADDRESS, "port 7 is taken", now - 10 * SECOND));
    assertEquals(
        "CRITICAL listener exhausted at tcp-listen:x:1 accepts nobody: the process has no"
            + " descriptor left | handler echo is not served: port 7 is taken | listener paused at"
            + " tcp-listen:x:1 accepts nobody: it is paused",
        told(check(HealthSubject.LISTENERS)));
  }

  @Test
  void channelsAndHandlersThatReconnectForLongAreReported() {
    RuntimeCheck check = check(HealthSubject.CHANNELS);
    channels.add(
        new ChannelDTO(
            4,
            "up",
            "",
            "tcp",
            "tcp:x:1",
            null,
            null,
            ChannelDTO.State.CONNECTING,
            end(0, false),
            end(0, false),
            null));
    servers.add(server("refused"));
    assertEquals("OK none of 1 channels is reconnecting", told(check));
    now += MINUTE;
    servers.set(0, server("unreachable"));
    assertEquals(
        "CRITICAL channel up has been connecting to tcp:x:1 for 1 min 0 s | handler chat has not"
            + " been connected to tcp:y:2 for 1 min 0 s: unreachable",
        told(check));
    channels.clear();
    servers.set(0, server(null));
    assertEquals("OK none of 0 channels is reconnecting", told(check));
    servers.set(0, server("refused"));
    assertEquals("OK none of 0 channels is reconnecting", told(check), "it was there meanwhile");
  }

  @Test
  void handlersOfOneNameHaveTimesOfTheirOwn() {
    RuntimeCheck check = check(HealthSubject.CHANNELS);
    servers.add(server(5, "refused"));
    assertEquals("OK none of 0 channels is reconnecting", told(check));
    now += MINUTE;
    servers.set(0, server(5, null));
    servers.add(server(6, "refused"));
    assertEquals("OK none of 0 channels is reconnecting", told(check), "it has failed just now");
  }

  private static ServerDTO server(String trouble) {
    return server(5, trouble);
  }

  private static ServerDTO server(long serviceId, String trouble) {
    return new ServerDTO(
        serviceId, "chat", "Chat", "tcp:y:2", true, trouble, "lines", "poller", 0, 0, 0, null, 0,
        List.of());
  }

  @Test
  void descriptorsAreReportedFromTheirShareOn() {
    RuntimeCheck check = check(HealthSubject.DESCRIPTORS);
    resources = new ResourcesDTO(89, 100, 0, 1);
    assertEquals("OK there are descriptors enough", told(check));
    resources = new ResourcesDTO(90, 100, 0, 1);
    assertEquals(
        "CRITICAL the process has 90 of 100 descriptors open, 90 % or more; when they run out,"
            + " nobody can connect any more",
        told(check));
    resources = new ResourcesDTO(-1, -1, 0, 1);
    assertEquals("OK there are descriptors enough", told(check), "the system does not say");
  }

  @Test
  void pollerIsLateWhileItsHandlersKeepIt() {
    pollers.add(new PollerDTO(1, "idle", "", 3, rate(0), 0, "penstock-1"));
    pollers.add(new PollerDTO(2, "quick", "", 3, rate(0), now - SECOND, "penstock-2"));
    pollers.add(new PollerDTO(3, "slow", "", 3, rate(0), now - 10 * SECOND, "penstock-3"));
    assertEquals(
        "CRITICAL poller slow is late: thread penstock-3 has been in its handlers for 10 s, and 2"
            + " other ends wait",
        told(check(HealthSubject.POLLERS)));
  }

  @Test
  void relayFailsAsLongAsItsLastFailureIsRecent() {
    relays.add(
        new RelayDTO(
            1,
            "door",
            "",
            "tcp-listen:x:1",
            "unix:/s",
            0,
            rate(0),
            rate(0),
            new RelayBuffersDTO(0, 0, 0),
            new RelayBuffersDTO(0, 0, 0),
            false,
            new FaultDTO("ConnectException: refused", now - MINUTE, 12)));
    assertEquals(
        "WARN relay door from tcp-listen:x:1 to unix:/s: a connection failed 1 min 0 s ago, and 12"
            + " in all: ConnectException: refused",
        told(check(HealthSubject.RELAYS)));
    now += 4 * MINUTE;
    assertEquals("OK none of 1 relays fails", told(check(HealthSubject.RELAYS)));
  }

  @Test
  void thousandFindingsAreTwentyLinesAndANumber() {
    IntStream.range(0, 1000)
        .forEach(i -> awaited.add(new AwaitedDTO("c" + i, "p", "channel", START - MINUTE, 1, "")));
    Result result = check(HealthSubject.CHANNELS).execute();
    assertEquals(21, StreamSupport.stream(result.spliterator(), false).count());
    assertTrue(told(check(HealthSubject.CHANNELS)).endsWith("980 more, as PenstockRuntime tells"));
  }

  @Test
  void nameCannotForgeALine() {
    awaited.add(new AwaitedDTO("a\nOK", "p", "channel", START - MINUTE, 1, ""));
    assertTrue(told(check(HealthSubject.CHANNELS)).contains("channel a\\nOK (p)"));
  }

  @Test
  void thresholdsSayWhichValueIsWrong() {
    assertEquals(Thresholds.defaults(), Thresholds.of(keys(Map.of("unreadFor", "60s"))));
    for (Map.Entry<String, String> wrong :
        Map.of(
                "unreadFor", "soon",
                "unwrittenFor", "0ms",
                "downFor", "-1s",
                "descriptorsPercent", "101",
                "tags", " , ",
                "pollerLateAfter", "0s")
            .entrySet()) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> Thresholds.of(keys(Map.of(wrong.getKey(), wrong.getValue()))));
      assertTrue(
          e.getMessage().startsWith(wrong.getKey() + ": '" + wrong.getValue() + "'"),
          e::getMessage);
      assertTrue(e.getMessage().contains("expected"), e::getMessage);
    }
  }

  private static HealthKeys keys(Map<String, String> given) {
    return (HealthKeys)
        Proxy.newProxyInstance(
            HealthKeys.class.getClassLoader(),
            new Class<?>[] {HealthKeys.class},
            (proxy, key, none) ->
                given.containsKey(key.getName())
                    ? given.get(key.getName())
                    : key.getDefaultValue());
  }
}
