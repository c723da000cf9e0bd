// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.stdio.StdioProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Provides {@code stdio:}. */
@Component(
    name = "io.penstock.kind.stdio",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=stdio"})
public final class BuiltInStdio extends BuiltInKind {
  /**
   * With a provider of its own.
   *
   * @param engine makes native calls
   */
  @Activate
  public BuiltInStdio(@Reference EngineComponent engine) {
    super(new StdioProvider(engine.posix()));
  }
}
