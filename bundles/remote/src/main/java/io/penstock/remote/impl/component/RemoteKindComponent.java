// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.remote.impl.provider.RemoteKind;
import io.penstock.remote.impl.registry.MemoryRegistryFactory;
import io.penstock.remote.impl.registry.StaticRegistryFactory;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.spi.ChannelProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Registers the kind {@code remote}, with or without a configuration. */
@Component(name = "io.penstock.kind.remote", service = RemoteKindComponent.class, immediate = true)
public final class RemoteKindComponent {
  private final List<ChannelProvider> below = new CopyOnWriteArrayList<>();
  // Those of this bundle are there from the beginning, in whatever order its services come.
  private final Map<String, RegistryFactory> registries =
      new ConcurrentHashMap<>(
          Map.of("static", new StaticRegistryFactory(), "memory", new MemoryRegistryFactory()));
  private final List<Runnable> waiting = new CopyOnWriteArrayList<>();
  private final RemoteKind kind = new RemoteKind(this::below, this::registry);
  private final ServiceRegistration<ChannelProvider> registration;

  /**
   * Registers the kind.
   *
   * @param context of this bundle
   */
  @Activate
  public RemoteKindComponent(BundleContext context) {
    this.registration =
        context.registerService(
            ChannelProvider.class,
            kind,
            FrameworkUtil.asDictionary(Map.of(ChannelProvider.SCHEME, RemoteKind.SCHEME_NAME)));
  }

  /** A kind has come that providers may have. */
  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      target =
          "(|(penstock.scheme=tcp)(penstock.scheme=tls)(penstock.scheme=ssh)(penstock.scheme=unix))")
  void addBelow(ChannelProvider provider) {
    below.add(provider);
  }

  /** It has gone. */
  void removeBelow(ChannelProvider provider) {
    below.remove(provider);
  }

  /** A kind of registry has come. */
  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addRegistry(RegistryFactory factory) {
    if (registries.putIfAbsent(factory.scheme(), factory) == null) {
      waiting.forEach(Runnable::run);
    }
  }

  /** It has gone. */
  void removeRegistry(RegistryFactory factory) {
    if (registries.remove(factory.scheme(), factory)) {
      waiting.forEach(Runnable::run);
    }
  }

  private Optional<ChannelProvider> below(String scheme) {
    return below.stream().filter(each -> each.schemes().contains(scheme)).findFirst();
  }

  /** The factory of a registry's scheme. */
  Optional<RegistryFactory> registry(String scheme) {
    return Optional.ofNullable(registries.get(scheme));
  }

  /** Has a task run when a kind of registry comes or goes. */
  void onRegistries(Runnable task) {
    waiting.add(task);
  }

  /** Has it run no more. */
  void onRegistriesNoMore(Runnable task) {
    waiting.remove(task);
  }

  RemoteKind kind() {
    return kind;
  }

  /** Takes the kind back, and disconnects. */
  @Deactivate
  void deactivate() {
    registration.unregister();
    kind.close();
  }
}
