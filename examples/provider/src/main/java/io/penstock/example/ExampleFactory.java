// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderFactory;
import java.util.Optional;
import java.util.function.Function;

/** Brings example: to programs without OSGi; {@link java.util.ServiceLoader} finds it. */
// snippet: kinds.factory
public final class ExampleFactory implements ProviderFactory {
  /** For {@link java.util.ServiceLoader}. */
  public ExampleFactory() {}

  @Override
  public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
    return Optional.of(new ExampleProvider());
  }
}
// end of snippet
