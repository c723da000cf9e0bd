// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Component;

/** Provides {@code mem:}, {@code mem-listen:} and {@code echo:}. */
@Component(
    name = "io.penstock.kind.memory",
    service = ChannelProvider.class,
    property = {
      ChannelProvider.SCHEME + "=mem",
      ChannelProvider.SCHEME + "=mem-listen",
      ChannelProvider.SCHEME + "=echo"
    })
public final class BuiltInMemory extends BuiltInKind {
  /** With a provider of its own. */
  public BuiltInMemory() {
    super(new MemoryProvider());
  }
}
