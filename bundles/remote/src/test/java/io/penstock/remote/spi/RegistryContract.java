// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.channel.Endpoint;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every registry with servers keeps, whatever it is made of. A registry's test extends it and
 * opens registries that share their entries.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
public abstract class RegistryContract {
  /** How long something may take that happens. */
  protected static final Duration SOON = Duration.ofSeconds(30);

  /** How long something is waited for that must not happen. */
  private static final Duration QUIET = Duration.ofMillis(300);

  private final List<Registry> opened = new ArrayList<>();
  private int nodes;

  /** Opens a registry; all that one test opens share their entries. */
  protected abstract Registry open(String node, RegistryListener listener);

  /** Cuts the connection of a node, so that its listener hears of it; false if it cannot. */
  protected boolean cut(String node) {
    return false;
  }

  /** Lets it connect again. */
  protected void restore(String node) {}

  /** Has a node go without a word; by default it is closed. */
  protected void kill(String node, Registry registry) {
    registry.close();
  }

  /** What one node hears, as lines. */
  protected static final class Heard implements RegistryListener {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    @Override
    public void connected() {
      lines.add("connected");
    }

    @Override
    public void disconnected(String why) {
      lines.add("disconnected");
    }

    @Override
    public void stored(RemoteEntry entry) {
      lines.add("stored " + entry.name() + " " + entry.endpoint());
    }

    @Override
    public void removed(String name, String key) {
      lines.add("removed " + name + " " + key.substring(key.lastIndexOf('/') + 1));
    }

    @Override
    public void known(String name) {
      lines.add("known " + name);
    }

    @Override
    public void beat(String node) {
      lines.add("beat " + node);
    }

    /** Takes the next line, which must be this one. */
    void expect(String line) {
      try {
        assertEquals(line, lines.poll(SOON.toMillis(), TimeUnit.MILLISECONDS));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    /** Takes lines up to this one. */
    void await(String line) {
      try {
        String next = "";
        while (!line.equals(next)) {
          next = lines.poll(SOON.toMillis(), TimeUnit.MILLISECONDS);
          assertFalse(next == null, "never: " + line);
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    void expectNothing() {
      try {
        assertEquals(null, lines.poll(QUIET.toMillis(), TimeUnit.MILLISECONDS));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** A node with its registry and what it hears. */
  protected final class Node {
    final String name = "node-" + ++nodes + "-" + UUID.randomUUID().toString().substring(0, 8);
    final Heard heard = new Heard();
    final Registry registry = RegistryContract.this.open(name, heard);

    Node() {
      opened.add(registry);
      heard.await("connected");
    }

    RemoteEntry entry(long id, String entryName, int port) {
      return new RemoteEntry(
          name,
          id,
          entryName,
          Endpoint.tcp("127.0.0.1", port),
          7,
          Map.of("zone", "eu west", "tier", "ä=1,2;3"),
          Map.of("service.id", "12", "empty", ""));
    }
  }

  private static void done(CompletionStage<Void> stage) throws Exception {
    Object unused = stage.toCompletableFuture().get(SOON.toMillis(), TimeUnit.MILLISECONDS);
  }

  @AfterEach
  void closeAll() {
    opened.forEach(Registry::close);
  }

  @Test
  void whatIsThereIsToldFirstAndThenEachChange() throws Exception {
    Node exporter = new Node();
    Node importer = new Node();
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    done(exporter.registry.put(exporter.entry(2, "bills", 2)));
    importer.registry.watch("orders");
    importer.heard.expect("stored orders tcp://127.0.0.1:1");
    importer.heard.expect("known orders");
    done(exporter.registry.put(exporter.entry(1, "orders", 3)));
    importer.heard.expect("stored orders tcp://127.0.0.1:3");
    done(exporter.registry.remove(exporter.entry(1, "orders", 3)));
    importer.heard.expect("removed orders 1");
    importer.heard.expectNothing();
  }

  @Test
  void allOfAnEntryComesOver() throws Exception {
    Node exporter = new Node();
    RemoteEntry entry = exporter.entry(1, "a name.with/odd>things$and-ä".replace(" ", "_"), 1);
    LinkedBlockingQueue<RemoteEntry> entries = new LinkedBlockingQueue<>();
    Registry importer =
        open(
            "other",
            new SilentListener() {
              @Override
              public void stored(RemoteEntry each) {
                entries.add(each);
              }
            });
    opened.add(importer);
    importer.watch(entry.name());
    done(exporter.registry.put(entry));
    assertEquals(entry, entries.poll(SOON.toMillis(), TimeUnit.MILLISECONDS));
  }

  @Test
  void aNameThatNobodyPublishesIsKnownToo() {
    Node importer = new Node();
    importer.registry.watch("nothing");
    importer.heard.expect("known nothing");
  }

  @Test
  void aWatchOfAllTellsEveryName() throws Exception {
    Node exporter = new Node();
    Node importer = new Node();
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    importer.registry.watch(Registry.ALL);
    importer.heard.await("stored orders tcp://127.0.0.1:1");
    importer.heard.await("known *");
    done(exporter.registry.put(exporter.entry(2, "bills", 2)));
    importer.heard.expect("stored bills tcp://127.0.0.1:2");
    importer.registry.unwatch(Registry.ALL);
    done(exporter.registry.put(exporter.entry(3, "more", 2)));
    importer.heard.expectNothing();
  }

  @Test
  void anotherNodeRemovesOnlyWhatItHasSeen() throws Exception {
    Node exporter = new Node();
    Node importer = new Node();
    importer.registry.watch("orders");
    importer.heard.expect("known orders");
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    done(exporter.registry.put(exporter.entry(1, "orders", 2)));
    importer.heard.await("stored orders tcp://127.0.0.1:2");
    done(importer.registry.remove(exporter.entry(1, "orders", 1)));
    importer.heard.expectNothing();
    done(importer.registry.remove(exporter.entry(1, "orders", 2)));
    importer.heard.expect("removed orders 1");
    // The owner hears of it, though it watches nothing.
    exporter.heard.await("removed orders 1");
  }

  /** Such as by a write of its own that a server has kept, and done late. */
  @Test
  void theOwnerHearsWhatIsStoredInItsName() throws Exception {
    Node exporter = new Node();
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    Heard heard = new Heard();
    Registry late = open(exporter.name, heard);
    opened.add(late);
    heard.await("connected");
    done(late.put(exporter.entry(1, "orders", 2)));
    done(late.put(exporter.entry(2, "bills", 3)));
    exporter.heard.await("stored orders tcp://127.0.0.1:2");
    exporter.heard.await("stored bills tcp://127.0.0.1:3");
  }

  @Test
  void theOwnerRemovesAnyContent() throws Exception {
    Node exporter = new Node();
    Node importer = new Node();
    importer.registry.watch("orders");
    importer.heard.expect("known orders");
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    importer.heard.expect("stored orders tcp://127.0.0.1:1");
    done(exporter.registry.remove(exporter.entry(1, "orders", 99)));
    importer.heard.expect("removed orders 1");
    // What is not there any more can be removed, too.
    done(exporter.registry.remove(exporter.entry(1, "orders", 99)));
  }

  @Test
  void beatsGoToThoseThatFollow() {
    Node exporter = new Node();
    Node importer = new Node();
    Node other = new Node();
    assumeTrue(exporter.registry.beats(), "this registry has no signs of life");
    importer.registry.follow(exporter.name);
    // Following may take a moment to reach the servers; a beat before that is lost.
    Answer answer = ask(importer, exporter.name);
    assertEquals(Answer.ALIVE, answer);
    exporter.registry.beat();
    importer.heard.expect("beat " + exporter.name);
    other.heard.expectNothing();
    importer.registry.unfollow(exporter.name);
    answer = ask(importer, exporter.name);
    exporter.registry.beat();
    importer.heard.expectNothing();
  }

  private static Answer ask(Node from, String node) {
    return from.registry
        .probe(node, Duration.ofSeconds(5))
        .toCompletableFuture()
        .orTimeout(SOON.toMillis(), TimeUnit.MILLISECONDS)
        .join();
  }

  /** Where there are several servers, the news may take a moment from one to the next. */
  private static Answer askWhile(Answer old, Node from, String node) {
    long end = System.nanoTime() + SOON.toNanos();
    Answer answer = ask(from, node);
    while (answer == old && System.nanoTime() < end) {
      answer = ask(from, node);
    }
    return answer;
  }

  @Test
  void aNodeAnswersAndOneThatHasGoneDoesNot() {
    Node one = new Node();
    Node two = new Node();
    assertEquals(Answer.ALIVE, askWhile(Answer.NO_RESPONDERS, one, two.name));
    assertEquals(Answer.NO_RESPONDERS, ask(one, "never-was"));
    kill(two.name, two.registry);
    assertEquals(Answer.NO_RESPONDERS, askWhile(Answer.NO_ANSWER, one, two.name));
  }

  @Test
  void entriesOutliveTheirNode() throws Exception {
    Node exporter = new Node();
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    exporter.registry.close();
    Node importer = new Node();
    importer.registry.watch("orders");
    importer.heard.expect("stored orders tcp://127.0.0.1:1");
    importer.heard.expect("known orders");
  }

  @Test
  void nothingIsHeardAfterTheClose() throws Exception {
    Node exporter = new Node();
    Node importer = new Node();
    importer.registry.watch("orders");
    importer.heard.expect("known orders");
    importer.registry.close();
    importer.registry.close();
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    importer.heard.expectNothing();
  }

  @Test
  void afterAReconnectionEverythingIsToldAgain() throws Exception {
    Node exporter = new Node();
    Node importer = new Node();
    importer.registry.watch("orders");
    importer.heard.expect("known orders");
    done(exporter.registry.put(exporter.entry(1, "orders", 1)));
    done(exporter.registry.put(exporter.entry(2, "orders", 2)));
    importer.heard.expect("stored orders tcp://127.0.0.1:1");
    importer.heard.expect("stored orders tcp://127.0.0.1:2");
    assumeTrue(cut(importer.name), "this registry cannot be cut off");
    importer.heard.await("disconnected");
    ExecutionException refused =
        assertThrows(
            ExecutionException.class,
            () ->
                importer
                    .registry
                    .put(importer.entry(1, "mine", 1))
                    .toCompletableFuture()
                    .get(SOON.toMillis(), TimeUnit.MILLISECONDS));
    assertInstanceOf(IOException.class, refused.getCause());
    done(exporter.registry.remove(exporter.entry(1, "orders", 1)));
    restore(importer.name);
    importer.heard.await("connected");
    importer.heard.expect("stored orders tcp://127.0.0.1:2");
    importer.heard.expect("known orders");
    done(exporter.registry.put(exporter.entry(3, "orders", 3)));
    importer.heard.expect("stored orders tcp://127.0.0.1:3");
    assertTrue(importer.registry.put(importer.entry(1, "mine", 1)) != null);
  }
}
