// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone;

import io.penstock.impl.channel.Providers;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.Messages;
import io.penstock.spi.PipeProvider;
import io.penstock.spi.ProviderFactory;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The kinds of other jars, which {@link ServiceLoader} finds when one is needed. One that cannot be
 * made costs only itself, and is told once in the life of the process.
 */
final class FoundKinds {
  private static final System.Logger LOG = Messages.log("channel");

  /** At most one line for each class that cannot be used. */
  private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

  /** A loader that cannot read a folder says so again and again. */
  private static final int MAX_FAILURES = 64;

  /** Those of the thread that opens; gone after the search, so that no application is kept. */
  private List<ServiceLoader<ProviderFactory>> loaders =
      // Both, because a thread may have a class loader that knows more than ours, or less.
      List.of(
          ServiceLoader.load(ProviderFactory.class),
          ServiceLoader.load(ProviderFactory.class, FoundKinds.class.getClassLoader()));

  private List<ServiceLoader<PipeProvider>> placeLoaders =
      List.of(
          ServiceLoader.load(PipeProvider.class),
          ServiceLoader.load(PipeProvider.class, FoundKinds.class.getClassLoader()));

  private final List<AutoCloseable> made = new CopyOnWriteArrayList<>();
  private volatile boolean closed;

  /** Installs what is found. A kind may be built on another that is found after it. */
  void install(Providers providers) {
    List<ProviderFactory> waiting = all(loaders, "a kind of channel");
    loaders = List.of();
    boolean more = true;
    while (more) {
      more = false;
      for (ProviderFactory factory : List.copyOf(waiting)) {
        try {
          Optional<ChannelProvider> provider = factory.create(providers::present);
          if (provider.isPresent()) {
            waiting.remove(factory);
            more = true;
            add(providers, provider.get());
          }
        } catch (RuntimeException | Error e) {
          waiting.remove(factory);
          tell(factory.getClass().getName() + " makes no kind of channel: " + why(e));
        }
      }
    }
    for (ProviderFactory factory : waiting) {
      tell(
          factory.getClass().getName()
              + " makes no kind of channel: the kind that it is built on is not installed");
    }
  }

  private void add(Providers providers, ChannelProvider provider) {
    if (provider instanceof AutoCloseable closeable) {
      made.add(closeable);
    }
    // One that cannot say what it serves would fail each look for a scheme.
    Objects.requireNonNull(provider.schemes(), "schemes");
    providers.addFound(provider);
    if (closed) {
      close();
    }
  }

  /** The places that keep durable pipes. */
  List<PipeProvider> places() {
    List<PipeProvider> places = all(placeLoaders, "what keeps durable pipes");
    placeLoaders = List.of();
    for (PipeProvider place : places) {
      if (place instanceof AutoCloseable closeable) {
        made.add(closeable);
      }
    }
    if (closed) {
      close();
    }
    return places;
  }

  private static <T> List<T> all(List<ServiceLoader<T>> loaders, String what) {
    List<T> all = new ArrayList<>();
    Set<Class<?>> types = new HashSet<>();
    for (ServiceLoader<T> loader : loaders) {
      Iterator<ServiceLoader.Provider<T>> each = loader.stream().iterator();
      int failures = 0;
      while (failures < MAX_FAILURES) {
        try {
          if (!each.hasNext()) {
            break;
          }
          ServiceLoader.Provider<T> next = each.next();
          if (types.add(next.type())) {
            all.add(next.get());
          }
        } catch (RuntimeException | Error e) {
          failures++;
          tell(what + " cannot be loaded: " + why(e));
        }
      }
    }
    return all;
  }

  private static String why(Throwable failure) {
    Throwable cause = failure.getCause();
    return cause == null ? failure.toString() : failure.getMessage() + ": " + cause;
  }

  private static void tell(String what) {
    if (TOLD.add(what)) {
      LOG.log(Level.WARNING, what);
    }
  }

  /** Closes the providers that were made here and can be closed. */
  void close() {
    closed = true;
    for (AutoCloseable provider : made) {
      try {
        provider.close();
      } catch (Exception e) {
        LOG.log(Level.WARNING, provider.getClass().getName() + " could not be closed", e);
      }
    }
    made.clear();
  }
}
