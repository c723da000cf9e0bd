// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.nats.NatsRegistries;
import io.penstock.nats.support.Authority;
import io.penstock.nats.support.NatsCluster;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.impl.provider.RemoteKind;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO.State;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three servers by the configuration that {@code docs/cluster.md} shows, with its accounts and
 * rights. Only addresses, files and certificates are those of this machine.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class RecipeTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(40));
  private static final List<String> NAMES = List.of("one", "two", "three");
  private static final String ALWAYS = "sync_interval: always";
  private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");
  private static final String CHANGED = "changed";
  private static final String OTHER_ROOM = "a writer with another `capacity`";
  private static final String OTHER_REPLICAS = "a writer with other `replicas`";
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  @TempDir private static Path folder;
  private static String page;
  private static String version;
  private static NatsCluster cluster;

  private final Penstock penstock = Penstock.open();
  private final List<RemoteNode> nodes = new ArrayList<>();

  @BeforeAll
  static void begin() throws Exception {
    page = Files.readString(Path.of("../../docs/cluster.md"));
    Process said = new ProcessBuilder(NatsCluster.program().toString(), "--version").start();
    try (BufferedReader told = said.inputReader()) {
      version = String.valueOf(told.readLine());
    }
    Authority authority = Authority.make(folder, "ca");
    for (String each : NAMES) {
      authority.issue(each, "subjectAltName=DNS:localhost");
    }
    cluster = NatsCluster.start(NAMES.size(), RecipeTest::configuration);
    // It makes the stream, as the page says.
    try (RemoteNode setup = node("setup", "localhost", login("setup"))) {
      RemoteDTO unused = await(setup, RemoteDTO::connected);
    }
  }

  @AfterAll
  static void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @AfterEach
  void close() {
    nodes.forEach(RemoteNode::close);
    penstock.close();
  }

  // ---- the page

  /** The first block of code that follows a text of the page. */
  private static String block(String after) {
    int at = page.indexOf(after);
    assertTrue(at >= 0, "the page has no more: " + after);
    int begin = page.indexOf('\n', page.indexOf("```", at)) + 1;
    return page.substring(begin, page.indexOf("```", begin));
  }

  private static String configuration(NatsCluster made, int server) throws IOException {
    Files.writeString(made.folder().resolve("accounts.conf"), accounts());
    String text =
        block("### Three servers")
            .replace("server_name: one", "server_name: " + NAMES.get(server))
            .replace("0.0.0.0:4222", "127.0.0.1:" + made.port(server))
            .replace("0.0.0.0:6222", "127.0.0.1:" + made.route(server))
            .replace("/var/lib/nats", made.store(server).toString())
            .replace("/etc/nats/one.", folder.resolve(NAMES.get(server)) + ".")
            .replace("/etc/nats/", folder + "/");
    for (int i = 0; i < NAMES.size(); i++) {
      text = text.replace(NAMES.get(i) + ".example:6222", "localhost:" + made.route(i));
    }
    assertTrue(page.contains("`jetstream { … " + ALWAYS + " }`"), "the page has no more " + ALWAYS);
    if (!version.contains("v2.9.")) {
      text = text.replace("max_file_store: 4GB", "max_file_store: 4GB, " + ALWAYS);
      assertTrue(text.contains(ALWAYS), text);
    }
    assertFalse(text.contains("example"), text);
    return text;
  }

  /** Those of the page, and one for each end of a pipe, with the rights that the page lists. */
  private static String accounts() {
    String accounts = block("### Rights for discovery");
    String users = "users: [";
    assertTrue(accounts.contains(users), accounts);
    String ends =
        user("first", "orders", "the first one of all", "the writer")
            + user("writer", "orders", "the writer")
            + user("reader", "orders", "the reader")
            + user("founder", CHANGED, "the first one of all", "the writer")
            + user("wider", CHANGED, "the writer", OTHER_ROOM)
            + user("mover", CHANGED, "the writer", OTHER_ROOM, OTHER_REPLICAS);
    return accounts.replace(users, users + "\n" + ends);
  }

  private static String user(String name, String pipe, String... roles) {
    String section = page.substring(page.indexOf("### Rights for durable pipes"));
    List<String> publish = all(QUOTED, block("both ends need:"));
    List<String> subscribe =
        all(CODE, section.replaceAll("(?s).*\nand (.*?) to subscribe.*", "$1"));
    for (String line : section.split("\n", -1)) {
      String[] cells = line.split("\\|", -1);
      for (String role : roles) {
        if (cells.length == 4 && cells[2].strip().startsWith(role)) {
          publish.addAll(all(CODE, cells[1]));
        }
      }
    }
    assertTrue(publish.size() > 8 && subscribe.size() == 2, publish + " " + subscribe);
    return "{ user: %s, password: \"of %s\", permissions: { publish: %s, subscribe: %s } }\n"
        .formatted(name, name, quoted(publish), quoted(subscribe))
        .replace("orders", pipe);
  }

  private static List<String> all(Pattern pattern, String text) {
    List<String> found = new ArrayList<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  private static String quoted(List<String> subjects) {
    return "[ \"" + String.join("\", \"", subjects) + "\" ]";
  }

  /** The password of a user of the page. */
  private static String login(String user) {
    Matcher found =
        Pattern.compile("user: " + user + ", password: \"([^\"]+)\"").matcher(accounts());
    assertTrue(found.find(), user);
    return found.group(1);
  }

  // ---- containers

  private static RemoteNode node(String user, String host, String password) {
    List<String> servers = new ArrayList<>();
    for (int i = 0; i < cluster.size(); i++) {
      servers.add("nats://" + host + ":" + cluster.port(i));
    }
    Map<String, String> options = new TreeMap<>();
    options.put("user", user);
    options.put("tls.trust", folder.resolve("ca.pem").toString());
    return new RemoteNode(
        user,
        new NatsRegistries(),
        new RegistrySettings(
            servers, Duration.ofSeconds(3), 3, options, Map.of("password", password)),
        OnRemoved.KEEP,
        null);
  }

  private RemoteNode node(String user) throws Exception {
    RemoteNode made = node(user, "localhost", login(user));
    nodes.add(made);
    RemoteDTO unused = await(made, RemoteDTO::connected);
    return made;
  }

  /** Looks again and again, until it is as wanted; returns what it sees then. */
  private static RemoteDTO await(RemoteNode node, Predicate<RemoteDTO> wanted)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    RemoteDTO seen = node.describe();
    while (!wanted.test(seen)) {
      assertTrue(System.nanoTime() < end, () -> "still " + node.describe());
      boolean unused = new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
      seen = node.describe();
    }
    return seen;
  }

  private static void publish(RemoteNode node, long id, String name, Endpoint endpoint) {
    node.publish(new RemoteEntry(node.node(), id, name, endpoint, 0, Map.of(), Map.of()));
  }

  private static boolean isState(RemoteDTO seen, String name, State state) {
    return seen.entries().stream()
        .anyMatch(each -> each.name().equals(name) && each.state() == state);
  }

  /** Is told at once: a question that nobody answers takes longer. */
  private static void refused(RemoteNode node, String name) throws InterruptedException {
    long begun = System.nanoTime();
    RemoteDTO seen =
        await(
            node,
            now ->
                now.entries().stream()
                    .anyMatch(each -> each.name().equals(name) && each.trouble() != null));
    assertTrue(isState(seen, name, State.PENDING), seen.toString());
    assertTrue(seen.toString().contains("ermission"), seen.toString());
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    assertTrue(millis < 4500, "told after " + millis + " ms: " + seen);
  }

  // ---- discovery

  @Test
  void theGatewayIsFoundAndConnectedTo() throws Exception {
    // The account of the container's configuration is one of those.
    Map<String, String> container = new TreeMap<>();
    String json = block("A container that publishes `orders`");
    for (String key : List.of("user", ".password")) {
      Matcher found = Pattern.compile("\"" + key + "\": \"([^\"]+)\"").matcher(json);
      assertTrue(found.find(), key);
      container.put(key, found.group(1));
    }
    assertEquals(login(container.get("user")), container.get(".password"));
    RemoteNode gateway = node(container.get("user"));
    RemoteNode client = node("client");
    Server server =
        penstock.serve("tcp-listen://127.0.0.1:0", (peer, line) -> peer.reply("served " + line));
    publish(gateway, 1, "orders", Endpoint.parse("tcp:" + server.endpoint().address()));
    RemoteDTO unused = await(gateway, seen -> isState(seen, "orders", State.PUBLISHED));
    RemoteKind kind = new RemoteKind(penstock::provider, scheme -> Optional.empty());
    kind.use(client);
    penstock.provide(kind);
    try (Channel channel =
        penstock
            .channels()
            .open(Endpoint.parse("remote:orders"), ChannelOptions.defaults(), SOON)) {
      channel.sink().writeFully("tea\n", SOON);
      assertEquals("served tea", line(channel));
    }
    gateway.withdraw("gateway/1");
    unused = await(client, seen -> seen.entries().isEmpty());
  }

  @Test
  void nobodyPublishesWhatThePageDoesNotAllow() throws Exception {
    Endpoint nowhere = Endpoint.parse("tcp://127.0.0.1:1");
    RemoteNode gateway = node("gateway");
    publish(gateway, 2, "bills", nowhere);
    refused(gateway, "bills");
    RemoteNode client = node("client");
    publish(client, 1, "orders", nowhere);
    refused(client, "orders");
  }

  @Test
  void aServerWithAnotherNameAndAWrongPasswordAreRefused() throws Exception {
    for (RemoteNode each :
        List.of(
            node("client", "127.0.0.1", login("client")), node("client", "localhost", "wrong"))) {
      nodes.add(each);
      RemoteDTO seen = await(each, now -> !String.valueOf(now.trouble()).contains("yet"));
      assertFalse(seen.connected());
      assertFalse(seen.trouble().contains("wrong"), seen.trouble());
    }
  }

  // ---- a durable pipe

  private Channel end(String user, String pipe, String mode) throws IOException {
    Path secret = Files.writeString(folder.resolve(user), "of " + user + "\n");
    StringBuilder servers = new StringBuilder();
    for (int i = 0; i < cluster.size(); i++) {
      servers.append(i == 0 ? "" : ",").append("localhost:").append(cluster.port(i));
    }
    String place =
        ("durable:nats://%s/%s?mode=%s&user=%s&passwordFile=%s&tls.trust=%s")
            .formatted(servers, pipe, mode, user, secret, folder.resolve("ca.pem"));
    return penstock.channels().open(Endpoint.parse(place), ChannelOptions.defaults(), SOON);
  }

  private static void write(Channel writer, String line) throws IOException {
    writer.sink().writeFully(line + "\n", SOON);
    writer.sink().flush(SOON);
  }

  private void forbidden(String user, String pipe, String mode) {
    forbidden(user, pipe, mode, "ermission");
  }

  private void forbidden(String user, String pipe, String mode, String told) {
    AddressException refused =
        assertThrows(AddressException.class, () -> end(user, pipe, mode).close());
    assertEquals(AddressException.Kind.ACCESS, refused.kind(), refused.toString());
    assertTrue(refused.getMessage().contains("ermission"), refused.toString());
    assertTrue(refused.getMessage().contains(told), refused.toString());
  }

  @Test
  void eachEndOfAPipeHasTheRightsItNeedsAndNoMore() throws Exception {
    try (Channel first = end("first", "orders", "write")) {
      write(first, "one");
    }
    forbidden("reader", "orders", "write");
    forbidden("writer", "orders", "read");
    forbidden("writer", "bills", "write");
    forbidden("reader", "bills", "read");
    try (Channel reader = end("reader", "orders", "read")) {
      assertEquals("one", line(reader));
      // The close of its writer.
      assertEquals(null, line(reader));
    }
    try (Channel writer = end("writer", "orders", "write");
        Channel reader = end("reader", "orders", "read")) {
      write(writer, "two");
      assertEquals("two", line(reader));
    }
  }

  /** A writer changes what an earlier one has asked for only with the rights to do so. */
  @Test
  void aPipeIsChangedOnlyByWritersThatMay() throws Exception {
    String large = "write&capacity=16MiB";
    String one = large + "&replicas=1";
    String bytes = "\"$JS.API.STREAM.UPDATE.penstock-changed\"";
    end("founder", CHANGED, "write&capacity=8MiB").close();
    for (String more : List.of("capacity=16MiB", "capacity=8MiB&keep=1MiB", "replicas=1")) {
      forbidden("founder", CHANGED, "write&" + more, bytes);
    }
    end("wider", CHANGED, large).close();
    // It is as large as that now.
    end("founder", CHANGED, large).close();
    forbidden("founder", CHANGED, "write&capacity=8MiB", bytes);
    forbidden("wider", CHANGED, one, "\"$JS.API.STREAM.UPDATE.penstock-changed-keys\"");
    end("mover", CHANGED, one).close();
    end("founder", CHANGED, one).close();
    forbidden("founder", CHANGED, large, bytes);
  }

  private static String line(Channel reader) throws IOException {
    return reader.source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, SOON);
  }
}
