// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote;

import io.penstock.remote.impl.provider.RemoteKind;
import io.penstock.remote.impl.registry.MemoryRegistryFactory;
import io.penstock.remote.impl.registry.StaticRegistryFactory;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Brings {@code remote:} to programs without OSGi; {@link java.util.ServiceLoader} finds it. Their
 * endpoints say by the option {@code servers} which registry they mean.
 */
@ProviderType
public final class RemoteFactory implements ProviderFactory {
  /** For {@link java.util.ServiceLoader}. */
  public RemoteFactory() {}

  @Override
  public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
    List<RegistryFactory> factories = new ArrayList<>();
    factories.add(new StaticRegistryFactory());
    factories.add(new MemoryRegistryFactory());
    // Before the first use, on the thread whose loader knows them.
    ServiceLoader.load(RegistryFactory.class).forEach(factories::add);
    return Optional.of(
        new RemoteKind(
            installed,
            scheme -> factories.stream().filter(each -> each.scheme().equals(scheme)).findFirst()));
  }
}
