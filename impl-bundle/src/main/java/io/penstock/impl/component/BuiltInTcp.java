// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.spi.ChannelProvider;
import org.osgi.service.component.annotations.Component;

/** Provides {@code tcp:} and {@code tcp-listen:}. */
@Component(
    name = "io.penstock.kind.tcp",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=tcp", ChannelProvider.SCHEME + "=tcp-listen"})
public final class BuiltInTcp extends BuiltInKind {
  /** With a provider of its own. */
  public BuiltInTcp() {
    super(new TcpProvider());
  }
}
