// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.HandshakeException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.Published;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.impl.registry.MemoryFabric;
import io.penstock.remote.impl.registry.MemoryRegistryFactory;
import io.penstock.remote.spi.Advertised;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which of the containers that publish a name is connected to, and by which kind. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ProvidersTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(30));

  @TempDir private Path folder;
  private final Penstock penstock = Penstock.open();
  private final List<RemoteNode> nodes = new ArrayList<>();
  private final String servers = UUID.randomUUID().toString();
  private final MemoryFabric fabric = MemoryFabric.named(servers);
  private final RemoteNode consumer = node("consumer");

  private RemoteNode node(String name) {
    RemoteNode made =
        new RemoteNode(
            name + "-" + UUID.randomUUID(),
            new MemoryRegistryFactory(),
            new RegistrySettings(
                List.of("memory:" + servers), Duration.ofSeconds(1), 1, Map.of(), Map.of()),
            OnRemoved.KEEP,
            null);
    nodes.add(made);
    return made;
  }

  @BeforeEach
  void begin() {
    RemoteKind kind = new RemoteKind(penstock::provider, scheme -> Optional.empty());
    kind.use(consumer);
    penstock.provide(kind);
  }

  @AfterEach
  void close() {
    nodes.forEach(RemoteNode::close);
    penstock.close();
  }

  /** A container that answers each line with a word, and publishes where; returns its node. */
  private RemoteNode publish(String word, String listening, String advertise, int rank)
      throws IOException {
    Server server = penstock.serve(listening, (client, line) -> client.reply(word));
    Map<String, String> properties =
        advertise.isEmpty() ? Map.of() : Map.of(Advertised.ADVERTISE, advertise);
    Endpoint endpoint = Advertised.endpoint(server.endpoint(), properties);
    RemoteNode made = node(word);
    made.publish(new RemoteEntry(made.node(), 1, "orders", endpoint, rank, Map.of(), Map.of()));
    RemoteDTO unused = Published.await(made);
    return made;
  }

  private RemoteNode publish(String word, int rank) throws IOException {
    return publish(word, "tcp-listen://127.0.0.1:0", "", rank);
  }

  private String ask(String endpoint) throws IOException {
    try (Channel channel =
        penstock
            .channels()
            .open(
                Endpoint.parse(endpoint),
                ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(20)),
                SOON)) {
      channel.sink().writeFully("?\n", SOON);
      return channel.source().readLine(StandardCharsets.UTF_8, 100, Terminator.STRIP, SOON);
    }
  }

  /** The consumer's view of what a node publishes. */
  private RemoteEntryDTO seen(RemoteNode node) {
    return consumer.describe().entries().stream()
        .filter(each -> each.node().equals(node.node()))
        .findFirst()
        .orElseThrow();
  }

  // ---- kinds

  @Test
  void aUnixSocketIsConnectedTo() throws Exception {
    RemoteNode unix = publish("unix", "unix-listen:" + folder.resolve("a.sock"), "", 0);
    assertEquals("unix", ask("remote:orders"));
    assertEquals("unix:" + folder.resolve("a.sock"), seen(unix).endpoint().toString());
  }

  /** A store with a key and the certificate of a host, and options of a server that uses it. */
  private String keys(String host) throws Exception {
    Path store = folder.resolve(host + ".p12");
    Path secret = Files.writeString(folder.resolve("secret"), "changeit");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + host,
                "-ext",
                "san=dns:" + host,
                "-alias",
                "server")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("keytool.log").toFile())
            .start();
    assertTrue(keytool.waitFor(60, TimeUnit.SECONDS));
    return "tls-listen://127.0.0.1:0?key=" + store + "&keyPasswordFile=" + secret;
  }

  /** The same key in both, so that only the name tells the wrong one. */
  @Test
  void aProviderWithTheCertificateOfAnotherIsFollowedByTheNext() throws Exception {
    String keys = keys("localhost");
    RemoteNode wrong = publish("wrong", keys, "127.0.0.1", 9);
    RemoteNode right = publish("right", keys, "localhost", 1);
    String trusting =
        "remote:orders?trust="
            + folder.resolve("localhost.p12")
            + "&trustPasswordFile="
            + folder.resolve("secret");
    assertEquals("right", ask(trusting));
    assertEquals(1, consumer.describe().failovers());
    assertTrue(seen(wrong).trouble().contains("127.0.0.1"), seen(wrong).trouble());
    assertEquals(null, seen(right).trouble());
    right.withdraw(right.node() + "/1");
    String only = trusting + "&provider=" + wrong.node() + "/1";
    HandshakeException refused = assertThrows(HandshakeException.class, () -> ask(only));
    assertTrue(refused.getMessage().contains("127.0.0.1"), refused.getMessage());
    // Asked for another name, it is the right one.
    assertEquals("wrong", ask(only + "&serverName=localhost"));
  }

  // ---- one provider

  @Test
  void oneProviderCanBeChosen() throws Exception {
    RemoteNode high = publish("high", 9);
    RemoteNode low = publish("low", 1);
    assertEquals("high", ask("remote:orders"));
    String chosen = "remote:orders?provider=" + low.node() + "/1";
    for (int i = 0; i < 5; i++) {
      assertEquals("low", ask(chosen));
    }
    // Never another, not even when it has gone.
    low.withdraw(low.node() + "/1");
    AddressException gone = assertThrows(AddressException.class, () -> awaitGone(chosen));
    assertEquals(AddressException.Kind.NOT_FOUND, gone.kind());
    assertTrue(gone.getMessage().contains("is not there any more"), gone.getMessage());
    assertEquals("high", ask("remote:orders?provider=" + high.node() + "/1"));
  }

  /** It goes on another thread. */
  private void awaitGone(String chosen) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < end) {
      assertEquals("low", ask(chosen));
    }
  }

  // ---- while the registry is away

  @Test
  void aConnectGoesOnToTheNextWhileTheRegistryIsAway() throws Exception {
    Server first = penstock.serve("tcp-listen://127.0.0.1:0", (client, line) -> client.reply("a"));
    RemoteNode a = node("a");
    Endpoint at = Advertised.endpoint(first.endpoint(), Map.of());
    a.publish(new RemoteEntry(a.node(), 1, "orders", at, 9, Map.of(), Map.of()));
    RemoteDTO unused = Published.await(a);
    RemoteNode b = publish("b", 1);
    assertEquals("a", ask("remote:orders"));
    fabric.cut(consumer.node());
    first.close();
    fabric.kill(a.node());
    while (consumer.describe().connected()) {
      Thread.onSpinWait();
    }
    // Longer than a session, after which the dead would go.
    boolean over = new CountDownLatch(1).await(2, TimeUnit.SECONDS);
    assertFalse(over);
    for (int i = 1; i <= 3; i++) {
      assertEquals("b", ask("remote:orders"));
      assertEquals(i, consumer.describe().failovers());
    }
    // Frozen: the dead one is still there, with what its connects have met.
    assertEquals(RemoteEntryDTO.State.ALIVE, seen(a).state());
    assertTrue(seen(a).trouble().contains("refused"), seen(a).trouble());
    assertEquals(RemoteEntryDTO.State.ALIVE, seen(b).state());
    assertEquals(0, consumer.describe().removed());
    // What was not looked for before cannot be found, and that is no "not found".
    assertThrows(
        StreamTimeoutException.class,
        () ->
            penstock
                .channels()
                .open(
                    Endpoint.parse("remote:bills"),
                    ChannelOptions.defaults().withConnectTimeout(Duration.ofMillis(300)),
                    SOON));
    fabric.restore(consumer.node());
    assertEquals("b", ask("remote:orders"));
  }
}
