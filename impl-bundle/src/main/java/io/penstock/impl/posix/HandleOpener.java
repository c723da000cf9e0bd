// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;

/** Makes drivers of descriptors that came from elsewhere. */
public interface HandleOpener {
  /** The option keys that it understands beside those that every kind does. */
  Set<String> optionKeys();

  /**
   * Makes a connection, a pipe's end, a file or a terminal a channel's driver.
   *
   * @param descriptor used up, unless a {@link io.penstock.error.HandleLimitException} or {@link
   *     io.penstock.error.NotSupportedException} is thrown
   */
  ChannelDriver channel(Descriptor descriptor, ChannelOptions options, ProviderContext context)
      throws IOException;

  /** What a channel of a descriptor is connected to, as far as it can be told. */
  Endpoint endpoint(Descriptor descriptor) throws IOException;

  /** Makes a bound socket a listener's driver; as {@link #channel}. */
  ListenerDriver listener(Descriptor descriptor, ChannelOptions options) throws IOException;
}
