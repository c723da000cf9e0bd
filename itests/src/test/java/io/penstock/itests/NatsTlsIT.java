// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.facet.DurableFacet;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Keys;
import io.penstock.itests.support.NatsServer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.stream.Wait;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;

/** The same towards a server that takes TLS only, with the bundle that has it. */
@InContainer(bundles = {"io.penstock.tls", "io.penstock.remote", "io.penstock.nats"})
class NatsTlsIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  @TempDir Path folder;
  private Configurations configurations;
  private Keys keys;
  private NatsServer server;

  @BeforeEach
  void begin(BundleContext context) throws Exception {
    configurations = new Configurations(context);
    keys = Keys.selfSigned(folder);
    server =
        NatsServer.start(
            folder, "--tls", "--tlscert=" + keys.certificate(), "--tlskey=" + keys.privateKey());
  }

  @AfterEach
  void end() throws Exception {
    configurations.close();
    server.close();
  }

  @Test
  void aPipeIsKept(BundleContext context) throws Exception {
    configurations.create(
        Penstock.PIPE,
        "orders",
        Map.of(
            "durable",
            server.url() + "/orders?tls.trust=" + keys.certificate(),
            "replicas",
            "1",
            "capacity",
            "1MiB"));
    Pipe pipe = Services.named(context, Pipe.class, "orders");
    pipe.sink().writeFully("kept", SOON);
    pipe.sink().flush(SOON);
    assertEquals(4, pipe.facet(DurableFacet.class).orElseThrow().acknowledged());
  }

  @Test
  void aListenerIsPublished(BundleContext context) throws Exception {
    configurations.create(
        "io.penstock.Remote",
        "it",
        Map.of(
            "servers",
            server.url(),
            "session",
            "1s",
            "replicas",
            "1",
            "tls.trust",
            keys.certificate().toString()));
    configurations.create(
        "io.penstock.Listener",
        "door",
        Map.of("endpoint", "tcp-listen://127.0.0.1:0", "remote", "true"));
    NatsIT.awaitPublished(context);
  }
}
