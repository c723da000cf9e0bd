// SPDX-License-Identifier: Apache-2.0
package io.penstock.jmx;

import io.penstock.metrics.MeasuredObject;
import io.penstock.metrics.PenstockMetrics;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * The beans in a server: {@code io.penstock:type=pipe,name="orders"}, and {@code
 * io.penstock:type=runtime} for the whole. Each look brings them up to date. Safe for use by any
 * thread.
 */
final class MeasuredBeans {
  private static final Logger LOG = Messages.log("jmx");

  private record Key(String type, String name) {}

  private final PenstockMetrics metrics;
  private final MBeanServer server;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Map<Key, ObjectName> registered = new HashMap<>();
  // Told in the log already; each look tries again.
  private final Set<Key> refused = new HashSet<>();
  private @Nullable List<MeasuredObject> last;
  private boolean closed;
  private volatile Map<Key, MeasuredObject> present = Map.of();

  MeasuredBeans(PenstockMetrics metrics, MBeanServer server) {
    this.metrics = metrics;
    this.server = server;
  }

  /** Looks anew, unless another thread does, or this one does already. */
  void refresh() {
    if (lock.isHeldByCurrentThread() || !lock.tryLock()) {
      return;
    }
    try {
      List<MeasuredObject> now = metrics.objects();
      if (!closed && now != last) {
        last = now;
        Map<Key, MeasuredObject> all = new HashMap<>();
        now.forEach(object -> all.put(new Key(object.type(), object.name()), object));
        present = Map.copyOf(all);
        registered.entrySet().removeIf(one -> !all.containsKey(one.getKey()) && remove(one));
        refused.retainAll(all.keySet());
        all.keySet().stream().filter(key -> !registered.containsKey(key)).forEach(this::add);
      }
    } finally {
      lock.unlock();
    }
  }

  private void add(Key key) {
    try {
      String name =
          "io.penstock:type="
              + key.type()
              + (key.name().isEmpty() ? "" : ",name=" + ObjectName.quote(key.name()));
      ObjectName bean = new ObjectName(name);
      server.registerMBean(new MeasuredBean(key.type(), key.name(), () -> look(key)), bean);
      registered.put(key, bean);
      refused.remove(key);
    } catch (JMException e) {
      if (refused.add(key)) {
        LOG.log(Level.WARNING, "no MBean for " + key.type() + " " + key.name(), e);
      }
    }
  }

  private @Nullable MeasuredObject look(Key key) {
    refresh();
    return present.get(key);
  }

  private boolean remove(Map.Entry<Key, ObjectName> one) {
    try {
      server.unregisterMBean(one.getValue());
    } catch (InstanceNotFoundException gone) {
      LOG.log(Level.DEBUG, one.getValue() + " was unregistered by another", gone);
    } catch (JMException e) {
      LOG.log(Level.WARNING, "the MBean " + one.getValue() + " stays", e);
    }
    return true;
  }

  /** Takes all beans back. */
  void close() {
    lock.lock();
    try {
      closed = true;
      registered.entrySet().removeIf(this::remove);
    } finally {
      lock.unlock();
    }
  }
}
