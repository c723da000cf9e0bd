// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.fifo.FifoProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Provides {@code fifo:}. */
@Component(
    name = "io.penstock.kind.fifo",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=fifo"})
public final class BuiltInFifo extends BuiltInKind {
  /**
   * With a provider of its own.
   *
   * @param engine makes native calls
   */
  @Activate
  public BuiltInFifo(@Reference EngineComponent engine) {
    super(new FifoProvider(engine.posix()));
  }
}
