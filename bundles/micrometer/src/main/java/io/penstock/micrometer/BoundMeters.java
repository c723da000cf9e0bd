// SPDX-License-Identifier: Apache-2.0
package io.penstock.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.penstock.metrics.MeasuredObject;
import io.penstock.metrics.Measurement;
import io.penstock.metrics.Metric;
import io.penstock.metrics.PenstockMetrics;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The meters of one registry. */
final class BoundMeters {
  private record Key(Metric metric, String object, String attribute) {}

  /** What a meter reads; kept here, since registries keep what meters read by weak references. */
  private static final class Cell {
    private volatile double value;
    private @Nullable Meter meter;
  }

  private final PenstockMetrics metrics;
  private final MeterRegistry registry;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<Key, Cell> cells = new HashMap<>();
  private @Nullable List<MeasuredObject> last;
  private boolean closed;

  BoundMeters(PenstockMetrics metrics, MeterRegistry registry) {
    this.metrics = metrics;
    this.registry = registry;
  }

  boolean isClosed() {
    return registry.isClosed();
  }

  /** Looks anew, unless another thread does, or this one does already. */
  void refresh() {
    if (lock.isHeldByCurrentThread() || !lock.tryLock()) {
      return;
    }
    try {
      List<MeasuredObject> present = metrics.objects();
      if (!closed && present != last) {
        last = present;
        take(present);
      }
    } finally {
      lock.unlock();
    }
  }

  private void take(List<MeasuredObject> present) {
    Set<Key> seen = new HashSet<>();
    for (MeasuredObject object : present) {
      for (Measurement each : object.measurements()) {
        Key key = new Key(each.metric(), object.name(), each.attribute());
        seen.add(key);
        Cell cell = cells.get(key);
        if (cell == null) {
          cell = new Cell();
          cell.value = each.value();
          cells.put(key, cell);
          cell.meter = register(key, object, cell);
        } else {
          cell.value = each.value();
        }
      }
    }
    cells
        .entrySet()
        .removeIf(
            one -> {
              boolean gone = !seen.contains(one.getKey());
              if (gone) {
                remove(one.getValue());
              }
              return gone;
            });
  }

  private Meter register(Key key, MeasuredObject object, Cell cell) {
    Metric metric = key.metric();
    Tags tags = Tags.empty();
    if (!object.name().isEmpty()) {
      tags = tags.and("penstock." + object.type() + ".name", object.name());
    }
    if (!key.attribute().isEmpty()) {
      tags = tags.and(metric.attribute(), key.attribute());
    }
    return metric.isCounter()
        ? FunctionCounter.builder(metric.text(), cell, this::read)
            .tags(tags)
            .description(metric.description())
            .baseUnit(unit(metric))
            .register(registry)
        : Gauge.builder(metric.text(), cell, this::read)
            .tags(tags)
            .description(metric.description())
            .baseUnit(unit(metric))
            .register(registry);
  }

  private double read(Cell cell) {
    refresh();
    return cell.value;
  }

  private static @Nullable String unit(Metric metric) {
    return switch (metric.unit()) {
      case "By" -> BaseUnits.BYTES;
      case "s" -> "seconds";
      default -> null;
    };
  }

  private void remove(Cell cell) {
    Meter meter = cell.meter;
    if (meter != null) {
      registry.remove(meter);
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      cells.values().forEach(this::remove);
      cells.clear();
    } finally {
      lock.unlock();
    }
  }
}
