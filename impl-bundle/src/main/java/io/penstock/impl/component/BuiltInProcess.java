// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.process.ProcessProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Provides {@code exec:} and {@code shell:}. */
@Component(
    name = "io.penstock.kind.process",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=exec", ChannelProvider.SCHEME + "=shell"})
public final class BuiltInProcess extends BuiltInKind {
  /**
   * With a provider of its own.
   *
   * @param engine makes native calls
   */
  @Activate
  public BuiltInProcess(@Reference EngineComponent engine) {
    super(new ProcessProvider(engine.posix()));
  }
}
