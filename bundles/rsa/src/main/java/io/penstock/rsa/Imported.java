// SPDX-License-Identifier: Apache-2.0
package io.penstock.rsa;

import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.remoteserviceadmin.EndpointDescription;
import org.osgi.service.remoteserviceadmin.EndpointEvent;
import org.osgi.service.remoteserviceadmin.EndpointEventListener;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/**
 * Tells each listener of endpoints, such as the topology manager, of the entries in its scope. All
 * that is told is told by one thread, which is there only while there is something to tell.
 */
final class Imported {
  private static final Logger LOG = Messages.log("remote");

  /** One entry as it was described; a changed entry is another service, with another number. */
  private record Described(Object number, EndpointDescription description) {
    String id() {
      return description.getId();
    }
  }

  /** A filter as the listener wrote it, by which it keeps account. */
  private record Wanted(String text, Filter filter) {}

  /** What a listener has been told of, and by which of its filters. */
  private record Matched(Described described, String filter) {}

  /** What one listener has been told, by the endpoint's id. */
  private static final class Told {
    private final EndpointEventListener listener;
    private final Map<String, Matched> known = new HashMap<>();
    private volatile List<Wanted> scope;

    Told(EndpointEventListener listener, List<Wanted> scope) {
      this.listener = listener;
      this.scope = scope;
    }
  }

  private final BundleContext context;
  private final ServiceTracker<RemoteEntry, Described> entries;
  private final ServiceTracker<EndpointEventListener, Told> listeners;
  private final Collection<Described> present = ConcurrentHashMap.newKeySet();
  private final Collection<Told> all = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor serial =
      new ThreadPoolExecutor(
          1,
          1,
          1,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          work -> {
            Thread thread = new Thread(work, "penstock-rsa");
            thread.setDaemon(true);
            return thread;
          },
          // What comes after the end is of no use.
          new ThreadPoolExecutor.DiscardPolicy());

  Imported(BundleContext context) {
    this.context = context;
    serial.allowCoreThreadTimeOut(true);
    this.entries =
        new ServiceTracker<>(
            context,
            filter(
                "(&(objectClass=%s)(%s=%s))"
                    .formatted(
                        RemoteEntry.class.getName(), RemoteEntry.IMPORTER, Exports.IMPORTER)),
            new Entries());
    this.listeners =
        new ServiceTracker<>(context, EndpointEventListener.class.getName(), new Listeners());
  }

  private static Filter filter(String text) {
    try {
      return FrameworkUtil.createFilter(text);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(text, e);
    }
  }

  void open() {
    entries.open();
    listeners.open();
  }

  /** Tells each listener that all is gone, within two seconds. */
  void close() {
    entries.close();
    serial.shutdown();
    try {
      boolean unused = serial.awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    listeners.close();
  }

  private final class Entries implements ServiceTrackerCustomizer<RemoteEntry, Described> {
    @Override
    public Described addingService(ServiceReference<RemoteEntry> reference) {
      Described described =
          new Described(
              reference.getProperty(Constants.SERVICE_ID),
              Exports.describe(context.getService(reference)));
      present.add(described);
      serial.execute(Imported.this::compare);
      return described;
    }

    @Override
    public void modifiedService(ServiceReference<RemoteEntry> reference, Described described) {
      // A changed entry is another service.
    }

    @Override
    public void removedService(ServiceReference<RemoteEntry> reference, Described described) {
      present.remove(described);
      boolean unused = context.ungetService(reference);
      serial.execute(Imported.this::compare);
    }
  }

  private final class Listeners implements ServiceTrackerCustomizer<EndpointEventListener, Told> {
    @Override
    public @Nullable Told addingService(ServiceReference<EndpointEventListener> reference) {
      if (reference.getBundle() == context.getBundle()) {
        return null;
      }
      Told told = new Told(context.getService(reference), scope(reference));
      all.add(told);
      serial.execute(Imported.this::compare);
      return told;
    }

    @Override
    public void modifiedService(ServiceReference<EndpointEventListener> reference, Told told) {
      told.scope = scope(reference);
      serial.execute(Imported.this::compare);
    }

    @Override
    public void removedService(ServiceReference<EndpointEventListener> reference, Told told) {
      all.remove(told);
      boolean unused = context.ungetService(reference);
    }

    private List<Wanted> scope(ServiceReference<?> reference) {
      Object given = reference.getProperty(EndpointEventListener.ENDPOINT_LISTENER_SCOPE);
      List<Wanted> scope = new ArrayList<>();
      List<?> texts =
          given instanceof Collection<?> many
              ? List.copyOf(many)
              : given instanceof Object[] some
                  ? List.of(some)
                  : given == null ? List.of() : List.of(given);
      for (Object text : texts) {
        try {
          scope.add(new Wanted(text.toString(), FrameworkUtil.createFilter(text.toString())));
        } catch (InvalidSyntaxException e) {
          LOG.log(
              Level.WARNING,
              "{0} asks for endpoints by ''{1}'', which is no filter; it is not told of them",
              LogField.name(String.valueOf(reference.getBundle())),
              text);
        }
      }
      return scope;
    }
  }

  // ---- on the executor

  private void compare() {
    for (Told each : all) {
      Map<String, Matched> wanted = new HashMap<>();
      for (Described described : present) {
        Matched match = match(each, described);
        if (match != null) {
          wanted.put(described.id(), match);
        }
      }
      for (Matched old : List.copyOf(each.known.values())) {
        String id = old.described().id();
        if (!old.equals(wanted.get(id))) {
          each.known.remove(id);
          tell(each, EndpointEvent.REMOVED, old);
        }
      }
      wanted.forEach(
          (id, match) -> {
            if (each.known.putIfAbsent(id, match) == null) {
              tell(each, EndpointEvent.ADDED, match);
            }
          });
    }
  }

  /**
   * By which filter a listener wants it; null if by none. One by which it was told stays as long as
   * the listener has it, for the listener keeps account by filters.
   */
  private static @Nullable Matched match(Told told, Described described) {
    Matched before = told.known.get(described.id());
    Matched first = null;
    for (Wanted wanted : told.scope) {
      if (wanted.filter().matches(described.description().getProperties())) {
        Matched match = new Matched(described, wanted.text());
        if (match.equals(before)) {
          return match;
        }
        first = first == null ? match : first;
      }
    }
    return first;
  }

  private static void tell(Told told, int type, Matched match) {
    try {
      told.listener.endpointChanged(
          new EndpointEvent(type, match.described().description()), match.filter());
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a listener of endpoints has failed", e);
    }
  }
}
