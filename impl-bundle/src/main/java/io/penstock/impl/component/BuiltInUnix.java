// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.unix.UnixProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Provides {@code unix:} and {@code unix-listen:}. */
@Component(
    name = "io.penstock.kind.unix",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=unix", ChannelProvider.SCHEME + "=unix-listen"})
public final class BuiltInUnix extends BuiltInKind {
  /**
   * With a provider of its own.
   *
   * @param engine makes native calls
   */
  @Activate
  public BuiltInUnix(@Reference EngineComponent engine) {
    super(new UnixProvider(engine.posix()));
  }
}
