// SPDX-License-Identifier: Apache-2.0
package io.penstock.build.user.plain;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.relay.Relay;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** A bundle that has each service which only a configuration brings. */
@Component(service = ConfiguredUser.class)
public final class ConfiguredUser {
  private final List<Object> all;

  /** With all of them. */
  @Activate
  public ConfiguredUser(
      @Reference Channel channel,
      @Reference Listener listener,
      @Reference Relay relay,
      @Reference ByteSource source,
      @Reference ByteSink sink) {
    this.all = List.of(channel, listener, relay, source, sink);
  }

  @Override
  public String toString() {
    return all.toString();
  }
}
