// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Log;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.remote.Connector;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RemoteDTO;
import io.penstock.serve.LineHandler;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;

/** What is published and found, beside another container that is played by the test. */
@InContainer(bundles = "io.penstock.remote")
class RemoteIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final String PID = "io.penstock.Remote";

  private final String node = "other-" + UUID.randomUUID();
  private final BlockingQueue<RemoteEntry> stored = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> removed = new LinkedBlockingQueue<>();

  private BundleContext context;
  private Configurations configurations;
  private Configuration remote;
  private String registry;
  private Registry other;

  private final class Heard implements RegistryListener {
    @Override
    public void connected() {}

    @Override
    public void disconnected(String why) {}

    @Override
    public void stored(RemoteEntry entry) {
      if (!entry.node().equals(node)) {
        stored.add(entry);
      }
    }

    @Override
    public void removed(String name, String key) {
      removed.add(name);
    }

    @Override
    public void known(String name) {}

    @Override
    public void beat(String from) {}
  }

  @BeforeEach
  void begin(BundleContext own) throws Exception {
    context = own;
    registry = "memory:" + UUID.randomUUID();
    other =
        Services.any(own, RegistryFactory.class, "(penstock.registry=memory)")
            .open(
                node,
                new RegistrySettings(
                    List.of(registry), Duration.ofSeconds(1), 1, Map.of(), Map.of()),
                new Heard());
    other.watch(Registry.ALL);
    configurations = new Configurations(own);
    remote = configurations.create(PID, "it", Map.of("servers", registry, "session", "1s"));
  }

  @AfterEach
  void end() throws Exception {
    other.close();
    configurations.close();
  }

  private RemoteEntry next() throws InterruptedException {
    RemoteEntry entry = stored.poll(20, TimeUnit.SECONDS);
    assertNotNull(entry, "nothing was published");
    return entry;
  }

  private ServiceRegistration<?> serve(Map<String, Object> properties) {
    LineHandler handler = (client, line) -> client.reply("served " + line);
    return context.registerService(
        LineHandler.class, handler, FrameworkUtil.asDictionary(properties));
  }

  private static void asks(Channel channel) throws Exception {
    channel.sink().writeFully("tea\n", SOON);
    channel.source().readWait(SOON);
    assertEquals("served tea", channel.source().readLine(UTF_8, 100));
  }

  @Test
  void aHandlerIsPublishedAsLongAsItIsServed() throws Exception {
    ServiceRegistration<?> registration =
        serve(
            Map.of(
                "penstock.listen", "tcp-listen://127.0.0.1:0",
                "penstock.name", "orders",
                "penstock.remote", "true",
                "penstock.rank", "4",
                "penstock.tags", "zone=eu, tier=1"));
    RemoteEntry entry = next();
    assertEquals("orders", entry.name());
    assertEquals(4, entry.rank());
    assertEquals(Map.of("zone", "eu", "tier", "1"), entry.tags());
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    try (Channel channel = channels.open(entry.endpoint(), ChannelOptions.defaults(), SOON)) {
      asks(channel);
    }
    // Its own container finds it, too, and has no service for it.
    try (Channel channel = channels.open("remote:orders?tag.zone=eu")) {
      asks(channel);
    }
    assertEquals(0, context.getServiceReferences(Connector.class, null).size());
    registration.unregister();
    assertEquals("orders", removed.poll(20, TimeUnit.SECONDS));
  }

  @Test
  void aHandlerThatIsRenamedIsFoundByItsNewNameOnly() throws Exception {
    Map<String, Object> properties =
        new HashMap<>(
            Map.of(
                "penstock.listen", "tcp-listen://127.0.0.1:0",
                "penstock.name", "orders",
                "penstock.remote", "true"));
    ServiceRegistration<?> registration = serve(properties);
    try {
      RemoteEntry before = next();
      assertEquals("orders", before.name());
      properties.put("penstock.name", "bills");
      registration.setProperties(FrameworkUtil.asDictionary(properties));
      RemoteEntry after = next();
      assertEquals("bills", after.name());
      assertNotEquals(before.key(), after.key());
      assertEquals("orders", removed.poll(20, TimeUnit.SECONDS));
      ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
      try (Channel channel = channels.open("remote:bills")) {
        asks(channel);
      }
      assertThrows(AddressException.class, () -> channels.open("remote:orders"));
    } finally {
      registration.unregister();
    }
  }

  @Test
  void aListenerOnEveryAddressNeedsAnAdvertisedOne() throws Exception {
    Configuration door;
    try (Log log = new Log(context)) {
      door =
          configurations.create(
              "io.penstock.Listener",
              "door",
              Map.of("endpoint", "tcp-listen://*:0", "remote", "true"));
      Services.named(context, Listener.class, "door");
      String line = log.await("door: advertise: it is not given", "; it is not published");
      assertTrue(line.contains("is bound to every address; expected HOST:PORT"), line);
    }
    Configurations.update(
        door, Map.of("endpoint", "tcp-listen://*:0", "remote", "true", "advertise", "127.0.0.1"));
    RemoteEntry entry = next();
    assertEquals("door", entry.name());
    assertTrue(
        entry.endpoint().toString().matches("tcp://127\\.0\\.0\\.1:[1-9][0-9]*"), entry.toString());
    door.delete();
    assertEquals("door", removed.poll(20, TimeUnit.SECONDS));
  }

  @Test
  void anEndpointOfAnotherContainerIsAServiceAndAName() throws Exception {
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    ServiceRegistration<?> registration =
        serve(Map.of("penstock.listen", "tcp-listen://127.0.0.1:0", "penstock.name", "local"));
    try {
      Services.await(context, "(penstock.name=local)");
      String at = null;
      long start = System.nanoTime();
      while (at == null) {
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20));
        at =
            Services.any(context, PenstockRuntime.class, "").runtime().servers().stream()
                .filter(server -> server.name().equals("local"))
                .map(server -> server.endpoint())
                .findFirst()
                .orElse(null);
        Thread.onSpinWait();
      }
      RemoteEntry bills =
          new RemoteEntry(
              node,
              7,
              "bills",
              Endpoint.parse(at.replace("tcp-listen:", "tcp:")),
              3,
              Map.of("zone", "eu"),
              Map.of());
      other.put(bills).toCompletableFuture().get(20, TimeUnit.SECONDS);
      Connector connector =
          Services.any(
              context,
              Connector.class,
              "(&(penstock.name=bills)(penstock.tag.zone=eu)(service.ranking=3))");
      assertEquals("bills", connector.name());
      assertEquals(bills.endpoint(), connector.endpoint());
      try (Channel channel = connector.open(ChannelOptions.defaults(), SOON)) {
        asks(channel);
      }
      try (Channel channel = channels.open("remote:bills")) {
        asks(channel);
        assertTrue(
            Services.any(context, PenstockRuntime.class, "")
                .runtime()
                .remotes()
                .get(0)
                .entries()
                .stream()
                .anyMatch(entry -> entry.name().equals("bills") && entry.channels() == 1));
      }
      other.remove(bills).toCompletableFuture().get(20, TimeUnit.SECONDS);
      Services.awaitGone(context, Connector.class, "bills");
    } finally {
      registration.unregister();
    }
  }

  /** The other container publishes a listener of the test's. */
  private RemoteEntry provide(String name, Listener listener, long id, int rank) throws Exception {
    String at = listener.endpoint().toString().replace("tcp-listen:", "tcp:");
    RemoteEntry entry =
        new RemoteEntry(node, id, name, Endpoint.parse(at), rank, Map.of(), Map.of());
    other.put(entry).toCompletableFuture().get(20, TimeUnit.SECONDS);
    return entry;
  }

  @Test
  void aConfiguredChannelGoesOnToTheNextProvider() throws Exception {
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    Listener first = channels.listen("tcp-listen://127.0.0.1:0");
    try (Listener second = channels.listen("tcp-listen://127.0.0.1:0")) {
      provide("bills", first, 1, 5);
      provide("bills", second, 2, 3);
      Object unused =
          configurations.create(
              "io.penstock.Channel",
              "caller",
              Map.of("endpoint", "remote:bills", "reconnectMin", "1ms"));
      first.accept(SOON).close();
      // It is connected to again, as long as it is there.
      try (Channel again = first.accept(SOON)) {
        first.close();
        again.abort(new IOException("the provider goes"));
      }
      second.accept(SOON).close();
    }
  }

  private void imports(String names) throws IOException {
    Configurations.update(remote, Map.of("servers", registry, "session", "1s", "imports", names));
  }

  @Test
  void onlyWhatIsImportedIsAServiceAndEachNameIsFound() throws Exception {
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    try (Listener listener = channels.listen("tcp-listen://127.0.0.1:0")) {
      provide("orders", listener, 1, 0);
      Connector unused = Services.named(context, Connector.class, "orders");
      imports("letters,bills");
      Services.awaitGone(context, Connector.class, "orders");
      provide("bills", listener, 2, 0);
      unused = Services.named(context, Connector.class, "bills");
      assertEquals(1, context.getServiceReferences(Connector.class, null).size());
      channels.open("remote:orders").close();
      imports("");
      Services.awaitGone(context, Connector.class, "bills");
      imports("*");
      unused = Services.named(context, Connector.class, "orders");
      unused = Services.named(context, Connector.class, "bills");
    }
  }

  /** Waits until this container is known by another node than before, once it is connected. */
  private String awaitNode(String before) {
    long start = System.nanoTime();
    String now = before;
    while (now.equals(before) || now.isEmpty()) {
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "it does not connect");
      now = connectedNode();
    }
    return now;
  }

  /**
   * What this container is known by, anew with each configuration; empty between two. The node of
   * the test before may still be there.
   */
  private String connectedNode() {
    return Services.any(context, PenstockRuntime.class, "").runtime().remotes().stream()
        .filter(remote -> remote.connected() && remote.registry().equals(registry))
        .map(RemoteDTO::node)
        .findFirst()
        .orElse("");
  }

  /** What only the registry can judge is refused as the rest is: the last good values stay. */
  @Test
  void aChangeThatTheRegistryRefusesChangesNothing() throws Exception {
    ServiceRegistration<?> registration =
        serve(
            Map.of(
                "penstock.listen", "tcp-listen://127.0.0.1:0",
                "penstock.name", "orders",
                "penstock.remote", "true"));
    try {
      assertEquals("orders", next().name());
      String before = awaitNode("");
      try (Log log = new Log(context)) {
        Configurations.update(
            remote, Map.of("servers", registry + "," + registry, "session", "1s"));
        String line = log.await("io.penstock.Remote: ", "the last good values stay");
        assertTrue(line.contains("memory:"), line);
      }
      assertEquals(before, connectedNode());
      assertTrue(removed.isEmpty(), removed.toString());
      imports("");
      assertNotEquals(before, awaitNode(before));
    } finally {
      registration.unregister();
    }
  }

  /** A fault of what serves a registry is told, and is no reason to hear of no change any more. */
  @Test
  void aRegistryThatFailsAtTheOpeningIsToldOf() throws Exception {
    RegistryFactory broken =
        new RegistryFactory() {
          @Override
          public String scheme() {
            return "broken";
          }

          @Override
          public Registry open(String own, RegistrySettings settings, RegistryListener listener) {
            throw new IllegalStateException("broken on purpose");
          }
        };
    ServiceRegistration<?> registration =
        context.registerService(
            RegistryFactory.class,
            broken,
            FrameworkUtil.asDictionary(Map.of("penstock.registry", "broken")));
    try {
      String before = awaitNode("");
      try (Log log = new Log(context)) {
        Configurations.update(remote, Map.of("servers", "broken:x"));
        String line = log.await("io.penstock.Remote: ", "a step failed");
        assertNotNull(line);
      }
      imports("");
      assertNotEquals(before, awaitNode(before));
    } finally {
      registration.unregister();
    }
  }

  /** A channel that was connected by name, and whose endpoint was removed then. */
  private void withChannelOfARemovedEndpoint(String onRemoved, OfRemoved use) throws Exception {
    String before = awaitNode("");
    Configurations.update(
        remote, Map.of("servers", registry, "session", "1s", "onRemoved", onRemoved));
    String after = awaitNode(before);
    assertNotEquals(before, after);
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    try (Listener listener = channels.listen("tcp-listen://127.0.0.1:0")) {
      RemoteEntry entry = provide("bills", listener, 1, 0);
      Connector connector = Services.named(context, Connector.class, "bills");
      try (Channel channel = connector.open(ChannelOptions.defaults(), SOON);
          Channel peer = listener.accept(SOON)) {
        other.remove(entry).toCompletableFuture().get(20, TimeUnit.SECONDS);
        Services.awaitGone(context, Connector.class, "bills");
        use.use(channel, peer);
      }
    }
  }

  private interface OfRemoved {
    void use(Channel channel, Channel peer) throws Exception;
  }

  private static String whyCut(Channel channel) {
    return String.valueOf(
        assertThrows(
                ConnectionResetException.class,
                () -> channel.source().read(ByteBuffer.allocate(1), SOON))
            .getMessage());
  }

  @Test
  void aChannelWhoseEndpointWasRemovedIsAbortedAsConfigured() throws Exception {
    withChannelOfARemovedEndpoint(
        "abort",
        (channel, peer) -> {
          String why = whyCut(channel);
          assertTrue(why.endsWith("its provider is not there any more"), why);
        });
    withChannelOfARemovedEndpoint(
        "abort-if-silent",
        (channel, peer) -> {
          String why = whyCut(channel);
          assertTrue(why.contains("no byte has moved for a session"), why);
        });
    withChannelOfARemovedEndpoint(
        "keep",
        (channel, peer) -> {
          // Three sessions: one that is silent would have been aborted after two.
          assertThrows(
              StreamTimeoutException.class,
              () ->
                  channel.source().read(ByteBuffer.allocate(1), Wait.upTo(Duration.ofSeconds(3))));
          peer.sink().writeFully("still there\n", SOON);
          channel.source().readWait(SOON);
          assertEquals("still there", channel.source().readLine(UTF_8, 100));
        });
  }

  @Test
  void aHandlerConnectsByName() throws Exception {
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    LineHandler handler = (server, line) -> server.reply("heard " + line);
    try (Listener listener = channels.listen("tcp-listen://127.0.0.1:0")) {
      provide("bills", listener, 1, 0);
      ServiceRegistration<?> registration =
          context.registerService(
              LineHandler.class,
              handler,
              FrameworkUtil.asDictionary(
                  Map.of("penstock.connect", "remote:bills", "penstock.reconnectMin", "1ms")));
      try (Channel peer = listener.accept(SOON)) {
        peer.sink().writeFully("tea\n", SOON);
        peer.source().readWait(SOON);
        assertEquals("heard tea", peer.source().readLine(UTF_8, 100));
      } finally {
        registration.unregister();
      }
    }
  }

  @Test
  void aStopTakesEverythingBackAndLeavesNoThread() throws Exception {
    ServiceRegistration<?> registration =
        serve(
            Map.of(
                "penstock.listen", "tcp-listen://127.0.0.1:0",
                "penstock.name", "orders",
                "penstock.remote", true));
    Bundle bundle = Penstock.bundle(context, "io.penstock.remote");
    try {
      assertEquals("orders", next().name());
      bundle.stop();
      assertEquals("orders", removed.poll(20, TimeUnit.SECONDS));
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().startsWith("penstock-remote")) {
          thread.join(TimeUnit.SECONDS.toMillis(20));
          assertTrue(!thread.isAlive(), thread.getName() + " is still there");
        }
      }
    } finally {
      registration.unregister();
      bundle.start();
    }
  }
}
