// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.NotSupportedException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;

/**
 * A kind from another bundle: nothing but its service makes it known. There is a mediator for
 * {@link java.util.ServiceLoader}, too, which changes nothing of that.
 */
@InContainer(
    bundles = {
      "io.penstock.example",
      "org.objectweb.asm",
      "org.objectweb.asm.commons",
      "org.objectweb.asm.tree",
      "org.objectweb.asm.tree.analysis",
      "org.objectweb.asm.util",
      "org.apache.aries.spifly.dynamic.bundle"
    })
class ExampleProviderIT {

  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults();

  private Bundle provider;
  private ChannelFactory factory;

  @BeforeEach
  void find(BundleContext context) {
    provider = Penstock.bundle(context, "io.penstock.example");
    factory = Services.any(context, ChannelFactory.class, "");
  }

  @AfterEach
  void startItAgain() throws BundleException {
    provider.start();
  }

  @Test
  void bytesPassBothWays() throws Exception {
    try (Listener listener = factory.listen(Endpoint.parse("example-listen:here"), OPTIONS);
        Channel client = factory.open(Endpoint.parse("example:here"), OPTIONS, SOON);
        Channel server = listener.accept(SOON)) {
      client.sink().writeFully("there", SOON);
      server.sink().writeFully("and back", SOON);

      assertEquals("there", read(server.source(), 5));
      assertEquals("and back", read(client.source(), 8));
    }
  }

  @Test
  void aMediatorRegistersTheFactoryAndTheKindComesInOnce(BundleContext context) throws Exception {
    assertEquals(1, count(context, "(penstock.scheme=example)"));
    assertEquals(1, count(context, "(objectClass=io.penstock.spi.ProviderFactory)"));
    assertEquals(1, count(context, "(objectClass=io.penstock.channel.ChannelFactory)"));
  }

  private static int count(BundleContext context, String filter) throws Exception {
    ServiceReference<?>[] found = context.getAllServiceReferences(null, filter);
    return found == null ? 0 : found.length;
  }

  @Test
  void itsSchemesComeAndGoWithTheBundle() throws Exception {
    assertTrue(factory.schemes().containsAll(Set.of("example", "example-listen")));

    provider.stop();

    assertFalse(factory.schemes().contains("example"));
    assertFalse(factory.schemes().contains("example-listen"));
    assertTrue(factory.schemes().contains("tcp"), "the others stay");
    NotSupportedException refused =
        assertThrows(
            NotSupportedException.class,
            () -> factory.connect(Endpoint.parse("example:here"), OPTIONS));
    assertTrue(refused.getMessage().contains("example"), refused.getMessage());
    assertTrue(refused.getMessage().contains("tcp"), refused.getMessage());

    provider.start();

    assertTrue(factory.schemes().containsAll(Set.of("example", "example-listen")));
  }

  @Test
  void whatItMadeIsAbortedWhenItGoes() throws Exception {
    Listener listener = factory.listen(Endpoint.parse("example-listen:doomed"), OPTIONS);
    Channel client = factory.open(Endpoint.parse("example:doomed"), OPTIONS, SOON);
    CompletableFuture<Integer> reader =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return client.source().read(ByteBuffer.allocate(1), SOON);
              } catch (IOException problem) {
                throw new UncheckedIOException(problem);
              }
            });

    provider.stop();

    Throwable thrown =
        assertThrows(ExecutionException.class, () -> reader.get(20, TimeUnit.SECONDS)).getCause();
    assertInstanceOf(IOException.class, thrown.getCause());
    assertFalse(listener.isOpen());
  }

  private static String read(ByteSource source, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    source.readFully(buffer, SOON);
    return StandardCharsets.UTF_8.decode(buffer.flip()).toString();
  }
}
