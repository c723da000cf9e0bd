// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.util.Optional;
import java.util.function.Function;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Makes a provider for a program without OSGi. {@code io.penstock.standalone.Penstock} finds it by
 * {@link java.util.ServiceLoader}: name the class in the file {@code
 * META-INF/services/io.penstock.spi.ProviderFactory} of the jar, and in the {@code provides} of its
 * module. In a container the service {@link ChannelProvider} is what counts.
 *
 * <p>Each {@code Penstock} makes a factory of its own, and calls it on one thread.
 */
@ConsumerType
@FunctionalInterface
public interface ProviderFactory {
  /**
   * Makes the provider. Must not wait. What it throws costs only this kind, and is told in the log.
   *
   * @param installed gives the provider of a scheme, such as {@code tcp}, for a kind that is built
   *     on another; empty where that is not installed by now
   * @return owned by the caller, which closes it at the end if it is {@link AutoCloseable}; empty
   *     if another kind is missing, to be asked again when the same search has found more kinds
   */
  Optional<ChannelProvider> create(Function<String, Optional<ChannelProvider>> installed);
}
