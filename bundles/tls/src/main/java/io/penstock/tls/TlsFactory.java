// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderFactory;
import java.util.Optional;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/** Brings tls: to programs without OSGi; {@link java.util.ServiceLoader} finds it. */
@ProviderType
public final class TlsFactory implements ProviderFactory {
  /** For {@link java.util.ServiceLoader}. */
  public TlsFactory() {}

  @Override
  public Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed) {
    return installed.apply("tcp").map(TlsProvider::new);
  }
}
