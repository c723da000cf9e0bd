// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.nats.NatsRegistries;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.LinkSettings;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import io.penstock.remote.spi.Answer;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an operator is told, what foreign entries do, and how little a container may do. */
class ToldTest {
  private static final Duration SESSION = Duration.ofSeconds(10);

  private static final class Heard implements RegistryListener {
    final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    @Override
    public void connected() {
      lines.add("connected");
    }

    @Override
    public void disconnected(String why) {
      lines.add("away: " + why);
    }

    @Override
    public void stored(RemoteEntry entry) {
      lines.add("stored " + entry.key());
    }

    @Override
    public void removed(String name, String key) {
      lines.add("removed " + key);
    }

    @Override
    public void known(String name) {
      lines.add("known " + name);
    }

    @Override
    public void beat(String node) {
      lines.add("beat " + node);
    }

    /** Waits for a line that has this in it. */
    String await(String part) throws InterruptedException {
      String last = null;
      for (String next = next(); next != null; next = next()) {
        if (next.contains(part)) {
          return next;
        }
        last = next;
      }
      throw new AssertionError("never: " + part + "; the last is " + last);
    }

    private String next() throws InterruptedException {
      return lines.poll(20, TimeUnit.SECONDS);
    }
  }

  private static RegistrySettings settings(
      NatsCluster cluster, int replicas, Map<String, String> options, Map<String, String> secrets) {
    return new RegistrySettings(cluster.urls(), SESSION, replicas, options, secrets);
  }

  private static Registry open(
      NatsCluster cluster, String node, int replicas, RegistryListener listener) {
    return new NatsRegistries()
        .open(node, settings(cluster, replicas, Map.of(), Map.of()), listener);
  }

  private static Registry open(
      NatsCluster cluster, String node, String user, String password, RegistryListener listener) {
    Map<String, String> secrets = Map.of("password", password);
    return new NatsRegistries()
        .open(node, settings(cluster, 1, Map.of("user", user), secrets), listener);
  }

  private static RemoteEntry entry(String node, long id, String name) {
    return new RemoteEntry(node, id, name, Endpoint.tcp("a", 1), 0, Map.of(), Map.of());
  }

  private static void done(CompletionStage<Void> stage) throws Exception {
    Object unused = stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void tooFewServersAreNamedWithTheReplicas() throws Exception {
    Heard heard = new Heard();
    try (NatsCluster one = NatsCluster.start(1);
        Registry registry = open(one, "a", 3, heard)) {
      String why = heard.await("replicas is 3");
      assertTrue(why.contains("the servers are 1"), why);
      Exception refused =
          assertThrows(Exception.class, () -> done(registry.put(entry("a", 1, "orders"))));
      assertTrue(refused.getMessage().contains("replicas is 3"), refused.getMessage());
    }
  }

  @Test
  void aServerWithoutJetStreamIsToldSo() throws Exception {
    Heard heard = new Heard();
    try (NatsCluster one = NatsCluster.start(1, "127.0.0.1", "jetstream: disabled\n");
        Registry registry = open(one, "a", 1, heard)) {
      assertNotNull(heard.await("JetStream"), registry.toString());
    }
  }

  @Test
  void aWrongTokenIsToldAndMayBeCorrected() throws Exception {
    Heard heard = new Heard();
    try (NatsCluster one =
            NatsCluster.start(1, "127.0.0.1", "authorization { token: \"right-one\" }\n");
        Registry wrong =
            new NatsRegistries()
                .open("a", settings(one, 1, Map.of(), Map.of("token", "wrong-one")), heard)) {
      String why = heard.await("uthori");
      assertTrue(!why.contains("wrong-one"), why);
      Heard other = new Heard();
      try (Registry right =
          new NatsRegistries()
              .open("b", settings(one, 1, Map.of(), Map.of("token", "right-one")), other)) {
        assertNotNull(other.await("connected"), right + " " + wrong);
      }
    }
  }

  /** A client without a configuration gives its login with the endpoint. */
  @Test
  void anEndpointLogsIn(@TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "right-one\n");
    String login = "authorization { user: \"client\", password: \"right-one\" }\n";
    try (NatsCluster one = NatsCluster.start(1, "127.0.0.1", login);
        Penstock penstock = Penstock.open()) {
      String registry = "&registry.user=client&registry.passwordFile=";
      String place = "remote:orders?servers=nats://127.0.0.1:" + one.port(0) + registry;
      AddressException none =
          assertThrows(AddressException.class, () -> connect(penstock, place + secret));
      assertEquals(AddressException.Kind.NOT_FOUND, none.kind(), none.getMessage());
      AddressException unreadable =
          assertThrows(AddressException.class, () -> connect(penstock, place + secret + "-not"));
      assertEquals(AddressException.Kind.ACCESS, unreadable.kind());
    }
  }

  private static void connect(Penstock penstock, String place) throws IOException {
    Wait soon = Wait.upTo(Duration.ofSeconds(40));
    penstock.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), soon).close();
  }

  @Test
  void settingsThatAreNotAllowedAreNamed() {
    for (Map<String, String> secrets :
        List.of(Map.of("password", "x"), Map.of("jwt", "x"), Map.of("user", "x"))) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  new NatsRegistries()
                      .open(
                          "a",
                          new RegistrySettings(
                              List.of("nats://a:1"), SESSION, 1, Map.of(), secrets),
                          new Heard()));
      assertTrue(refused.getMessage().contains(secrets.keySet().iterator().next()));
    }
  }

  private static void raw(Link link, String subject, String text) throws Exception {
    Object unused =
        link.ask(subject, null, text.getBytes(StandardCharsets.UTF_8)).get(30, TimeUnit.SECONDS);
  }

  private static long messages(Link link) throws Exception {
    JsonValue info = Api.info(link, Subjects.STREAM).get(30, TimeUnit.SECONDS);
    return JsonValueUtils.readLong(JsonValueUtils.readObject(info, "state"), "messages", -1);
  }

  @Test
  void whatCannotBeReadIsPassedOver() throws Exception {
    Heard heard = new Heard();
    Heard all = new Heard();
    try (NatsCluster one = NatsCluster.start(1);
        Registry registry = open(one, "a", 1, heard);
        Registry other = open(one, "b", 1, all);
        Link link = Connected.link(one)) {
      assertNotNull(heard.await("connected"));
      assertNotNull(all.await("connected"));
      String good = new String(EntryText.write(entry("a", 1, "orders")), StandardCharsets.UTF_8);
      String place = Subjects.ENTRIES + "orders.a.";
      raw(link, place + "2", "no json");
      raw(link, place + "3", good);
      raw(link, place + "4", good.replace("\"id\":1", "\"id\":4").replace("tcp:", "exec:"));
      raw(link, place + "5", good.replace("\"id\":1", "\"id\":5").replace("t\":1", "t\":2"));
      raw(link, place + "6", "[1,2]");
      raw(link, place + "7", "{\"format\":1,\"node\":null,\"id\":\"x\"}");
      raw(link, Subjects.ENTRIES + "orders", good);
      raw(link, Subjects.ENTRIES + "=ZZ.a.1", good);
      raw(link, place + "8", "");
      done(registry.put(entry("a", 1, "orders")));
      other.watch("orders");
      assertEquals("stored a/1", all.next());
      assertEquals("known orders", all.next());
      other.watch(Registry.ALL);
      assertNotNull(all.await("known *"));
    }
  }

  @Test
  void aStreamThatIsDeletedIsMadeAndFilledAgain() throws Exception {
    Heard heard = new Heard();
    try (NatsCluster one = NatsCluster.start(1);
        Registry registry = open(one, "a", 1, heard);
        Link link = Connected.link(one)) {
      assertNotNull(heard.await("connected"));
      done(registry.put(entry("a", 1, "orders")));
      registry.watch("orders");
      assertNotNull(heard.await("known orders"));
      Object unused =
          Api.ask(link, "STREAM.DELETE." + Subjects.STREAM, "").get(30, TimeUnit.SECONDS);
      assertNotNull(heard.await("away"));
      // Whoever publishes does so again then.
      assertEquals("connected", heard.await("connected"));
      done(registry.put(entry("a", 1, "orders")));
      assertNotNull(heard.await("stored a/1"));
    }
  }

  @Test
  void markersDoNotPileUp() throws Exception {
    Heard heard = new Heard();
    try (NatsCluster one = NatsCluster.start(1)) {
      Ready.await(one);
      Link link = Connected.link(one);
      LinkSettings servers = new LinkSettings(one.urls(), Map.of(), Map.of());
      RegistrySettings settings = settings(one, 1, Map.of(), Map.of());
      Duration long1 = Duration.ofMinutes(1);
      try (Registry gone = new NatsRegistry("gone", servers, settings, heard, long1)) {
        assertNotNull(heard.await("connected"));
        for (int i = 0; i < 50; i++) {
          done(gone.put(entry("gone", i, "orders")));
          done(gone.remove(entry("gone", i, "orders")));
        }
      }
      assertEquals(50, messages(link));
      Duration short1 = Duration.ofMillis(300);
      try (Registry next = new NatsRegistry("next", servers, settings, heard, short1)) {
        assertNotNull(heard.await("connected"));
        done(next.put(entry("next", 1, "orders")));
        for (int i = 2; i < 50; i++) {
          done(next.put(entry("next", i, "orders")));
          done(next.remove(entry("next", i, "orders")));
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (messages(link) > 1 && System.nanoTime() < end) {
          boolean unused = new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
        }
        assertEquals(1, messages(link));
      } finally {
        link.close();
      }
    }
  }

  /** The server lets it make a consumer, and not ask that for messages. */
  @Test
  void aRightToReadThatIsMissingIsLoggedOnceAndMayBeGranted() throws Exception {
    String rights =
        """
        authorization { users: [ { user: "a", password: "right-one",
          permissions: { publish: { deny: [ "%s" ] } } } ] }
        """;
    String asking = "$JS.API.CONSUMER.MSG.NEXT." + Subjects.STREAM;
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    Logger logger = Logger.getLogger("io.penstock.nats");
    Heard heard = new Heard();
    try (NatsCluster one = NatsCluster.start(1, "127.0.0.1", rights.formatted(asking + ".*"));
        Registry registry = open(one, "a", "a", "right-one", heard)) {
      logger.setFilter(
          line -> lines.add(line.getLevel() + " " + new SimpleFormatter().formatMessage(line)));
      assertNotNull(heard.await("connected"));
      done(registry.put(entry("a", 1, "orders")));
      registry.watch("orders");
      // Of its own entries, and of those of that name.
      Set<String> both = new HashSet<>();
      for (int i = 0; i < 2; i++) {
        String line = String.valueOf(lines.poll(20, TimeUnit.SECONDS));
        assertTrue(line.startsWith("WARNING " + one.url(0) + ": the entries of "), line);
        assertTrue(line.contains(" cannot be read: ") && line.contains(asking), line);
        both.add(line.substring(0, line.indexOf(" cannot be read: ")));
      }
      assertEquals(2, both.size(), both.toString());
      // It has been tried again by then.
      assertNull(lines.poll(7, TimeUnit.SECONDS));
      one.stop(0);
      one.configure(rights.formatted("nothing"));
      one.restart(0);
      assertNotNull(heard.await("stored a/1"));
    } finally {
      logger.setFilter(null);
    }
  }

  /** The rights that the page gives are enough, and are no more than that. */
  @Test
  void theRightsOfThePageAreEnough() throws Exception {
    String page = page();
    Heard orders = new Heard();
    Heard client = new Heard();
    Heard foreign = new Heard();
    try (NatsCluster one = NatsCluster.start(1, "127.0.0.1", page);
        Registry admin = open(one, "admin", "setup", "change-me-1", foreign)) {
      // It makes the stream.
      assertNotNull(foreign.await("connected"), admin.toString());
      try (Registry exporter = open(one, "e", "gateway", "change-me-2", orders);
          Registry importer = open(one, "i", "client", "change-me-3", client)) {
        assertNotNull(orders.await("connected"));
        assertNotNull(client.await("connected"));
        importer.watch("orders");
        assertEquals("known orders", client.next());
        done(exporter.put(entry("e", 1, "orders")));
        assertEquals("stored e/1", client.next());
        importer.follow("e");
        assertEquals(
            Answer.ALIVE, importer.probe("e", Duration.ofSeconds(10)).toCompletableFuture().get());
        String beat = null;
        for (int i = 0; i < 200 && beat == null; i++) {
          // One that comes before the other listens is lost.
          exporter.beat();
          beat = client.lines.poll(100, TimeUnit.MILLISECONDS);
        }
        assertEquals("beat e", beat);
        done(exporter.remove(entry("e", 1, "orders")));
        assertEquals("removed e/1", client.await("removed"));
        assertEquals(
            Answer.NO_RESPONDERS,
            importer.probe("nobody", Duration.ofSeconds(10)).toCompletableFuture().get());
        Exception refused =
            assertThrows(Exception.class, () -> done(exporter.put(entry("e", 2, "bills"))));
        assertTrue(refused.getMessage().contains("ermission"), refused.getMessage());
        refused = assertThrows(Exception.class, () -> done(importer.put(entry("i", 2, "orders"))));
        assertTrue(refused.getMessage().contains("ermission"), refused.getMessage());
      }
    }
  }

  /** What {@code docs/cluster.md} shows as a configuration of the servers. */
  private static String page() throws Exception {
    String page = Files.readString(Path.of("../../docs/cluster.md"));
    String begin = "# accounts.conf\n";
    int at = page.indexOf(begin);
    assertTrue(at > 0, "the page has no accounts.conf");
    return page.substring(at, page.indexOf("```", at));
  }
}
