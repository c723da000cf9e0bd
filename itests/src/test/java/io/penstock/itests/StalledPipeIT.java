// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.PenstockListener;
import io.penstock.stream.Wait;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.apache.felix.inventory.Format;
import org.apache.felix.inventory.InventoryPrinter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventHandler;

/** A pipe that is full and unread, as each of the operators' bundles tells it. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = {
      "slf4j.api",
      "ch.qos.logback.core",
      "ch.qos.logback.classic",
      "org.apache.felix.healthcheck.api",
      "io.penstock.health",
      "io.penstock.metrics",
      "micrometer-commons",
      "micrometer-core",
      "io.penstock.micrometer",
      "io.penstock.jmx",
      "org.apache.felix.eventadmin",
      "io.penstock.eventadmin",
      "io.penstock.operator",
      "org.apache.felix.inventory",
      "io.penstock.inventory"
    })
class StalledPipeIT {
  private static final String NAME = "stalled";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Pipe pipe;

  @BeforeEach
  void fill(BundleContext context) throws Exception {
    PipeFactory pipes = Services.any(context, PipeFactory.class, "");
    pipe = pipes.create(PipeOptions.defaults().withName(NAME).withCapacity(16));
    pipe.sink().writeFully("0123456789abcdef", Wait.none());
  }

  @AfterEach
  void close() throws Exception {
    pipe.close();
  }

  @Test
  void healthCheckNamesIt(BundleContext context) throws Exception {
    HealthCheck check = Services.any(context, HealthCheck.class, "(hc.tags=penstock-pipes)");
    assertEquals(Result.Status.OK, check.execute().getStatus(), "a minute has not gone by");
    ConfigurationAdmin admin = Services.any(context, ConfigurationAdmin.class, "");
    Configuration configuration = admin.getConfiguration("io.penstock.Health.default", "?");
    Configurations.update(configuration, Map.of("unreadFor", "1ms", "tags", "penstock,strict"));
    try {
      Services.await(context, "(&(hc.tags=strict)(hc.tags=penstock-pipes))");
      long end = System.nanoTime() + PATIENCE.toNanos();
      Result result = check.execute();
      while (result.isOk() && System.nanoTime() < end) {
        result = check.execute();
      }
      assertEquals(Result.Status.CRITICAL, result.getStatus(), result::toString);
      String reason = result.iterator().next().getMessage();
      assertTrue(
          reason.startsWith("pipe stalled is full (16 bytes) and has not been read"), reason);
    } finally {
      configuration.delete();
    }
    assertEquals(7, context.getServiceReferences(HealthCheck.class, "(hc.tags=penstock)").size());
  }

  @Test
  void micrometerMeasuresIt(BundleContext context) throws Exception {
    MeterBinder binder = Services.any(context, MeterBinder.class, "");
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    binder.bindTo(registry);
    assertEquals(
        16,
        registry.get("penstock.pipe.buffer.usage").tag("penstock.pipe.name", NAME).gauge().value());
    assertEquals(
        0,
        registry
            .get("penstock.pipe.io")
            .tags("penstock.pipe.name", NAME, "penstock.io.direction", "read")
            .functionCounter()
            .count());
    var bundle = Penstock.bundle(context, "io.penstock.micrometer");
    bundle.stop();
    try {
      assertEquals(0, registry.getMeters().size(), "what the bundle registered goes with it");
    } finally {
      bundle.start();
    }
  }

  @Test
  void managementBeanMeasuresIt(BundleContext context) throws Exception {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    ObjectName whole = new ObjectName("io.penstock:type=runtime");
    ObjectName bean = new ObjectName("io.penstock:type=pipe,name=\"" + NAME + "\"");
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!server.isRegistered(bean) && System.nanoTime() < end) {
      // A look at any of them brings all up to date.
      assertNotNull(server.getAttribute(whole, "penstock.runtime.object.count"));
    }
    assertEquals(16L, server.getAttribute(bean, "penstock.pipe.buffer.usage"));
    CompositeData io =
        assertInstanceOf(CompositeData.class, server.getAttribute(bean, "penstock.pipe.io"));
    assertEquals(16L, io.get("write"));
    assertEquals(0L, io.get("read"));
    var bundle = Penstock.bundle(context, "io.penstock.jmx");
    bundle.stop();
    try {
      assertEquals(Set.of(), server.queryNames(new ObjectName("io.penstock:*"), null));
    } finally {
      bundle.start();
    }
  }

  @Test
  void eventAdminHearsOfIt(BundleContext context) throws Exception {
    BlockingQueue<Event> heard = new LinkedBlockingQueue<>();
    EventHandler handler = heard::add;
    var registration =
        context.registerService(
            EventHandler.class,
            handler,
            FrameworkUtil.asDictionary(Map.of("event.topics", "io/penstock/pipe/FAILED")));
    try {
      ServiceReference<PenstockListener> listener =
          Services.reference(
              context,
              PenstockListener.class,
              "",
              one -> one.getBundle().getSymbolicName().equals("io.penstock.eventadmin"));
      context
          .getService(listener)
          .event(
              new PenstockEvent(
                  PenstockEvent.Type.FAILED, "pipe", NAME, "", null, "nobody reads", 7));
      Event event = heard.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertNotNull(event);
      assertEquals(NAME, event.getProperty("name"));
      assertEquals("nobody reads", event.getProperty("cause"));
    } finally {
      registration.unregister();
    }
  }

  @Test
  void inventoryPrintsIt(BundleContext context) {
    InventoryPrinter printer =
        Services.any(context, InventoryPrinter.class, "(felix.inventory.printer.name=penstock)");
    for (Format format : List.of(Format.TEXT, Format.JSON)) {
      StringWriter out = new StringWriter();
      printer.print(new PrintWriter(out, true), format, false);
      assertTrue(out.toString().contains(NAME), out::toString);
      assertEquals(format == Format.JSON, out.toString().startsWith("{"));
    }
  }
}
