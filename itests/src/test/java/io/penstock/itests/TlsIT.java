// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.TlsFacet;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Keys;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** TLS from its own bundle, which brings along all that it needs. */
@InContainer(bundles = "io.penstock.tls")
class TlsIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults();

  @TempDir Path folder;

  @Test
  void bytesPassAndTheEndOfOneDirectionLeavesTheOther(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.tls");
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    assertTrue(factory.schemes().containsAll(Set.of("tls", "tls-listen")));
    Keys keys = Keys.selfSigned(folder);
    Channel left;
    try (Listener listener =
            factory.listen(Endpoint.parse("tls-listen://127.0.0.1:0?" + keys.ofServer()), OPTIONS);
        Channel client =
            factory.open(
                Endpoint.parse("tls:" + listener.endpoint().address() + "?" + keys.ofClient()),
                OPTIONS,
                SOON);
        Channel server = listener.accept(SOON)) {
      client.sink().writeFully("there", SOON);
      client.sink().end();
      assertEquals("there", text(server.source().readAll(99, SOON)));
      server.sink().writeFully("and back", SOON);
      server.sink().end();
      assertEquals("and back", text(client.source().readAll(99, SOON)));
      assertEquals("TLSv1.3", client.facet(TlsFacet.class).orElseThrow().protocol());
      left = client;
      bundle.stop();
      assertFalse(left.isOpen(), "what the bundle made goes with it");
    } finally {
      bundle.start();
    }
    assertTrue(factory.schemes().contains("tls"));
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }
}
