// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone.shared;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.HandleFactory;
import io.penstock.channel.Listener;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.SortedSet;

/** The channels that {@link java.util.ServiceLoader} finds. Each belongs to its caller. */
public final class SharedChannels implements ChannelFactory {
  private final ChannelFactory channels = Shared.PENSTOCK.channels();

  /** For {@link java.util.ServiceLoader}. */
  public SharedChannels() {}

  @Override
  public Channel connect(Endpoint endpoint, ChannelOptions options) throws IOException {
    return channels.connect(endpoint, options);
  }

  @Override
  public Channel open(Endpoint endpoint, ChannelOptions options, Wait wait) throws IOException {
    return channels.open(endpoint, options, wait);
  }

  @Override
  public Listener listen(Endpoint endpoint, ChannelOptions options) throws IOException {
    return channels.listen(endpoint, options);
  }

  @Override
  public Channel over(Channel below, Endpoint endpoint, ChannelOptions options) throws IOException {
    return channels.over(below, endpoint, options);
  }

  @Override
  public ChannelPair pair(ChannelOptions options) {
    return channels.pair(options);
  }

  @Override
  public HandleFactory handles() {
    return channels.handles();
  }

  @Override
  public SortedSet<String> schemes() {
    return channels.schemes();
  }

  @Override
  public String nativeMode() {
    return channels.nativeMode();
  }
}
