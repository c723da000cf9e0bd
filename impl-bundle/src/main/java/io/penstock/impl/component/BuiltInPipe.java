// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.pipe.PipeProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Provides {@code pipe:}, which finds named pipes. */
@Component(
    name = "io.penstock.kind.pipe",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=pipe"})
public final class BuiltInPipe extends BuiltInKind {
  /**
   * With a provider of its own.
   *
   * @param engine knows the named pipes
   */
  @Activate
  public BuiltInPipe(@Reference EngineComponent engine) {
    super(new PipeProvider(engine.pipes()::open));
  }
}
