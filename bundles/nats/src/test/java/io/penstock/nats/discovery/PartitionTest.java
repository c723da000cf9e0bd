// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.NatsCluster.Place;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Packets that vanish without a word, between a container and three servers. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class PartitionTest {
  // A container that gets no processor for a session is given up.
  private static final Duration SESSION = Duration.ofSeconds(Figure.LONG ? 1 : 2);

  private final String id = UUID.randomUUID().toString().substring(0, 5);
  private final String space = "penstock-" + id;
  private final String outside = "pso" + id;
  private final String inside = "psi" + id;
  // Of the range for documentation, which nobody uses.
  private final String net = "198.51.100." + (4 * (ProcessHandle.current().pid() % 60));
  private final String here = address(1);
  private final String there = address(2);
  private final List<Container> containers = new ArrayList<>();
  private NatsCluster cluster;
  // Of this attempt.
  private String name = unique();

  private String address(int host) {
    int dot = net.lastIndexOf('.');
    return net.substring(0, dot + 1) + (Integer.parseInt(net.substring(dot + 1)) + host);
  }

  private static int run(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (code != 0) {
        System.out.println(String.join(" ", command) + ": " + said);
      }
      return code;
    } catch (IOException e) {
      return -1;
    }
  }

  private static void must(String... command) throws InterruptedException {
    assertEquals(0, run(command), String.join(" ", command));
  }

  @BeforeEach
  void begin() throws Exception {
    Assumptions.assumeTrue(
        run("ip", "netns", "add", space) == 0,
        "network namespaces cannot be made here; it takes iproute2 and the rights of root");
    Assumptions.assumeTrue(
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside) == 0,
        "pairs of network devices cannot be made here");
    must("ip", "link", "set", inside, "netns", space);
    must("ip", "addr", "add", here + "/30", "dev", outside);
    must("ip", "link", "set", outside, "up");
    must("ip", "netns", "exec", space, "ip", "addr", "add", there + "/30", "dev", inside);
    must("ip", "netns", "exec", space, "ip", "link", "set", inside, "up");
    must("ip", "netns", "exec", space, "ip", "link", "set", "lo", "up");
    cluster = NatsCluster.start(3, here, "");
  }

  @AfterEach
  void end() throws Exception {
    containers.forEach(Container::close);
    if (cluster != null) {
      cluster.close();
    }
    int unused = run("ip", "link", "del", outside);
    unused = run("ip", "netns", "del", space);
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
    heal();
    name = unique();
  }

  private void attempts(Figure.Attempt body) throws Exception {
    Figure.attempts(body, this::anew);
  }

  private List<String> away() {
    return List.of("ip", "netns", "exec", space);
  }

  /** The device inside goes down: neither side hears of it. */
  private void cut() throws InterruptedException {
    must("ip", "netns", "exec", space, "ip", "link", "set", inside, "down");
  }

  private void heal() throws InterruptedException {
    must("ip", "netns", "exec", space, "ip", "link", "set", inside, "up");
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
    Container c = container(away(), "c");
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    for (Duration cut :
        Figure.LONG
            ? List.of(SESSION.multipliedBy(2), SESSION.multipliedBy(8), SESSION.multipliedBy(15))
            : List.of(SESSION.multipliedBy(2))) {
      cut();
      pass(cut);
      heal();
      pass(SESSION.multipliedBy(2));
      assertEquals(List.of(), c.said());
    }
    // It hears again.
    cut();
    pass(SESSION.multipliedBy(2));
    unused = a.kill();
    long healed = System.nanoTime();
    heal();
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
    Container a = container(away(), "a");
    Container c = container(List.of(), "c");
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    long cut = System.nanoTime();
    cut();
    Figure.tell(
        "cut until removed", cut, c.expect("removed " + a.node() + "/0"), SESSION.plusSeconds(1));
    pass(SESSION.multipliedBy(Figure.LONG ? 10 : 2));
    long healed = System.nanoTime();
    heal();
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
    Place majority = new Place(here, List.of());
    cluster = NatsCluster.start(List.of(majority, majority, new Place(there, away())));
    cluster.awaitReady();
    Container a = container(List.of(), "a", List.of(cluster.url(0), cluster.url(1)));
    Container c = container(away(), "c", List.of(cluster.url(2)));
    c.watch(name);
    long unused = a.publish(name, 0);
    unused = c.expect("added " + a.node() + "/0");
    long cut = System.nanoTime();
    cut();
    Figure.tell(
        "cut with one server until removed",
        cut,
        c.expect("removed " + a.node() + "/0"),
        SESSION.plusSeconds(1));
    pass(SESSION.multipliedBy(Figure.LONG ? 30 : 2));
    long healed = System.nanoTime();
    heal();
    Figure.tell(
        "healed with its server until added again",
        healed,
        c.expect("added " + a.node() + "/0"),
        Duration.ofSeconds(30));
    pass(SESSION.multipliedBy(3));
    assertEquals(List.of(), c.said());
  }
}
