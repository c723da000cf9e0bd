// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;

/** Native calls from the implementation's bundle, by whichever way this Java has. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = "com.sun.jna")
class NativeCallsIT {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults();

  @Test
  void theModeIsFoundOutAtTheFirstNeedAndToldByTheService(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.impl");
    // Others may have needed it before.
    bundle.stop();
    bundle.start();
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    ServiceReference<ChannelFactory> reference = context.getServiceReference(ChannelFactory.class);
    assertEquals("auto", reference.getProperty(ChannelFactory.NATIVE));
    CompletableFuture<Object> changed = new CompletableFuture<>();
    ServiceListener listener =
        event -> changed.complete(event.getServiceReference().getProperty(ChannelFactory.NATIVE));
    context.addServiceListener(listener, "(objectClass=" + ChannelFactory.class.getName() + ")");
    try {
      String expected = Runtime.version().feature() < 22 ? "jna" : "foreign";
      assertEquals(expected, factory.nativeMode());
      assertEquals(expected, changed.get(20, TimeUnit.SECONDS));
    } finally {
      context.removeServiceListener(listener);
    }
  }

  @Test
  void anAbstractNameConnectsAndTellsWhoThePeerIs(BundleContext context) throws Exception {
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    String name = "@penstock-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);
    try (Listener listener = factory.listen(Endpoint.parse("unix-listen:" + name), OPTIONS);
        Channel client = factory.open(Endpoint.parse("unix:" + name), OPTIONS, SOON);
        Channel server = listener.accept(SOON)) {
      client.sink().writeFully("there", SOON);
      client.sink().end();
      assertEquals("there", text(server.source().readAll(99, SOON)));
      server.sink().writeFully("and back", SOON);
      server.sink().end();
      assertEquals("and back", text(client.source().readAll(99, SOON)));
      long pid =
          server.facet(CredentialsFacet.class).orElseThrow().peerCredentials().pid().orElseThrow();
      assertEquals(ProcessHandle.current().pid(), pid);
    }
    assertTrue(factory.schemes().contains("fd"));
  }

  @Test
  void aHandleTravelsAndIsClosedWithTheFactoryOtherwise(BundleContext context) throws Exception {
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    String name = "@penstock-" + Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);
    Endpoint listening = Endpoint.parse("unix-listen:" + name + "?handles=true");
    Endpoint there = Endpoint.parse("unix:" + name + "?handles=true");
    HandlePair pipe = factory.handles().pipe();
    try (Listener listener = factory.listen(listening, OPTIONS);
        Channel client = factory.open(there, OPTIONS, SOON);
        Channel server = listener.accept(SOON);
        Channel out = pipe.sink().channel(OPTIONS)) {
      HandleFacet sends = client.facet(HandleFacet.class).orElseThrow();
      HandleFacet takes = server.facet(HandleFacet.class).orElseThrow();
      assertEquals(1, sends.send(ByteBuffer.wrap(new byte[1]), SOON, pipe.source()));
      pipe.source().close();
      assertEquals(1, server.source().read(ByteBuffer.allocate(8), SOON));
      try (Channel in = takes.take().orElseThrow().channel(OPTIONS)) {
        out.sink().writeFully("through a pipe that came", SOON);
        out.sink().end();
        assertEquals("through a pipe that came", text(in.source().readAll(99, SOON)));
      }
    }
    Handle left = factory.handles().pipe().source();
    Bundle bundle = Penstock.bundle(context, "io.penstock.impl");
    bundle.stop();
    bundle.start();
    assertFalse(left.isOpen());
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }
}
