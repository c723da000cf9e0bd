// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.impl.component.config.ServeSettings;
import io.penstock.impl.runtime.Census;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.ServerDTO;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/** The handlers that are registered with an address, each served as long as it is there. */
final class Whiteboard implements ServiceTrackerCustomizer<Object, Whiteboard.Entry> {
  /** A handler that is served, or will be; or one that could not be had. */
  record Entry(@Nullable Object handler, @Nullable ConfiguredServer server) {}

  private final BundleContext context;
  private final EngineComponent engine;
  private final ProvidersComponent providers;
  private final Map<Long, ConfiguredServer> servers = new ConcurrentHashMap<>();
  private final Map<Long, FailedHandlerDTO> unavailable = new ConcurrentHashMap<>();

  Whiteboard(BundleContext context, EngineComponent engine, ProvidersComponent providers) {
    this.context = context;
    this.engine = engine;
    this.providers = providers;
  }

  @Override
  public Entry addingService(ServiceReference<Object> reference) {
    long id = id(reference);
    String name = name(reference);
    Object handler = null;
    String why = "its bundle gave nothing";
    try {
      handler = context.getService(reference);
    } catch (RuntimeException | LinkageError e) {
      why = e.toString();
    }
    if (handler == null) {
      String message = name + ": the handler cannot be had from its bundle: " + why;
      Configured.LOG.log(Level.ERROR, message);
      unavailable.put(
          id,
          new FailedHandlerDTO(
              id, name, FailedHandlerDTO.Reason.SERVICE, message, System.currentTimeMillis()));
      return new Entry(null, null);
    }
    ConfiguredServer server =
        new ConfiguredServer(
            engine.engine(),
            engine.names("handlers"),
            providers.channels(engine.own()),
            handler,
            id,
            name);
    servers.put(id, server);
    providers.use(server);
    configure(server, handler, reference);
    return new Entry(handler, server);
  }

  private static void configure(
      ConfiguredServer server, Object handler, ServiceReference<Object> reference) {
    try {
      server.configure(
          ServeSettings.of(name(reference), handler, properties(reference), server::warn));
    } catch (RuntimeException e) {
      // Also what a property of no type that services should have brings about.
      server.refused(Reasons.of(e));
    }
  }

  private static long id(ServiceReference<Object> reference) {
    return (Long) reference.getProperty(Constants.SERVICE_ID);
  }

  /** Its own, or one that says which component of which bundle it is. */
  private static String name(ServiceReference<Object> reference) {
    Object given = reference.getProperty(Channel.NAME);
    if (given instanceof String text && !text.isBlank()) {
      return text;
    }
    Object component = reference.getProperty("component.name");
    return (component instanceof String text
            ? text
            : ((String[]) reference.getProperty(Constants.OBJECTCLASS))[0])
        + "-"
        + id(reference);
  }

  private static Map<String, Object> properties(ServiceReference<Object> reference) {
    Map<String, Object> properties = new TreeMap<>();
    for (String key : reference.getPropertyKeys()) {
      properties.put(key, reference.getProperty(key));
    }
    return properties;
  }

  @Override
  public void modifiedService(ServiceReference<Object> reference, Entry entry) {
    if (entry.handler() != null && entry.server() != null) {
      configure(entry.server(), entry.handler(), reference);
    }
  }

  /** Returns when the handler is not called any more: its bundle may deactivate it then. */
  @Override
  public void removedService(ServiceReference<Object> reference, Entry entry) {
    long id = id(reference);
    unavailable.remove(id);
    ConfiguredServer server = servers.remove(id);
    if (server != null) {
      providers.useNoMore(server);
      server.stop(!engine.isStopping());
      context.ungetService(reference);
    }
  }

  /** What is served, and what is not. */
  Census.Served served() {
    List<FailedHandlerDTO> failed = new ArrayList<>(unavailable.values());
    servers.values().forEach(server -> server.failure().ifPresent(failed::add));
    failed.sort(
        Comparator.comparing(FailedHandlerDTO::name).thenComparing(FailedHandlerDTO::serviceId));
    return new Census.Served(
        servers.values().stream()
            .map(ConfiguredServer::describe)
            .flatMap(Optional::stream)
            .sorted(Comparator.comparing(ServerDTO::name).thenComparing(ServerDTO::serviceId))
            .toList(),
        List.copyOf(failed));
  }
}
