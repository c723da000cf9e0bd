// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Endpoint;
import io.penstock.remote.impl.protocol.Removal;
import io.penstock.remote.impl.registry.MemoryFabric;
import io.penstock.remote.impl.registry.MemoryRegistryFactory;
import io.penstock.remote.impl.registry.StaticRegistryFactory;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An operator reads in the log which endpoints come and go, as docs/logs.md says. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NodeLogTest {
  private final String fabric = UUID.randomUUID().toString();
  private final String servers = "memory:" + fabric;
  private final List<RemoteNode> nodes = new ArrayList<>();
  private final Logger logger = Logger.getLogger("io.penstock.remote");
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord each) {
          String text = new SimpleFormatter().formatMessage(each);
          String line = each.getLevel() + " " + each.getLoggerName() + " " + text;
          lines.add(each.getThrown() == null ? line : line + " " + each.getThrown());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    logger.addHandler(handler);
  }

  @AfterEach
  void close() {
    nodes.forEach(RemoteNode::close);
    logger.removeHandler(handler);
  }

  private String next() throws InterruptedException {
    return String.valueOf(lines.poll(60, TimeUnit.SECONDS));
  }

  private void expect(String level, String text) throws InterruptedException {
    assertEquals(level + " io.penstock.remote " + text, next());
  }

  /** Two lines of two nodes, each of which has a thread of its own. */
  private void expectBoth(String one, String other) throws InterruptedException {
    String begin = "INFO io.penstock.remote ";
    assertEquals(Set.of(begin + one, begin + other), Set.of(next(), next()));
  }

  private RemoteNode node(String name, RegistryFactory factory, String list) {
    RegistrySettings settings =
        new RegistrySettings(List.of(list), Duration.ofSeconds(1), 1, Map.of(), Map.of());
    RemoteNode made = new RemoteNode(name, factory, settings, OnRemoved.KEEP, null);
    nodes.add(made);
    return made;
  }

  private RemoteNode node(String name) throws InterruptedException {
    RemoteNode made = node(name, new MemoryRegistryFactory(), servers);
    expect("INFO", servers + ": the registry is connected");
    return made;
  }

  private static RemoteEntry entry(String node, int port) {
    return new RemoteEntry(
        node, 1, "orders", Endpoint.tcp("127.0.0.1", port), 0, Map.of(), Map.of());
  }

  /** Two nodes, of which the second uses what the first publishes. */
  private RemoteNode published() throws InterruptedException {
    RemoteNode a = node("a");
    RemoteNode b = node("b");
    b.watch(Registry.ALL);
    a.publish(entry("a", 1));
    expectBoth("orders: published as tcp://127.0.0.1:1", "orders: found at tcp://127.0.0.1:1 in a");
    return a;
  }

  @Test
  void anEntryIsAddedMovedAndRemoved() throws Exception {
    RemoteNode a = published();
    a.publish(entry("a", 2));
    expectBoth("orders: published as tcp://127.0.0.1:2", "orders: now at tcp://127.0.0.1:2 in a");
    a.withdraw("a/1");
    expectBoth(
        "orders: published no more",
        "orders: gone from tcp://127.0.0.1:2 in a, which publishes it no more");
  }

  @Test
  void anEntryOfASilentContainerIsRemoved() throws Exception {
    RemoteNode unused = published();
    MemoryFabric.named(fabric).kill("a");
    expect("WARNING", "orders: gone from tcp://127.0.0.1:1, because a was silent for a session");
  }

  @Test
  void entriesAreFrozenUntilTheRegistryIsBack() throws Exception {
    RemoteNode a = published();
    MemoryFabric.named(fabric).cut("b");
    expect(
        "WARNING",
        servers
            + ": the registry cannot be reached: it was cut off; what is known of 1 endpoints is"
            + " frozen until it can");
    a.withdraw("a/1");
    expect("INFO", "orders: published no more");
    MemoryFabric.named(fabric).restore("b");
    expect("INFO", servers + ": the registry is connected");
    expect("INFO", "orders: gone from tcp://127.0.0.1:1 in a, which publishes it no more");
  }

  @Test
  void aRegistryThatTakesNothingIsTold() throws Exception {
    String list = "static:bills=tcp://127.0.0.1:9";
    RemoteNode a = node("a", new StaticRegistryFactory(), list);
    expect("INFO", list + ": the registry is connected");
    a.publish(entry("a", 1));
    expect("INFO", "orders: published as tcp://127.0.0.1:1");
    expect(
        "WARNING",
        "orders: cannot be published in "
            + list
            + ": orders: publishing in a static list is not supported; add it to the lists of the"
            + " other containers, or use a registry with servers; trying again");
    a.withdraw("a/1");
    expect("INFO", "orders: published no more");
  }

  /** Those that need a minute, or a fault. */
  @Test
  void theRareLinesSayWhatTheyMean() throws Exception {
    NodeLog log = new NodeLog(servers);
    log.gone(entry("a", 1), Removal.DEAD);
    expect("WARNING", "orders: gone from tcp://127.0.0.1:1, because a is dead");
    log.purging(entry("a", 1));
    expect("INFO", "orders: removing what the dead container a has left in the registry");
    log.notRemovedInTime();
    expect(
        "WARNING",
        servers
            + ": what was published here could not be removed in time; others notice when its"
            + " session is over");
    log.stepFailed(new IOException("disk"));
    expect("SEVERE", servers + ": a step of the registry failed java.io.IOException: disk");
  }
}
