// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.remote.impl.node.OpenChannels;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.impl.provider.RemoteKind;
import io.penstock.remote.impl.provider.RemoteOptions;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** This container's part in the configured registry. */
@Component(
    name = RemoteComponent.PID,
    service = {},
    immediate = true,
    configurationPid = RemoteComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = RemoteKeys.class)
public final class RemoteComponent {
  static final String PID = "io.penstock.Remote";

  /** How long a stop waits for those that hear of services. */
  private static final int FAREWELL_SECONDS = 2;

  private static final Logger LOG = Messages.log("remote");

  /** What runs while there is a registry. */
  private record Running(
      RemoteSettings settings,
      RegistryFactory factory,
      RemoteNode node,
      PublishedServices published,
      ThreadPoolExecutor serial) {}

  private final BundleContext context;
  private final PenstockRuntime runtime;
  private final RemoteKindComponent kinds;
  private final Runnable again = this::settle;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition settled = lock.newCondition();
  private final AtomicReference<@Nullable RemoteSettings> settings = new AtomicReference<>();
  // Only by the thread that settles.
  private @Nullable Running running;
  // Knows the channels that are open still.
  private @Nullable OpenChannels last;
  // Guarded by the lock.
  private boolean stopped;
  private boolean settling;
  private boolean repeats;

  /**
   * Refuses bad values, and is there all the same until they are corrected. Waits for nothing.
   *
   * @param context of this bundle
   * @param properties the configuration
   * @param runtime tells where handlers are bound
   * @param kinds know registries
   */
  @Activate
  public RemoteComponent(
      BundleContext context,
      Map<String, Object> properties,
      @Reference PenstockRuntime runtime,
      @Reference RemoteKindComponent kinds) {
    this.context = context;
    this.runtime = runtime;
    this.kinds = kinds;
    this.settings.set(
        read(properties, "the configuration has no effect until it is corrected").orElse(null));
    kinds.onRegistries(again);
    settle();
  }

  private static Optional<RemoteSettings> read(Map<String, Object> properties, String effect) {
    try {
      RemoteSettings read = RemoteSettings.of(properties);
      for (String key : read.unknown()) {
        LOG.log(Level.WARNING, PID + ": the key ''{0}'' has no effect", key);
      }
      return Optional.of(read);
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, PID + ": {0}; {1}", LogField.cause(e.getMessage()), effect);
      return Optional.empty();
    }
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    read(properties, "the last good values stay").ifPresent(settings::set);
    settle();
  }

  /**
   * Joins the registry that is configured and installed now, and leaves any other. One thread does
   * so at a time, without a lock, because leaving takes a while.
   */
  private void settle() {
    lock.lock();
    try {
      repeats = true;
      if (settling) {
        return;
      }
      settling = true;
    } finally {
      lock.unlock();
    }
    while (mustSettle()) {
      try {
        settleOnce();
      } catch (RuntimeException | Error e) {
        // Otherwise no later change would be heard of, and a stop would wait for ever.
        LOG.log(Level.ERROR, PID + ": a step failed; report this as a bug", e);
      }
    }
  }

  private boolean mustSettle() {
    lock.lock();
    try {
      boolean must = repeats;
      repeats = false;
      settling = must;
      if (!must) {
        settled.signalAll();
      }
      return must;
    } finally {
      lock.unlock();
    }
  }

  private boolean isStopped() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  private void settleOnce() {
    RemoteSettings wanted = isStopped() ? null : settings.get();
    RegistryFactory factory = wanted == null ? null : factory(wanted);
    Running present = running;
    if (present != null && factory == present.factory() && present.settings().equals(wanted)) {
      return;
    }
    if (present != null && (wanted == null || factory == null || !isServed(present))) {
      leave(present);
      present = null;
    }
    if (wanted != null && factory != null) {
      RemoteNode node = open(wanted, factory, present != null);
      if (node != null) {
        replace(present, wanted, factory, node);
      } else if (present != null) {
        boolean unused = settings.compareAndSet(wanted, present.settings());
      }
    } else if (wanted != null && !frameworkStops()) {
      LOG.log(
          Level.WARNING,
          PID + ": no bundle serves the registry {0}; it is joined when one does",
          String.join(",", wanted.registry().servers()));
    }
  }

  private @Nullable RegistryFactory factory(RemoteSettings of) {
    return kinds.registry(RemoteOptions.scheme(of.registry().servers().get(0))).orElse(null);
  }

  private boolean isServed(Running present) {
    return factory(present.settings()) == present.factory();
  }

  /** Then what serves the registry may go before this, and no operator can change that. */
  private boolean frameworkStops() {
    return context.getBundle(Constants.SYSTEM_BUNDLE_ID).getState() == Bundle.STOPPING;
  }

  /** Opens the registry; null if it refuses a setting, which only it can judge. */
  private @Nullable RemoteNode open(RemoteSettings wanted, RegistryFactory factory, boolean stays) {
    try {
      RemoteNode made =
          new RemoteNode(
              RemoteKind.newNode(), factory, wanted.registry(), wanted.onRemoved(), last);
      last = made.channels();
      return made;
    } catch (IllegalArgumentException e) {
      LOG.log(
          Level.ERROR,
          PID
              + ": {0}; "
              + (stays
                  ? "the last good values stay"
                  : "the configuration has no effect until it is corrected"),
          LogField.cause(e.getMessage()));
      return null;
    }
  }

  private void replace(
      @Nullable Running present, RemoteSettings wanted, RegistryFactory factory, RemoteNode node) {
    try {
      if (present != null) {
        leave(present);
      }
      running = join(wanted, factory, node);
    } catch (RuntimeException | Error e) {
      node.close();
      throw e;
    }
  }

  private Running join(RemoteSettings wanted, RegistryFactory factory, RemoteNode node) {
    node.inherit();
    ThreadPoolExecutor serial = serial();
    node.tell(new ImportedServices(context, wanted.imports(), serial));
    wanted.imports().forEach(name -> node.watch(name.equals("*") ? Registry.ALL : name));
    kinds.kind().use(node);
    PublishedServices published = new PublishedServices(context, runtime, node, serial);
    published.open();
    return new Running(wanted, factory, node, published, serial);
  }

  private void leave(Running present) {
    running = null;
    kinds.kind().use(null);
    present.published().close();
    present.node().close();
    present.serial().shutdown();
    try {
      boolean unused = present.serial().awaitTermination(FAREWELL_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Services come and go on a thread of its own, which is there only while there is work. */
  private static ThreadPoolExecutor serial() {
    ThreadPoolExecutor made =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              Thread thread = new Thread(work, "penstock-remote-services");
              thread.setDaemon(true);
              return thread;
            },
            // What comes after the end is of no use.
            new ThreadPoolExecutor.DiscardPolicy());
    made.allowCoreThreadTimeOut(true);
    return made;
  }

  /** Withdraws what is published, which may take up to two seconds, and disconnects. */
  @Deactivate
  void deactivate() {
    kinds.onRegistriesNoMore(again);
    lock.lock();
    try {
      stopped = true;
    } finally {
      lock.unlock();
    }
    settle();
    lock.lock();
    try {
      while (settling) {
        settled.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }
}
