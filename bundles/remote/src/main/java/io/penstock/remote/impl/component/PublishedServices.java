// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.spi.Advertised;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.PenstockListener;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.ServerDTO;
import io.penstock.serve.Server;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/**
 * Publishes the listeners and the handlers whose service properties ask for it, as long as they are
 * bound, and what another bundle publishes for its like by {@link RemoteEntry#IMPORTER}. The core
 * tells by the service of a listener, and by the runtime and its events of a handler, which has no
 * service of its own for its listener.
 */
final class PublishedServices
    implements ServiceTrackerCustomizer<Object, Map<String, Object>>, PenstockListener {
  private static final Logger LOG = Messages.log("remote");

  private final BundleContext context;
  private final PenstockRuntime runtime;
  private final RemoteNode node;
  private final ServiceTracker<Object, Map<String, Object>> tracker;
  private final ServiceRegistration<PenstockListener> events;
  // Listeners and handlers that want to be published, by service.id.
  private final Map<Long, Map<String, Object>> wanted = new ConcurrentHashMap<>();
  private final Executor serial;
  // Only on the executor.
  private final Map<Long, RemoteEntry> published = new HashMap<>();
  private final Map<Long, String> complaints = new HashMap<>();
  // The last number of an entry. Only on the executor.
  private long numbers;

  PublishedServices(
      BundleContext context, PenstockRuntime runtime, RemoteNode node, Executor serial) {
    this.serial = serial;
    this.context = context;
    this.runtime = runtime;
    this.node = node;
    String filter =
        "(&(%s=true)(|(objectClass=%s)(%s=*)(penstock.serve.on=*)(%s=*)))"
            .formatted(
                Advertised.REMOTE, Listener.class.getName(), Server.LISTEN, RemoteEntry.IMPORTER);
    try {
      this.tracker = new ServiceTracker<>(context, FrameworkUtil.createFilter(filter), this);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(filter, e);
    }
    this.events = context.registerService(PenstockListener.class, this, null);
  }

  void open() {
    tracker.open();
  }

  void close() {
    try {
      events.unregister();
    } catch (IllegalStateException e) {
      LOG.log(Level.DEBUG, "the framework has withdrawn the listener", e);
    }
    tracker.close();
  }

  // ---- services

  @Override
  public Map<String, Object> addingService(ServiceReference<Object> reference) {
    Map<String, Object> properties = new HashMap<>();
    for (String key : reference.getPropertyKeys()) {
      properties.put(key, reference.getProperty(key));
    }
    wanted.put(id(reference), properties);
    serial.execute(this::compare);
    return properties;
  }

  @Override
  public void modifiedService(ServiceReference<Object> reference, Map<String, Object> old) {
    Object unused = addingService(reference);
  }

  @Override
  public void removedService(ServiceReference<Object> reference, Map<String, Object> old) {
    wanted.remove(id(reference));
    serial.execute(this::compare);
  }

  private static long id(ServiceReference<?> reference) {
    return (Long) reference.getProperty(Constants.SERVICE_ID);
  }

  @Override
  public void event(PenstockEvent event) {
    if (event.object().equals("handler") && !wanted.isEmpty()) {
      serial.execute(this::compare);
    }
  }

  // ---- on the executor

  private void compare() {
    Map<Long, ServerDTO> servers = new HashMap<>();
    if (wanted.values().stream().anyMatch(each -> !isListener(each))) {
      for (ServerDTO server : runtime.runtime().servers()) {
        servers.put(server.serviceId(), server);
      }
    }
    Set<Long> there = new HashSet<>();
    wanted.forEach(
        (id, properties) -> {
          String bound = bound(id, properties, servers);
          if (!bound.isEmpty()) {
            publish(id, properties, bound);
            there.add(id);
          }
        });
    for (Long id : Set.copyOf(published.keySet())) {
      if (!there.contains(id)) {
        node.withdraw(published.remove(id).key());
      }
    }
    complaints.keySet().retainAll(wanted.keySet());
  }

  /** Whether its properties say where it is bound. */
  private static boolean isListener(Map<String, Object> properties) {
    return properties.containsKey(RemoteEntry.IMPORTER)
        || (properties.get(Constants.OBJECTCLASS) instanceof String[] types
            && Set.of(types).contains(Listener.class.getName()));
  }

  /** The entry for what is bound. */
  static RemoteEntry entry(
      String node, long id, String name, Endpoint bound, Map<String, ?> properties) {
    Map<String, String> more = new HashMap<>();
    if (properties.containsKey(RemoteEntry.IMPORTER)) {
      properties.forEach(
          (key, value) -> {
            if (key.equals(RemoteEntry.IMPORTER) || key.startsWith("endpoint.")) {
              more.put(key, value.toString());
            }
          });
    }
    return new RemoteEntry(
        node,
        id,
        name,
        Advertised.endpoint(bound, properties),
        Advertised.rank(properties),
        Advertised.tags(properties),
        more);
  }

  /** Where it is bound; empty if it is not. */
  private static String bound(
      Long id, Map<String, Object> properties, Map<Long, ServerDTO> servers) {
    if (isListener(properties)) {
      return String.valueOf(properties.get(Channel.ENDPOINT));
    }
    ServerDTO server = servers.get(id);
    return server == null || server.connects() ? "" : server.endpoint();
  }

  private void publish(Long id, Map<String, Object> properties, String bound) {
    Object given = properties.get(Channel.NAME);
    String name = given == null ? "" : given.toString();
    try {
      if (name.isBlank()) {
        throw new IllegalArgumentException(
            Channel.NAME + ": it is not given; expected the name that others find it by");
      }
      RemoteEntry old = published.get(id);
      // Another name is another entry: others know one by its number, and its name is for good.
      RemoteEntry same = old != null && old.name().equals(name) ? old : null;
      long number = same == null ? numbers + 1 : same.id();
      RemoteEntry entry = entry(node.node(), number, name, Endpoint.parse(bound), properties);
      numbers = Math.max(numbers, number);
      if (old != null && same == null) {
        node.withdraw(old.key());
      }
      complaints.remove(id);
      if (!entry.equals(published.put(id, entry))) {
        node.publish(entry);
      }
    } catch (IllegalArgumentException e) {
      RemoteEntry old = published.remove(id);
      if (old != null) {
        node.withdraw(old.key());
      }
      String why = String.valueOf(e.getMessage());
      if (!why.equals(complaints.put(id, why))) {
        LOG.log(
            Level.ERROR,
            "{0}: {1}; it is not published",
            LogField.name(name.isBlank() ? "service " + id : name),
            LogField.cause(why));
      }
    }
  }

  @Override
  public String toString() {
    return context.getBundle() + " publishes " + published.size();
  }
}
