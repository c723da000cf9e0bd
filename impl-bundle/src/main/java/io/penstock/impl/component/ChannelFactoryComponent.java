// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.channel.Channels;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.SortedSet;
import org.osgi.service.component.ComponentContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ServiceScope;

/** Each bundle's own factory of channels and listeners. */
@Component(
    name = "io.penstock.ChannelFactory",
    service = ChannelFactory.class,
    scope = ServiceScope.BUNDLE)
public final class ChannelFactoryComponent implements ChannelFactory {
  private final Channels channels;

  /**
   * What is made belongs to the bundle that uses this.
   *
   * @param context tells which bundle that is
   * @param engine lends threads
   * @param providers know the kinds
   */
  @Activate
  public ChannelFactoryComponent(
      ComponentContext context,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    this.channels = providers.channels(engine.scope(context.getUsingBundle()));
  }

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
  public SortedSet<String> schemes() {
    return channels.schemes();
  }
}
