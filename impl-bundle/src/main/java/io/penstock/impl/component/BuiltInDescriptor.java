// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.descriptor.DescriptorProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Provides {@code fd:}. */
@Component(
    name = "io.penstock.kind.descriptor",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=fd"})
public final class BuiltInDescriptor extends BuiltInKind {
  /**
   * With a provider of its own.
   *
   * @param engine makes native calls
   */
  @Activate
  public BuiltInDescriptor(@Reference EngineComponent engine) {
    super(new DescriptorProvider(engine.posix()));
  }
}
