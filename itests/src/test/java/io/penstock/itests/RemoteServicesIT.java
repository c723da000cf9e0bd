// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.remote.Connector;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.stream.Wait;
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

/** Listeners as Remote Services of Aries RSA, beside another container that the test plays. */
@InContainer(
    bundles = {
      "org.apache.felix.eventadmin",
      "org.apache.aries.rsa.spi",
      "org.apache.aries.rsa.core",
      "org.apache.aries.rsa.topology-manager",
      "io.penstock.remote",
      "io.penstock.rsa"
    })
class RemoteServicesIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final String node = "other-" + UUID.randomUUID();
  private final BlockingQueue<RemoteEntry> stored = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> removed = new LinkedBlockingQueue<>();

  private BundleContext context;
  private Configurations configurations;
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
    String registry = "memory:" + UUID.randomUUID();
    other =
        Services.any(own, RegistryFactory.class, "(penstock.registry=memory)")
            .open(
                node,
                new RegistrySettings(
                    List.of(registry), Duration.ofSeconds(1), 1, Map.of(), Map.of()),
                new Heard());
    other.watch(Registry.ALL);
    configurations = new Configurations(own);
    configurations.create("io.penstock.Remote", "it", Map.of("servers", registry, "session", "1s"));
  }

  @AfterEach
  void end() throws Exception {
    other.close();
    configurations.close();
  }

  private Listener export(String name) throws Exception {
    configurations.create(
        "io.penstock.Listener",
        name,
        Map.of(
            "endpoint", "tcp-listen://127.0.0.1:0",
            "rank", "4",
            "tags", "zone=eu",
            "service.exported.interfaces", "*"));
    return Services.named(context, Listener.class, name);
  }

  private RemoteEntry next() throws InterruptedException {
    RemoteEntry entry = stored.poll(20, TimeUnit.SECONDS);
    assertNotNull(entry, "nothing was published");
    return entry;
  }

  /** What another container would publish for the same listener. */
  private RemoteEntry ofOther(String name, Endpoint endpoint, RemoteEntry like) {
    Map<String, String> properties = new HashMap<>(like.properties());
    properties.put("endpoint.framework.uuid", "00000000-0000-0000-0000-000000000001");
    properties.put("endpoint.id", "io.penstock:00000000-0000-0000-0000-000000000001/7");
    return new RemoteEntry(node, 7, name, endpoint, 4, Map.of("zone", "eu"), properties);
  }

  @Test
  void anExportedListenerIsPublishedAndWithdrawn() throws Exception {
    Listener listener = export("door");
    RemoteEntry entry = next();
    assertEquals("door", entry.name());
    assertEquals(4, entry.rank());
    assertEquals(Map.of("zone", "eu"), entry.tags());
    assertEquals(
        listener.endpoint().toString().replace("tcp-listen:", "tcp:"), entry.endpoint().toString());
    assertEquals("io.penstock.rsa", entry.properties().get(RemoteEntry.IMPORTER));
    // Its own container does not import it.
    assertEquals(0, context.getServiceReferences(Connector.class, "(penstock.name=door)").size());
    configurations.close();
    assertEquals("door", removed.poll(20, TimeUnit.SECONDS));
    configurations = new Configurations(context);
  }

  @Test
  void anExportedListenerOfAnotherContainerIsAnImportedConnector() throws Exception {
    Listener listener = export("far");
    RemoteEntry mine = next();
    RemoteEntry theirs = ofOther("far-away", mine.endpoint(), mine);
    other.put(theirs).toCompletableFuture().get(20, TimeUnit.SECONDS);
    Connector connector =
        Services.any(
            context,
            Connector.class,
            "(&(penstock.name=far-away)(service.imported=*)(penstock.tag.zone=eu)"
                + "(service.imported.configs=io.penstock))");
    assertEquals("far-away", connector.name());
    assertEquals(1, context.getServiceReferences(Connector.class, "(penstock.name=far*)").size());
    try (Channel channel = connector.open(ChannelOptions.defaults(), SOON);
        Channel accepted = listener.accept(SOON)) {
      channel.sink().writeFully("tea\n", SOON);
      accepted.source().readWait(SOON);
      assertEquals("tea", accepted.source().readLine(UTF_8, 100));
    }
    other.remove(theirs).toCompletableFuture().get(20, TimeUnit.SECONDS);
    Services.awaitGone(context, Connector.class, "far-away");
  }

  @Test
  void aStopOfTheBundleTakesEverythingBack() throws Exception {
    export("gate");
    RemoteEntry mine = next();
    RemoteEntry theirs = ofOther("gate-away", mine.endpoint(), mine);
    other.put(theirs).toCompletableFuture().get(20, TimeUnit.SECONDS);
    Services.any(context, Connector.class, "(penstock.name=gate-away)");
    Bundle bundle = Penstock.bundle(context, "io.penstock.rsa");
    bundle.stop();
    try {
      assertEquals("gate", removed.poll(20, TimeUnit.SECONDS));
      Services.awaitGone(context, Connector.class, "gate-away");
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().equals("penstock-rsa")) {
          thread.join(TimeUnit.SECONDS.toMillis(20));
          assertTrue(!thread.isAlive(), "its thread is still there");
        }
      }
    } finally {
      bundle.start();
    }
    // And both come back with it.
    assertEquals("gate", next().name());
    Services.any(context, Connector.class, "(&(penstock.name=gate-away)(service.imported=*))");
  }
}
