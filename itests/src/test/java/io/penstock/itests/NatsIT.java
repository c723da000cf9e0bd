// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.FarContainer;
import io.penstock.itests.support.NatsServer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.remote.Connector;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;

/** A pipe and a registry on a real server, from their bundle. */
@InContainer(bundles = {"io.penstock.remote", "io.penstock.nats"})
class NatsIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  @TempDir Path folder;
  private Configurations configurations;
  private NatsServer server;
  private String at;

  @BeforeEach
  void begin(BundleContext context) throws Exception {
    configurations = new Configurations(context);
    server = NatsServer.start(folder);
    at = server.url();
  }

  @AfterEach
  void end() throws Exception {
    configurations.close();
    server.close();
  }

  @Test
  void aConfiguredPipeSurvivesTheStopOfItsBundleOfWhichNothingStays(BundleContext context)
      throws Exception {
    configurations.create(
        Penstock.PIPE,
        "orders",
        Map.of("durable", at + "/orders", "replicas", "1", "capacity", "1MiB"));
    Pipe pipe = Services.named(context, Pipe.class, "orders");
    pipe.sink().writeFully("kept", SOON);
    pipe.sink().flush(SOON);
    assertEquals(4, pipe.facet(DurableFacet.class).orElseThrow().acknowledged());
    Bundle bundle = Penstock.bundle(context, "io.penstock.nats");
    bundle.stop();
    assertThrows(
        StreamClosedException.class, () -> pipe.source().read(ByteBuffer.allocate(1), SOON));
    assertNoThreads();
    server.awaitNoClient();
    bundle.start();
    Services.fresh(context, Pipe.class, "orders", pipe);
    Pipe again = Services.named(context, Pipe.class, "orders");
    ByteBuffer all = ByteBuffer.allocate(4);
    again.source().readFully(all, SOON);
    assertEquals("kept", UTF_8.decode(all.flip()).toString());
  }

  @Test
  void aListenerIsPublishedAndTheStopOfTheBundleTakesTheRegistryAway(BundleContext context)
      throws Exception {
    isPublishedButWhileStopped(context, "io.penstock.nats");
  }

  @Test
  void theStopOfTheBundleThatPublishesLeavesNoConnection(BundleContext context) throws Exception {
    isPublishedButWhileStopped(context, "io.penstock.remote");
  }

  private void isPublishedButWhileStopped(BundleContext context, String name) throws Exception {
    configurations.create(
        "io.penstock.Remote", "it", Map.of("servers", at, "session", "1s", "replicas", "1"));
    configurations.create(
        "io.penstock.Listener",
        "door",
        Map.of("endpoint", "tcp-listen://127.0.0.1:0", "remote", "true"));
    awaitPublished(context);
    Bundle bundle = Penstock.bundle(context, name);
    bundle.stop();
    assertNoThreads();
    server.awaitNoClient();
    bundle.start();
    awaitPublished(context);
  }

  @Test
  void aLoginIsConfiguredAndOneThatIsRefusedIsTold(BundleContext context) throws Exception {
    Map<String, String> login = new HashMap<>();
    try (NatsServer guarded =
        NatsServer.start(folder.resolve("guarded"), "--user", "gateway", "--pass", "right")) {
      login.putAll(
          Map.of("servers", guarded.url(), "session", "1s", "replicas", "1", "user", "gateway"));
      login.put(".password", "mistyped");
      Configuration remote = configurations.create("io.penstock.Remote", "it", login);
      configurations.create(
          "io.penstock.Listener",
          "door",
          Map.of("endpoint", "tcp-listen://127.0.0.1:0", "remote", "true"));
      String trouble = awaitTrouble(context, "authorization violation");
      assertFalse(trouble.contains("mistyped"), trouble);
      login.put(".password", "right");
      Configurations.update(remote, login);
      awaitPublished(context);
    }
  }

  /** Waits until the registry has a trouble of that kind; tells all of it. */
  private static String awaitTrouble(BundleContext context, String part) {
    long start = System.nanoTime();
    while (true) {
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "no trouble is told");
      Optional<String> trouble =
          Services.any(context, PenstockRuntime.class, "").runtime().remotes().stream()
              .map(remote -> String.valueOf(remote.trouble()))
              .filter(each -> each.toLowerCase(Locale.ROOT).contains(part))
              .findFirst();
      if (trouble.isPresent()) {
        return trouble.get();
      }
    }
  }

  @SuppressWarnings("try")
  @Test
  void aListenerOfAnotherContainerIsAServiceThatConnects(BundleContext context) throws Exception {
    configurations.create(
        "io.penstock.Remote", "it", Map.of("servers", at, "session", "1s", "replicas", "1"));
    try (FarContainer far = FarContainer.start("bills", at)) {
      Connector connector =
          Services.any(context, Connector.class, "(&(penstock.name=bills)(penstock.tag.zone=far))");
      double seconds = far.secondsAgo();
      assertTrue(seconds < 5, "a service after " + seconds + " s");
      assertEquals("bills", connector.name());
      try (Channel channel = connector.open(ChannelOptions.defaults(), SOON)) {
        channel.source().readWait(SOON);
        for (int i = 0; i < 100; i++) {
          channel.sink().writeFully("bill " + i + "\n", SOON);
          assertEquals("far bill " + i, channel.source().readLine(UTF_8, 100));
        }
      }
    }
    // It was killed, and nothing took its entry back.
    Services.awaitGone(context, Connector.class, "bills");
  }

  /** Waits until the listener "door" is published. */
  static void awaitPublished(BundleContext context) {
    long start = System.nanoTime();
    boolean published = false;
    while (!published) {
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "not in time");
      published =
          Services.any(context, PenstockRuntime.class, "").runtime().remotes().stream()
              .flatMap(remote -> remote.entries().stream())
              .anyMatch(
                  entry ->
                      entry.name().equals("door")
                          && entry.state() == RemoteEntryDTO.State.PUBLISHED);
      Thread.onSpinWait();
    }
  }

  private static void assertNoThreads() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      String name = thread.getName();
      if (name.startsWith("penstock-nats") || name.startsWith("nats")) {
        thread.join(TimeUnit.SECONDS.toMillis(20));
        assertFalse(thread.isAlive(), name + " is still there");
      }
    }
  }
}
