// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.NotSupportedException;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.Published;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.impl.registry.MemoryFabric;
import io.penstock.remote.impl.registry.MemoryRegistryFactory;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.serve.Server;
import io.penstock.spi.ChannelProvider;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code remote:NAME} as a user of it sees it. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RemoteEndpointTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(30));

  private Duration session = Duration.ofSeconds(1);

  private final Penstock penstock = Penstock.open();
  private final List<RemoteNode> nodes = new ArrayList<>();
  private final String fabric = UUID.randomUUID().toString();

  @AfterEach
  void close() {
    nodes.forEach(RemoteNode::close);
    penstock.close();
  }

  /** Answers each line with its own name; returns where. */
  private String server(String name) throws IOException {
    Server server =
        penstock.serve("tcp-listen://127.0.0.1:0", (client, line) -> client.reply(name));
    return "tcp:" + server.endpoint().address();
  }

  /** Where nobody listens. */
  private static String nobody() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "tcp://127.0.0.1:" + socket.getLocalPort();
    }
  }

  private String ask(Endpoint endpoint) throws IOException {
    try (Channel channel = penstock.channels().open(endpoint, ChannelOptions.defaults(), SOON)) {
      return ask(channel);
    }
  }

  private static String ask(Channel channel) throws IOException {
    channel.sink().writeFully("?\n", SOON);
    return channel
        .source()
        .readLine(StandardCharsets.UTF_8, 100, io.penstock.stream.Terminator.STRIP, SOON);
  }

  private static Endpoint remote(String name, String list) {
    return Endpoint.parse("remote:" + name).withOption("servers", "static:" + list);
  }

  @Test
  void aNameIsConnectedTo() throws Exception {
    assertEquals("one", ask(remote("orders", "orders=" + server("one"))));
  }

  @Test
  void theHighestRankIsFirstAndAFailedOneIsFollowedByTheNext() throws Exception {
    String one = server("one");
    String two = server("two");
    String list = "orders=" + one + ";rank=1,orders=" + two + ";rank=5";
    for (int i = 0; i < 5; i++) {
      assertEquals("two", ask(remote("orders", list)));
    }
    String broken = list + ",orders=" + nobody() + ";rank=9";
    assertEquals("two", ask(remote("orders", broken)));
    RemoteDTO seen =
        penstock.runtime().runtime().remotes().stream()
            .filter(each -> each.registry().contains("rank=9"))
            .findFirst()
            .orElseThrow();
    assertEquals(1, seen.failovers());
    assertTrue(seen.entries().get(0).trouble().contains("refused"), seen.toString());
  }

  @Test
  void thoseOfOneRankAreSpread() throws Exception {
    String list = "orders=" + server("one") + ",orders=" + server("two");
    Set<String> seen = new TreeSet<>();
    for (int i = 0; i < 200 && seen.size() < 2; i++) {
      seen.add(ask(remote("orders", list)));
    }
    assertEquals(Set.of("one", "two"), seen);
  }

  @Test
  void aTagChooses() throws Exception {
    String list = "orders=" + server("one") + ";zone=eu,orders=" + server("two") + ";zone=us";
    for (int i = 0; i < 5; i++) {
      assertEquals("two", ask(remote("orders", list).withOption("tag.zone", "us")));
    }
    AddressException none =
        assertThrows(
            AddressException.class,
            () -> ask(remote("orders", list).withOption("tag.zone", "mars")));
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
    assertTrue(none.getMessage().contains("{zone=mars}"), none.getMessage());
  }

  private String refused(Endpoint endpoint) {
    return assertThrows(IllegalArgumentException.class, () -> ask(endpoint)).getMessage();
  }

  @Test
  void aLoginThatCannotBeUsedIsRefused() {
    Endpoint list = remote("orders", "orders=tcp://a:1").withOption("registry.user", "a");
    assertTrue(refused(list).contains("registry.user: it has no effect on"), refused(list));
    Endpoint none = Endpoint.parse("remote:orders").withOption("registry.tls.trust", "a");
    assertTrue(refused(none).contains("registry.tls.trust: it has no effect"), refused(none));
    Endpoint half = Endpoint.parse("remote:orders?servers=nats:a").withOption("registry.user", "a");
    assertTrue(refused(half).contains("registry.passwordFile"), refused(half));
    Endpoint plain =
        Endpoint.parse("remote:orders?servers=nats:a").withOption("registry.token", "secret");
    assertTrue(refused(plain).contains("registry.tokenFile"), refused(plain));
    assertFalse(refused(plain).contains("secret"), refused(plain));
  }

  /** The old connection to the registry does not stay beside the new one. */
  @Test
  void aSecretThatChangesIsUsedFromTheNextConnectOn(@TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "one");
    List<Map<String, String>> secrets = new ArrayList<>();
    RegistryFactory factory =
        new RegistryFactory() {
          @Override
          public String scheme() {
            return "locked";
          }

          @Override
          public Registry open(String node, RegistrySettings settings, RegistryListener listener) {
            secrets.add(settings.secrets());
            RegistrySettings memory =
                new RegistrySettings(
                    List.of("memory:" + fabric), settings.session(), 1, Map.of(), Map.of());
            return new MemoryRegistryFactory().open(node, memory, listener);
          }
        };
    RemoteKind kind = new RemoteKind(penstock::provider, scheme -> java.util.Optional.of(factory));
    penstock.provide(kind);
    publish(node(OnRemoved.KEEP), server("one"));
    Endpoint there = Endpoint.parse("remote:orders?servers=locked:a&registry.tokenFile=" + secret);
    assertEquals("one", ask(there));
    assertEquals("one", ask(there));
    Path unused = Files.writeString(secret, "two");
    assertEquals("one", ask(there));
    assertEquals(List.of(Map.of("token", "one"), Map.of("token", "two")), secrets);
    assertEquals(1, kind.remotes().size());
  }

  @Test
  void allFailuresAreTold() throws Exception {
    String list = "orders=" + nobody() + ",orders=" + nobody();
    AddressException none = assertThrows(AddressException.class, () -> ask(remote("orders", list)));
    assertEquals(AddressException.Kind.REFUSED, none.kind());
    assertTrue(none.getMessage().contains("none of 2 providers"), none.getMessage());
  }

  @Test
  void aNameThatNobodyPublishesFailsAtOnce() {
    AddressException none =
        assertThrows(
            AddressException.class, () -> ask(remote("bills", "orders=tcp://127.0.0.1:1")));
    assertEquals(AddressException.Kind.NOT_FOUND, none.kind());
    assertTrue(none.getMessage().contains("nobody publishes"), none.getMessage());
  }

  @Test
  void withoutARegistryTheErrorSaysWhatIsMissing() {
    AddressException none =
        assertThrows(AddressException.class, () -> ask(Endpoint.parse("remote:orders")));
    assertTrue(none.getMessage().contains("io.penstock.Remote"), none.getMessage());
    assertThrows(
        NotSupportedException.class,
        () -> ask(Endpoint.parse("remote:orders?servers=carrier-pigeon://coop")));
  }

  @Test
  void anOptionThatAKindDoesNotKnowExcludesIt() throws Exception {
    String list = "orders=" + server("plain");
    AddressException none =
        assertThrows(
            AddressException.class,
            () -> ask(remote("orders", list).withOption("checkName", "true")));
    assertTrue(none.getMessage().contains("does not know the option 'checkName'"));
    assertThrows(
        IllegalArgumentException.class,
        () -> ask(remote("orders", list).withOption("nosuchoption", "1")));
  }

  @Test
  void aSilentProviderTakesOnlyItsShareOfTheTime() throws Exception {
    // Its backlog is full, so that the system answers no further connection.
    try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<Channel> filling = new ArrayList<>();
      String there = "tcp://127.0.0.1:" + deaf.getLocalPort();
      for (int i = 0; i < 4; i++) {
        filling.add(penstock.channels().connect(Endpoint.parse(there), ChannelOptions.defaults()));
      }
      String list = "orders=" + there + ";rank=9,orders=" + server("two");
      try (Channel channel =
          penstock
              .channels()
              .open(
                  remote("orders", list),
                  ChannelOptions.defaults().withConnectTimeout(Duration.ofSeconds(4)),
                  SOON)) {
        assertEquals("two", ask(channel));
      }
      filling.forEach(each -> each.abort(new IOException("done")));
    }
  }

  private RemoteNode node(OnRemoved onRemoved) {
    RemoteNode made =
        new RemoteNode(
            "n" + nodes.size(),
            new MemoryRegistryFactory(),
            new RegistrySettings(List.of("memory:" + fabric), session, 1, Map.of(), Map.of()),
            onRemoved,
            null);
    nodes.add(made);
    return made;
  }

  private void publish(RemoteNode node, String endpoint) {
    node.publish(
        new RemoteEntry(node.node(), 1, "orders", Endpoint.parse(endpoint), 0, Map.of(), Map.of()));
    RemoteDTO unused = Published.await(node);
  }

  private Channel through(RemoteNode consumer) throws IOException {
    RemoteKind kind = new RemoteKind(penstock::provider, scheme -> java.util.Optional.empty());
    kind.use(consumer);
    penstock.provide(kind);
    return penstock
        .channels()
        .open(Endpoint.parse("remote:orders"), ChannelOptions.defaults(), SOON);
  }

  private static CompletableFuture<String> reading(Channel channel) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return channel
                .source()
                .readLine(
                    StandardCharsets.UTF_8,
                    100,
                    io.penstock.stream.Terminator.STRIP,
                    Wait.forever());
          } catch (IOException e) {
            throw new java.util.concurrent.CompletionException(e);
          }
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"ABORT_IF_SILENT", "ABORT"})
  void aBlockedReadIsAbortedWhenItsProviderHasGone(OnRemoved how) throws Exception {
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    Channel channel = through(node(how));
    CompletableFuture<String> reading = reading(channel);
    exporter.withdraw(exporter.node() + "/1");
    isAborted(reading);
  }

  private static void isAborted(CompletableFuture<String> reading) {
    ExecutionException failed =
        assertThrows(ExecutionException.class, () -> reading.get(60, TimeUnit.SECONDS));
    assertInstanceOf(ConnectionResetException.class, failed.getCause());
    assertTrue(failed.getMessage().contains("not there any more"), failed.getMessage());
  }

  private static void awaitRemoved(RemoteNode consumer) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (consumer.describe().removed() == 0) {
      assertTrue(System.nanoTime() < end, "it is not removed");
      boolean unused = new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
    }
  }

  /** A kind of channels that is connected when the latch says so. */
  private static ChannelProvider slow(
      ChannelProvider kind, CountDownLatch asked, CompletableFuture<?> go) {
    return (ChannelProvider)
        Proxy.newProxyInstance(
            ChannelProvider.class.getClassLoader(),
            new Class<?>[] {ChannelProvider.class},
            (self, method, arguments) -> {
              Object result = method.invoke(kind, arguments);
              if (!method.getName().equals("connect")) {
                return result;
              }
              asked.countDown();
              return ((CompletionStage<?>) result).thenCombine(go, (made, on) -> made);
            });
  }

  @ParameterizedTest
  @EnumSource(names = {"ABORT_IF_SILENT", "ABORT"})
  void aProviderThatGoesWhileItIsConnectedToIsMissed(OnRemoved how) throws Exception {
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    RemoteNode consumer = node(how);
    CountDownLatch asked = new CountDownLatch(1);
    CompletableFuture<Void> go = new CompletableFuture<>();
    RemoteKind kind =
        new RemoteKind(
            scheme -> penstock.provider(scheme).map(each -> slow(each, asked, go)),
            scheme -> java.util.Optional.empty());
    kind.use(consumer);
    penstock.provide(kind);
    CompletableFuture<String> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return reading(
                        penstock
                            .channels()
                            .open(Endpoint.parse("remote:orders"), ChannelOptions.defaults(), SOON))
                    .join();
              } catch (IOException e) {
                throw new java.util.concurrent.CompletionException(e);
              }
            });
    assertTrue(asked.await(20, TimeUnit.SECONDS));
    exporter.withdraw(exporter.node() + "/1");
    awaitRemoved(consumer);
    go.complete(null);
    isAborted(reading);
  }

  /** A node for the same registry, in place of one that is closed. */
  private RemoteNode inPlaceOf(RemoteNode before, OnRemoved onRemoved) {
    RemoteNode made =
        new RemoteNode(
            "n" + nodes.size(),
            new MemoryRegistryFactory(),
            new RegistrySettings(List.of("memory:" + fabric), session, 1, Map.of(), Map.of()),
            onRemoved,
            before.channels());
    nodes.add(made);
    before.close();
    made.inherit();
    return made;
  }

  @Test
  void theNextNodeLooksAfterTheChannelsOfTheLast() throws Exception {
    session = Duration.ofMinutes(1);
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    RemoteNode first = node(OnRemoved.ABORT);
    Channel channel = through(first);
    CompletableFuture<String> reading = reading(channel);
    RemoteNode second = inPlaceOf(first, OnRemoved.ABORT);
    assertEquals(1, second.find("orders", Map.of()).get(20, TimeUnit.SECONDS).entries().size());
    assertEquals(1, second.describe().entries().get(0).channels());
    assertFalse(reading.isDone());
    exporter.withdraw(exporter.node() + "/1");
    isAborted(reading);
  }

  @Test
  void aProviderThatGoesBetweenTwoNodesIsMissed() throws Exception {
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    RemoteNode first = node(OnRemoved.ABORT);
    CompletableFuture<String> reading = reading(through(first));
    first.close();
    exporter.close();
    RemoteNode unused = inPlaceOf(first, OnRemoved.ABORT);
    isAborted(reading);
  }

  /** It is published anew by the next node, under another name of this container. */
  @Test
  void aChannelToTheOwnContainerOutlivesItsNode() throws Exception {
    RemoteNode first = node(OnRemoved.ABORT);
    publish(first, server("one"));
    try (Channel channel = through(first)) {
      RemoteNode second = inPlaceOf(first, OnRemoved.ABORT);
      publish(second, server("two"));
      // Silent for longer than a session.
      boolean unused = new CountDownLatch(1).await(3, TimeUnit.SECONDS);
      assertEquals("one", ask(channel));
    }
  }

  @Test
  void aChannelWhoseBytesFlowLivesOn() throws Exception {
    session = Duration.ofSeconds(3);
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    RemoteNode consumer = node(OnRemoved.ABORT_IF_SILENT);
    try (Channel channel = through(consumer)) {
      assertEquals("one", ask(channel));
      MemoryFabric.named(fabric).kill(exporter.node());
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(12);
      while (System.nanoTime() < end) {
        // The pace of the traffic, well within a session.
        assertEquals("one", ask(channel));
        java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
      assertEquals(1, consumer.describe().removed());
      assertEquals("one", ask(channel));
    }
  }

  @Test
  void aChannelWhoseBytesFlowIsAbortedAtOnceIfThatIsAskedFor() throws Exception {
    session = Duration.ofMinutes(1);
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    RemoteNode consumer = node(OnRemoved.ABORT);
    Channel channel = through(consumer);
    assertEquals("one", ask(channel));
    exporter.withdraw(exporter.node() + "/1");
    // No session can pass before, which is when a silent one would be aborted.
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    assertThrows(
        IOException.class,
        () -> {
          while (System.nanoTime() < end) {
            assertEquals("one", ask(channel));
          }
        });
    // A call that is under way may meet the loss of its socket; each later one is told why.
    ConnectionResetException aborted =
        assertThrows(ConnectionResetException.class, () -> ask(channel));
    assertTrue(aborted.getMessage().contains("not there any more"), aborted.getMessage());
    assertFalse(aborted.getMessage().contains("no byte has moved"), aborted.getMessage());
    assertEquals(1, consumer.describe().removed());
  }

  @Test
  void aKeptChannelOutlivesItsProvider() throws Exception {
    RemoteNode exporter = node(OnRemoved.KEEP);
    publish(exporter, server("one"));
    RemoteNode consumer = node(OnRemoved.KEEP);
    try (Channel channel = through(consumer)) {
      assertEquals("one", ask(channel));
      exporter.withdraw(exporter.node() + "/1");
      awaitRemoved(consumer);
      // Silent for longer than a session.
      boolean unused = new CountDownLatch(1).await(3, TimeUnit.SECONDS);
      assertEquals("one", ask(channel));
    }
  }

  @Test
  void theNameOfATlsProviderIsChecked(@TempDir Path folder) throws Exception {
    Path store = folder.resolve("keys.p12");
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
                "CN=container",
                "-ext",
                "san=dns:localhost",
                "-alias",
                "server")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("keytool.log").toFile())
            .start();
    assertTrue(keytool.waitFor(60, TimeUnit.SECONDS));
    Server server =
        penstock.serve(
            "tls-listen://127.0.0.1:0?key=" + store + "&keyPasswordFile=" + secret,
            (client, line) -> client.reply("tls"));
    String port = server.endpoint().address().replaceFirst(".*:", "");
    String plain = "orders=" + server("plain") + ";rank=9,";
    Endpoint trusting =
        remote("orders", plain + "orders=tls://localhost:" + port)
            .withOption("trust", store.toString())
            .withOption("trustPasswordFile", secret.toString());
    // The plain one has the higher rank, but knows nothing of trust.
    assertEquals("tls", ask(trusting));
    Endpoint misnamed =
        trusting.withOption("servers", "static:" + plain + "orders=tls://127.0.0.1:" + port);
    IOException refused = assertThrows(IOException.class, () -> ask(misnamed));
    assertTrue(refused.getMessage().contains("127.0.0.1"), refused.getMessage());
  }
}
