// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.remote.impl.registry.MemoryFabric;
import io.penstock.remote.impl.registry.MemoryRegistryFactory;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.remote.spi.SilentListener;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RemoteNodeTest {
  private static final Duration SESSION = Duration.ofSeconds(1);

  private final String fabric = UUID.randomUUID().toString();
  private final List<RemoteNode> nodes = new ArrayList<>();

  @AfterEach
  void close() {
    nodes.forEach(RemoteNode::close);
  }

  private RemoteNode node(String name) {
    RemoteNode made =
        new RemoteNode(
            name,
            new MemoryRegistryFactory(),
            new RegistrySettings(List.of("memory:" + fabric), SESSION, 1, Map.of(), Map.of()),
            OnRemoved.ABORT_IF_SILENT,
            null);
    nodes.add(made);
    return made;
  }

  private static RemoteEntry entry(RemoteNode node, String name, int port) {
    return new RemoteEntry(
        node.node(), port, name, Endpoint.tcp("127.0.0.1", port), 0, Map.of(), Map.of());
  }

  private static class Watching implements EntryWatcher {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    @Override
    public void added(RemoteEntry entry) {
      lines.add("added " + entry.key());
    }

    @Override
    public void changed(RemoteEntry old, RemoteEntry entry) {
      lines.add("changed " + entry.key());
    }

    @Override
    public void removed(RemoteEntry entry) {
      lines.add("removed " + entry.key());
    }

    void expect(String line) throws InterruptedException {
      assertEquals(line, lines.poll(60, TimeUnit.SECONDS));
    }

    boolean isQuiet() {
      return lines.isEmpty();
    }
  }

  @Test
  void whatIsPublishedIsFoundAndGoesWhenItIsWithdrawn() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    assertEquals(1, b.find("orders", Map.of()).get(60, TimeUnit.SECONDS).entries().size());
    a.withdraw("a/1");
    watching.expect("removed a/1");
    assertTrue(b.find("orders", Map.of()).get(60, TimeUnit.SECONDS).entries().isEmpty());
  }

  /** What the registry has to tell may be behind the question, though all names are watched. */
  @Test
  void aSearchWaitsForWhatTheRegistryHasToTellOfItsName() throws Exception {
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    b.tell(
        new Watching() {
          @Override
          public void added(RemoteEntry entry) {
            busy.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        });
    b.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    assertTrue(busy.await(60, TimeUnit.SECONDS));
    CompletableFuture<RemoteNode.Found> found = b.find("bills", Map.of());
    Watching others = new Watching();
    RemoteNode c = node("c");
    c.tell(others);
    c.watch("bills");
    a.publish(entry(a, "bills", 2));
    others.expect("added a/2");
    go.countDown();
    assertEquals(1, found.get(60, TimeUnit.SECONDS).entries().size());
    assertTrue(b.find("tea", Map.of()).get(60, TimeUnit.SECONDS).entries().isEmpty());
  }

  @Test
  void whatANodePublishesItselfIsFoundAndIsNoNews() throws Exception {
    RemoteNode a = node("a");
    Watching watching = new Watching();
    a.tell(watching);
    a.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    RemoteNode b = node("b");
    b.publish(entry(b, "orders", 2));
    watching.expect("added b/2");
    assertEquals(2, a.find("orders", Map.of()).get(60, TimeUnit.SECONDS).entries().size());
    assertTrue(watching.isQuiet());
  }

  @Test
  void aNodeThatIsKilledIsGivenUpAfterItsSession() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch("orders");
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    long killed = System.nanoTime();
    MemoryFabric.named(fabric).kill("a");
    watching.expect("removed a/1");
    // Not before three quarters of it: the last beat may have come that long before the kill.
    assertTrue(System.nanoTime() - killed >= SESSION.toNanos() / 2);
  }

  @Test
  void nothingGoesWhileTheRegistryIsAway() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch("orders");
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    MemoryFabric.named(fabric).cut("b");
    a.withdraw("a/1");
    RemoteDTO seen = cutOff(b);
    assertEquals("it was cut off", seen.trouble());
    assertEquals(RemoteEntryDTO.State.ALIVE, seen.entries().get(0).state());
    assertEquals(1, b.find("orders", Map.of()).get(60, TimeUnit.SECONDS).entries().size());
    assertTrue(watching.isQuiet());
    MemoryFabric.named(fabric).restore("b");
    watching.expect("removed a/1");
  }

  @Test
  void aNodeThatDoesNotAnswerKeepsItsNumbers() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch("orders");
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    RemoteDTO before = b.describe();
    assertEquals(1, before.added());
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    b.tell(
        new Watching() {
          @Override
          public void added(RemoteEntry entry) {
            busy.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        });
    assertTrue(busy.await(60, TimeUnit.SECONDS));
    Thread.currentThread().interrupt();
    RemoteDTO told = b.describe();
    assertTrue(Thread.interrupted());
    go.countDown();
    assertFalse(told.connected());
    assertEquals("interrupted", told.trouble());
    assertEquals(1, told.added());
    assertEquals(before.entries(), told.entries());
    assertTrue(told.since() >= before.since());
    assertTrue(b.describe().connected());
  }

  @Test
  void aNodeThatWasClosedKeepsItsNumbers() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch("orders");
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    assertEquals(1, b.describe().added());
    b.close();
    RemoteDTO closed = b.describe();
    assertEquals("it was closed", closed.trouble());
    assertEquals(1, closed.added());
    assertEquals(List.of(), closed.entries());
  }

  /** A server may have kept a write, and do it after all that was written since. */
  @Test
  void aWriteThatIsDoneLateIsUndone() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    try (Registry late =
        new MemoryRegistryFactory()
            .open(
                "a",
                new RegistrySettings(List.of("memory:" + fabric), SESSION, 1, Map.of(), Map.of()),
                new SilentListener())) {
      // It was withdrawn since.
      Object unused = late.put(entry(a, "bills", 2));
      watching.expect("added a/2");
      watching.expect("removed a/2");
      // It has another content since.
      unused =
          late.put(
              new RemoteEntry(
                  "a", 1, "orders", Endpoint.tcp("127.0.0.1", 99), 0, Map.of(), Map.of()));
      watching.expect("changed a/1");
      watching.expect("changed a/1");
    }
    List<RemoteEntry> found = b.find("orders", Map.of()).get(60, TimeUnit.SECONDS).entries();
    assertEquals(List.of(entry(a, "orders", 1)), found);
  }

  /** It hears of that on the thread of another node if that one is being told of something. */
  private static RemoteDTO cutOff(RemoteNode node) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    RemoteDTO seen = node.describe();
    while (seen.connected()) {
      assertTrue(System.nanoTime() < end, "connected still");
      seen = node.describe();
    }
    return seen;
  }

  @Test
  void aCloseWithdrawsAndTellsItsOwnWatchers() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    Watching own = new Watching();
    b.tell(watching);
    b.watch(Registry.ALL);
    a.tell(own);
    a.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    b.publish(entry(b, "bills", 2));
    watching.expect("added a/1");
    own.expect("added b/2");
    a.close();
    own.expect("removed b/2");
    watching.expect("removed a/1");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (threads() > 2) {
      assertTrue(System.nanoTime() < end, "threads are left");
      Thread.onSpinWait();
    }
  }

  /** Cut off, it does not hear that what it has published has gone. */
  @Test
  void aCloseTellsNothingOfWhatTheNodePublishesItself() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching own = new Watching();
    a.tell(own);
    a.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    assertEquals(1, a.find("orders", Map.of()).get(60, TimeUnit.SECONDS).entries().size());
    b.publish(entry(b, "bills", 2));
    own.expect("added b/2");
    MemoryFabric.named(fabric).cut("a");
    assertFalse(cutOff(a).connected());
    a.close();
    own.expect("removed b/2");
    assertTrue(own.isQuiet());
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("penstock-remote"))
        .filter(Thread::isAlive)
        .count();
  }

  @Test
  void operatorsSeeWhatIsPublishedAndWhatIsKnown() throws Exception {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    Watching watching = new Watching();
    b.tell(watching);
    b.watch(Registry.ALL);
    a.publish(entry(a, "orders", 1));
    watching.expect("added a/1");
    b.publish(entry(b, "bills", 2));
    RemoteDTO seen = Published.await(b);
    assertEquals("memory:" + fabric, seen.registry());
    assertTrue(seen.connected());
    assertEquals(1, seen.added());
    assertEquals(
        List.of("bills PUBLISHED", "orders ALIVE"),
        seen.entries().stream().map(each -> each.name() + " " + each.state()).toList());
  }
}
