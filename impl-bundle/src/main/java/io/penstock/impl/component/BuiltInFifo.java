// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.fifo.FifoProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Component;

/** Provides {@code fifo:}. */
@Component(
    name = "io.penstock.kind.fifo",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=fifo"})
public final class BuiltInFifo extends BuiltInKind {
  /** With a provider of its own. */
  public BuiltInFifo() {
    super(new FifoProvider());
  }
}
