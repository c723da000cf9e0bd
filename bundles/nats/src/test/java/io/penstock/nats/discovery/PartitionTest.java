// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.nats.support.Namespace;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.NatsCluster.Place;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;

/** Packets that vanish without a word, between a container and three servers. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@DisabledIfEnvironmentVariable(
    named = "PENSTOCK_ELSEWHERE",
    matches = ".*\\bcuts\\b.*",
    disabledReason = "tried in the build beside this one")
class PartitionTest {
  // A container that gets no processor for a session is given up.
  private static final Duration SESSION = Duration.ofSeconds(Figure.LONG ? 1 : 2);

  private final List<Container> containers = new ArrayList<>();
  private Namespace space;
  private NatsCluster cluster;
  // Of this attempt.
  private String name = unique();

  @BeforeEach
  void begin() throws Exception {
    space = Namespace.make();
    cluster = NatsCluster.start(3, space.here(), "");
  }

  @AfterEach
  void end() throws Exception {
    containers.forEach(Container::close);
    if (cluster != null) {
      cluster.close();
    }
    if (space != null) {
      space.close();
    }
  }

  private Container container(List<String> before, String node) throws IOException {
    return container(before, node, cluster.urls());
  }

  private Container container(List<String> before, String node, List<String> servers)
      throws IOException {
    Container made = new Container(before, name + node, SESSION, 3, servers);
    containers.add(made);
    return made;
  }

  private static String unique() {
    return "n" + UUID.randomUUID().toString().substring(0, 8);
  }

  /** The network is whole, and nobody hears of the containers that there were. */
  private void anew() throws Exception {
    containers.forEach(Container::close);
    containers.clear();
    space.heal();
    name = unique();
  }

  private void attempts(Figure.Attempt body) throws Exception {
    Figure.attempts(body, this::anew);
  }

  private static void pass(Duration time) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  void aConsumerThatIsCutOffGivesNobodyUp() throws Exception {
    attempts(this::consumerCutOff);
  }

  private void consumerCutOff() throws Exception {
    Container a = container(List.of(), "a");
    Container c = container(space.inside(), "c");
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    for (Duration cut :
        Figure.LONG
            ? List.of(SESSION.multipliedBy(2), SESSION.multipliedBy(8), SESSION.multipliedBy(15))
            : List.of(SESSION.multipliedBy(2))) {
      space.cut();
      pass(cut);
      space.heal();
      pass(SESSION.multipliedBy(2));
      assertEquals(List.of(), c.said());
    }
    // It hears again.
    space.cut();
    pass(SESSION.multipliedBy(2));
    unused = a.kill();
    long healed = System.nanoTime();
    space.heal();
    Figure.tell(
        "healed until the dead is removed",
        healed,
        c.expect("removed " + a.node() + "/0"),
        Duration.ofSeconds(15));
  }

  @Test
  void anExporterThatIsCutOffGoesAndComesBackOnce() throws Exception {
    attempts(this::exporterCutOff);
  }

  private void exporterCutOff() throws Exception {
    Container a = container(space.inside(), "a");
    Container c = container(List.of(), "c");
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    long cut = System.nanoTime();
    space.cut();
    Figure.tell(
        "cut until removed", cut, c.expect("removed " + a.node() + "/0"), SESSION.plusSeconds(1));
    pass(SESSION.multipliedBy(Figure.LONG ? 10 : 2));
    long healed = System.nanoTime();
    space.heal();
    Figure.tell(
        "healed until added again",
        healed,
        c.expect("added " + a.node() + "/0"),
        Duration.ofSeconds(15));
    pass(SESSION.multipliedBy(3));
    assertEquals(List.of(), c.said());
  }

  @Test
  void aConsumerWithTheLesserPartOfTheServersHasAllAgainOnce() throws Exception {
    attempts(this::lesserPart);
  }

  /** From its side the exporter is cut off, and the server that it has answers as before. */
  private void lesserPart() throws Exception {
    // That of each test, or of the attempt before.
    cluster.close();
    Place majority = new Place(space.here(), List.of());
    cluster =
        NatsCluster.start(List.of(majority, majority, new Place(space.there(), space.inside())));
    cluster.awaitReady();
    Container a = container(List.of(), "a", List.of(cluster.url(0), cluster.url(1)));
    Container c = container(space.inside(), "c", List.of(cluster.url(2)));
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    long cut = System.nanoTime();
    space.cut();
    Figure.tell(
        "cut with one server until removed",
        cut,
        c.expect("removed " + a.node() + "/0"),
        SESSION.plusSeconds(1));
    pass(SESSION.multipliedBy(Figure.LONG ? 30 : 2));
    long healed = System.nanoTime();
    space.heal();
    Figure.tell(
        "healed with its server until added again",
        healed,
        c.expect("added " + a.node() + "/0"),
        Duration.ofSeconds(30));
    pass(SESSION.multipliedBy(3));
    assertEquals(List.of(), c.said());
  }
}
