// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.ChannelOptions;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.channel.Natives;
import io.penstock.impl.channel.Providers;
import io.penstock.impl.component.config.Kinds;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.kind.descriptor.ReceivedHandles;
import io.penstock.impl.kind.memory.MemoryPair;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.PipeProvider;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Follows the providers, ours and others', as they come and go. */
@Component(name = "io.penstock.providers", service = ProvidersComponent.class)
public final class ProvidersComponent implements Kinds {
  private static final ReceivedHandles HANDLES = new ReceivedHandles();

  private final EngineComponent engine;
  private final Providers providers = new Providers();
  private final List<ChannelProvider> present = new CopyOnWriteArrayList<>();
  private final List<Configured<?, ?>> users = new CopyOnWriteArrayList<>();

  /**
   * Begins with none.
   *
   * @param engine tells configurations of new providers
   */
  @Activate
  public ProvidersComponent(@Reference EngineComponent engine) {
    this.engine = engine;
    engine.census().finds(providers::remotes);
  }

  /** A provider has come. */
  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addProvider(ChannelProvider provider) {
    present.add(provider);
    providers.add(provider);
    users.forEach(Configured::hurry);
  }

  /** A place has come that keeps durable pipes. */
  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addPlace(PipeProvider place) {
    engine.contents().add(place);
    users.forEach(Configured::hurry);
  }

  /** One has gone, and ends what it has opened. */
  void removePlace(PipeProvider place) {
    stopIfAllStops();
    engine.contents().remove(place);
  }

  /** A provider has gone: what it made is aborted. */
  void removeProvider(ChannelProvider provider) {
    stopIfAllStops();
    present.remove(provider);
    providers.remove(provider);
  }

  private void stopIfAllStops() {
    if (engine.isStopping()) {
      // Otherwise they would tell, and try again, in vain.
      users.forEach(user -> user.stop(false));
    }
  }

  /** Adds a configuration that tries again when a provider comes, and stops before they all go. */
  void use(Configured<?, ?> user) {
    users.add(user);
  }

  void useNoMore(Configured<?, ?> user) {
    users.remove(user);
  }

  /** Opens channels on behalf of somebody. */
  Channels channels(Scope scope) {
    return new Channels(
        engine.engine(),
        providers,
        scope,
        ProvidersComponent::pair,
        new Natives(engine.posix(), HANDLES));
  }

  private static List<ChannelDriver> pair(ChannelOptions options) {
    MemoryPair pair = MemoryPair.create("pair", options);
    return List.of(pair.left(), pair.right());
  }

  @Override
  public Optional<Set<String>> optionKeys(String scheme) {
    return provider(scheme).map(provider -> provider.optionKeys(scheme));
  }

  @Override
  public Set<String> secretKeys(String scheme) {
    return provider(scheme).map(provider -> provider.secretKeys(scheme)).orElse(Set.of());
  }

  private Optional<ChannelProvider> provider(String scheme) {
    return present.stream().filter(provider -> provider.schemes().contains(scheme)).findFirst();
  }
}
