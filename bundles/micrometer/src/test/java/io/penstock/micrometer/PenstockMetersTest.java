// SPDX-License-Identifier: Apache-2.0
package io.penstock.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penstock.metrics.MeasuredObject;
import io.penstock.metrics.Measurement;
import io.penstock.metrics.Metric;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The meters of objects that come and go. */
class PenstockMetersTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private volatile List<MeasuredObject> objects = List.of(whole());

  private static MeasuredObject whole() {
    return new MeasuredObject("runtime", "", List.of(new Measurement(Metric.MEMORY_USAGE, "", 5)));
  }

  private static MeasuredObject pipe(String name, double read) {
    return new MeasuredObject(
        "pipe",
        name,
        List.of(
            new Measurement(Metric.PIPE_IO, "read", read),
            new Measurement(Metric.PIPE_IO, "write", 2 * read),
            new Measurement(Metric.PIPE_WAITERS, "read", 1),
            new Measurement(Metric.PIPE_BUFFER_USAGE, "", 7)));
  }

  private double scrape() {
    return registry.get("penstock.runtime.memory.usage").gauge().value();
  }

  private FunctionCounter io(String name, String direction) {
    return registry
        .find("penstock.pipe.io")
        .tags("penstock.pipe.name", name, "penstock.io.direction", direction)
        .functionCounter();
  }

  @Test
  void metersComeChangeAndGoWithTheirObjects() {
    try (PenstockMeters meters = new PenstockMeters(() -> objects)) {
      meters.bindTo(registry);
      assertEquals(5, scrape());
      assertNull(io("orders", "read"));

      objects = List.of(whole(), pipe("orders", 10));
      assertEquals(5, scrape());
      assertEquals(10, io("orders", "read").count());
      assertEquals(20, io("orders", "write").count());
      assertEquals("bytes", io("orders", "read").getId().getBaseUnit());
      Gauge usage = registry.get("penstock.pipe.buffer.usage").gauge();
      assertEquals(7, usage.value());
      assertNull(registry.get("penstock.pipe.waiter.count").gauge().getId().getBaseUnit());

      objects = List.of(whole(), pipe("orders", 11), pipe("other", 1));
      assertEquals(11, io("orders", "read").count(), "a read is a look");
      assertNotNull(io("other", "read"));

      objects = List.of(whole(), pipe("other", 1));
      assertEquals(5, scrape());
      assertNull(io("orders", "read"));
    }
    assertEquals(List.of(), registry.getMeters());
  }

  @Test
  void valuesStayReadableWhenTheCollectorHasRun() {
    objects = List.of(whole(), pipe("orders", 10));
    PenstockMeters meters = new PenstockMeters(() -> objects);
    meters.bindTo(registry);
    System.gc();
    assertEquals(5, scrape());
    assertEquals(10, io("orders", "read").count());
    meters.close();
  }

  @Test
  void severalRegistriesHaveMetersOfTheirOwn() {
    SimpleMeterRegistry second = new SimpleMeterRegistry();
    try (PenstockMeters meters = new PenstockMeters(() -> objects)) {
      meters.bindTo(registry);
      meters.bindTo(second);
      assertEquals(names(registry.getMeters()), names(second.getMeters()));
      assertFalse(second.getMeters().isEmpty());
    }
    assertEquals(List.of(), second.getMeters());
  }

  @Test
  void afterACloseNoRegistryHasMeters() {
    PenstockMeters meters = new PenstockMeters(() -> objects);
    meters.close();
    meters.bindTo(registry);
    assertEquals(List.of(), registry.getMeters());
    meters.close();
  }

  private static Set<String> names(List<Meter> meters) {
    return meters.stream().map(meter -> meter.getId().getName()).collect(Collectors.toSet());
  }
}
