// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderFactory;
import java.util.Optional;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/** Brings faulty: to programs without OSGi; {@link java.util.ServiceLoader} finds it. */
@ProviderType
public final class FaultyFactory implements ProviderFactory {
  /** For {@link java.util.ServiceLoader}. */
  public FaultyFactory() {}

  @Override
  public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
    return Optional.of(new FaultyProvider());
  }
}
