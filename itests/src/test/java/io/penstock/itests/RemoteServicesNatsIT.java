// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.FarFramework;
import io.penstock.itests.support.NatsServer;
import io.penstock.itests.support.Services;
import io.penstock.remote.Connector;
import io.penstock.stream.Wait;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** Listeners as Remote Services of two frameworks that find each other by a server of NATS. */
@InContainer(
    bundles = {
      "org.apache.felix.eventadmin",
      "org.apache.aries.rsa.spi",
      "org.apache.aries.rsa.core",
      "org.apache.aries.rsa.topology-manager",
      "io.penstock.remote",
      "io.penstock.nats",
      "io.penstock.rsa"
    })
class RemoteServicesNatsIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;
  private Configurations configurations;
  private NatsServer server;

  @BeforeEach
  void begin(BundleContext context) throws Exception {
    configurations = new Configurations(context);
    server = NatsServer.start(folder.resolve("server"));
  }

  @AfterEach
  void end() throws Exception {
    configurations.close();
    server.close();
  }

  @SuppressWarnings("try")
  @Test
  void eachFrameworkImportsWhatTheOtherExports(BundleContext context) throws Exception {
    configurations.create(
        "io.penstock.Remote", "it", Map.of("servers", server.url(), "replicas", "1"));
    configurations.create(
        "io.penstock.Listener",
        "near",
        Map.of("endpoint", "tcp-listen://127.0.0.1:0", "service.exported.interfaces", "*"));
    Listener near = Services.named(context, Listener.class, "near");
    try (FarFramework far = FarFramework.start(folder.resolve("far"), server.url())) {
      ServiceReference<Connector> imported =
          Services.reference(
              context,
              Connector.class,
              "(&(penstock.name=far)(penstock.tag.zone=far)(service.ranking=4)"
                  + "(service.imported=*)(service.imported.configs=io.penstock))",
              any -> true);
      // Aries registers what it imports in the name of this bundle.
      assertEquals("org.apache.aries.rsa.spi", imported.getBundle().getSymbolicName());
      Connector connector = context.getService(imported);
      assertEquals("far", connector.name());
      try (Channel channel = connector.open(ChannelOptions.defaults(), SOON)) {
        channel.sink().writeFully("tea\n", SOON);
        assertEquals("far tea", line(channel));
      }
      try (Channel channel = near.accept(SOON)) {
        assertEquals("passed on: tea", line(channel));
      }
      // Nobody but Aries imports it, and it is there until the other framework stops.
      assertEquals(1, context.getServiceReferences(Connector.class, "(penstock.name=far)").size());
    }
    Services.awaitGone(context, Connector.class, "far");
  }

  private static String line(Channel channel) throws Exception {
    channel.source().readWait(SOON);
    return channel.source().readLine(UTF_8, 100);
  }
}
