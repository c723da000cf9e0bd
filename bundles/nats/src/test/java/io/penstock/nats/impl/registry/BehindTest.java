// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.penstock.channel.Endpoint;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Replies;
import io.penstock.remote.spi.RemoteEntry;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A watch of a copy that lacks what the leader has, or has what it lacks. The test answers in place
 * of JetStream, which the server here does not have, and delivers in place of a consumer.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class BehindTest {
  private static final RemoteEntry KEPT = entry(1);
  private static final String FILTER = Subjects.named("orders");
  private static final int BUSY = 10008;

  private static NatsCluster cluster;

  private record Held(long sequence, byte[] content, Headers headers) {}

  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
  private final AtomicInteger beginnings = new AtomicInteger();
  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicInteger lists = new AtomicInteger();
  private final Map<String, Held> held = new ConcurrentSkipListMap<>();
  private final Set<String> lost = ConcurrentHashMap.newKeySet();
  private final Set<String> refused = ConcurrentHashMap.newKeySet();
  private volatile long last = 7;
  private volatile String made = "then";
  private volatile int most = 100;
  private volatile int pending;
  private Connection servers;
  private Link link;
  private Leader leader;

  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(1, "127.0.0.1", "jetstream: disabled\n");
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

  @BeforeEach
  void connect() throws Exception {
    servers = NatsCluster.connect(cluster.url(0));
    Dispatcher unused = servers.createDispatcher(this::heard).subscribe(Replies.API + ">");
    servers.flush(Duration.ofSeconds(5));
    link = Connected.link(cluster);
    leader = new Leader(link);
  }

  @AfterEach
  void disconnect() throws Exception {
    link.close();
    servers.close();
  }

  // ---- what the servers say

  private void heard(Message question) {
    String what = question.getSubject().substring(Replies.API.length());
    if (refused.stream().anyMatch(what::startsWith)) {
      if (what.startsWith("STREAM.MSG.GET.")) {
        looks.incrementAndGet();
      }
      Replies.answer(servers, question, Replies.error(BUSY));
    } else if (what.equals("STREAM.MSG.GET." + Subjects.STREAM)) {
      looks.incrementAndGet();
      Replies.answer(servers, question, lastOf(asked(question, "last_by_subj")));
    } else if (what.equals("STREAM.INFO." + Subjects.STREAM)) {
      lists.incrementAndGet();
      Replies.answer(servers, question, list(Integer.parseInt(asked(question, "offset"))));
    } else if (what.equals("CONSUMER.CREATE." + Subjects.STREAM)) {
      beginnings.incrementAndGet();
      Replies.answer(servers, question, "{\"name\":\"c\",\"num_pending\":" + pending + "}");
    }
  }

  private static String asked(Message question, String what) {
    try {
      JsonValue value = JsonParser.parse(question.getData()).map.get(what);
      return value.string == null ? value.toString() : value.string;
    } catch (JsonParseException e) {
      throw new IllegalArgumentException(question.toString(), e);
    }
  }

  private String lastOf(String subject) {
    Held found =
        subject.equals(FILTER)
            ? held.values().stream().max(Comparator.comparing(Held::sequence)).orElse(null)
            : lost.contains(subject) ? null : held.get(subject);
    return found == null
        ? Replies.error(Api.NO_MESSAGE)
        : Replies.message(found.sequence(), found.content(), found.headers());
  }

  private String list(int offset) {
    String some =
        held.keySet().stream()
            .skip(offset)
            .limit(most)
            .map(each -> "\"" + each + "\":1")
            .collect(Collectors.joining(","));
    return "{\"created\":\""
        + made
        + "\",\"total\":"
        + held.size()
        + ",\"state\":{\"last_seq\":"
        + last
        + (some.isEmpty() ? "" : ",\"subjects\":{" + some + "}")
        + "}}";
  }

  private static RemoteEntry entry(long id) {
    return new RemoteEntry("a", id, "orders", Endpoint.tcp("a", 1), 0, Map.of(), Map.of());
  }

  private static byte[] content(RemoteEntry entry) {
    return EntryText.write(entry);
  }

  private void leads(RemoteEntry entry, long sequence) {
    held.put(Subjects.of(entry), new Held(sequence, content(entry), new Headers()));
  }

  // ---- what the watch sees

  /** On the link's thread, as all of its calls are. */
  private Watch watch() throws Exception {
    CompletableFuture<Watch> made = new CompletableFuture<>();
    link.run(
        () ->
            made.complete(
                new Watch(
                    link,
                    leader,
                    FILTER,
                    List.of(KEPT),
                    new Watch.Sight() {
                      @Override
                      public void stored(RemoteEntry entry, long sequence) {
                        seen.add("stored " + entry.key());
                      }

                      @Override
                      public void gone(String name, String key, boolean told, long sequence) {
                        seen.add("gone " + key);
                      }

                      @Override
                      public void known() {
                        seen.add("known");
                      }

                      @Override
                      public void lost() {
                        seen.add("lost");
                      }
                    })));
    return made.get(30, TimeUnit.SECONDS);
  }

  private void deliver(Watch watch, RemoteEntry entry, long sequence, long more) {
    Message message =
        NatsMessage.builder().subject(Subjects.of(entry)).data(content(entry)).build();
    link.run(() -> watch.message(message, sequence, more));
  }

  private String next() throws InterruptedException {
    return seen.poll(30, TimeUnit.SECONDS);
  }

  private static void await(AtomicInteger count, int least) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (count.get() < least) {
      assertTrue(System.nanoTime() < end, "never: " + least);
      boolean unused = new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
    }
  }

  // ---- cases

  @Test
  void anEntryThatTheLeaderDoesNotHaveIsGone() throws Exception {
    Watch watch = watch();
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    watch.close();
  }

  @Test
  void anEntryThatOnlyTheLeaderHasIsNotGone() throws Exception {
    leads(KEPT, 7);
    Watch watch = watch();
    // Perhaps the next consumer is on a server that has it.
    await(beginnings, 3);
    assertEquals(List.of(), List.copyOf(seen));
    held.clear();
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    watch.close();
  }

  /** All that is seen until everything is known; a feed may begin anew and tell it again. */
  private Set<String> untilKnown() throws InterruptedException {
    Set<String> all = new LinkedHashSet<>();
    String one = next();
    while (!"known".equals(one)) {
      assertNotNull(one, "never known: " + all);
      all.add(one);
      one = next();
    }
    return all;
  }

  private void deliverOnce(Watch watch, RemoteEntry entry, long sequence) throws Exception {
    await(looks, 1);
    deliver(watch, entry, sequence, 0);
    // The feed hears no sign of life here, and begins anew after some seconds.
    pending = 0;
  }

  @Test
  void whatACopyLacksInTheMiddleIsReadFromTheLeader() throws Exception {
    leads(KEPT, 5);
    leads(entry(2), 6);
    leads(entry(3), 7);
    pending = 1;
    // Each answer has one subject: all pages are asked for.
    most = 1;
    Watch watch = watch();
    deliverOnce(watch, entry(3), 7);
    assertEquals(Set.of("stored a/1", "stored a/2", "stored a/3"), untilKnown());
    assertTrue(lists.get() >= 3, lists::toString);
    watch.close();
  }

  @Test
  void aMarkerThatACopyLacksIsReadFromTheLeader() throws Exception {
    held.put(Subjects.of(KEPT), new Held(5, new byte[0], Markers.headers()));
    leads(entry(2), 7);
    pending = 1;
    Watch watch = watch();
    deliverOnce(watch, entry(2), 7);
    assertEquals(Set.of("stored a/2", "gone a/1"), untilKnown());
    watch.close();
  }

  /** The copy has the entry, and the leader has the marker in its place. */
  @Test
  void aMarkerInPlaceOfAnEntryIsReadFromTheLeader() throws Exception {
    held.put(Subjects.of(KEPT), new Held(5, new byte[0], Markers.headers()));
    leads(entry(2), 7);
    pending = 2;
    Watch watch = watch();
    await(looks, 1);
    deliver(watch, KEPT, 3, 1);
    deliverOnce(watch, entry(2), 7);
    assertEquals("stored a/1", next());
    assertTrue(untilKnown().contains("gone a/1"), "what was withdrawn is there");
    watch.close();
  }

  /** A server that leads no more says that there is nothing, and then one that leads. */
  @Test
  void whatIsListedIsNotGoneBecauseItIsNotFound() throws Exception {
    leads(entry(2), 6);
    leads(KEPT, 7);
    lost.add(Subjects.of(KEPT));
    pending = 1;
    Watch watch = watch();
    deliverOnce(watch, entry(2), 7);
    assertEquals("stored a/2", next());
    await(lists, 3);
    lost.clear();
    assertFalse(untilKnown().contains("gone a/1"), "it is not gone");
    watch.close();
  }

  @Test
  void whatOnlyACopyHasIsGone() throws Exception {
    pending = 1;
    Watch watch = watch();
    deliverOnce(watch, KEPT, 5);
    assertEquals("stored a/1", next());
    assertEquals(Set.of("gone a/1"), untilKnown());
    watch.close();
  }

  @Test
  void anOldLeaderIsNotBelieved() throws Exception {
    pending = 1;
    Watch watch = watch();
    deliverOnce(watch, entry(2), 8);
    assertEquals("stored a/2", next());
    await(lists, 5);
    assertEquals(List.of(), List.copyOf(seen));
    leads(entry(2), 8);
    last = 8;
    assertTrue(untilKnown().contains("gone a/1"), "the new answer is believed");
    watch.close();
  }

  /** No server leads for half a minute without the others: they have lost what they had. */
  @Test
  @EnabledIfSystemProperty(named = "penstock.nats.long", matches = "true")
  void anOldAnswerIsBelievedAfterHalfAMinute() throws Exception {
    leads(entry(2), 6);
    pending = 1;
    Watch watch = watch();
    deliverOnce(watch, entry(2), 8);
    assertEquals("stored a/2", next());
    long begun = System.nanoTime();
    long seconds = 0;
    String one = null;
    while (!"gone a/1".equals(one)) {
      assertTrue(one == null || one.equals("stored a/2"), one);
      assertTrue(seconds < 60, "it is not believed");
      // The copy has it still, whenever it is read anew.
      deliver(watch, entry(2), 8, 0);
      one = seen.poll(100, TimeUnit.MILLISECONDS);
      seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
    }
    assertTrue(seconds > 20, "after " + seconds + " s");
    watch.close();
  }

  @Test
  void aNewStreamBeginsWithSmallNumbers() throws Exception {
    Watch first = watch();
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    first.close();
    last = 1;
    made = "now";
    Watch second = watch();
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    second.close();
  }

  @Test
  void withoutALeaderNothingIsDecided() throws Exception {
    refused.add("STREAM.");
    Watch watch = watch();
    await(looks, 5);
    assertEquals(List.of(), List.copyOf(seen));
    refused.clear();
    assertEquals("gone a/1", next());
    assertEquals("known", next());
    watch.close();
  }

  /** Then a copy must have what is listed. */
  @Test
  void serversThatMayTellOfNoMessageAreBelievedAfterAWhile() throws Exception {
    refused.add("STREAM.MSG.GET.");
    leads(entry(2), 7);
    long begun = System.nanoTime();
    Watch watch = watch();
    assertEquals("gone a/1", next());
    assertTrue(System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(9));
    int before = beginnings.get();
    await(beginnings, before + 1);
    assertEquals(List.of(), List.copyOf(seen));
    String one = null;
    while (!"known".equals(one)) {
      assertTrue(one == null || one.equals("stored a/2"), one);
      deliver(watch, entry(2), 7, 0);
      one = seen.poll(100, TimeUnit.MILLISECONDS);
    }
    watch.close();
  }
}
