// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import io.penstock.remote.Connector;
import io.penstock.remote.impl.provider.RemoteKind;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;

/** The service of one entry: each bundle gets one whose channels are its own. */
record ConnectorService(RemoteEntry entry) implements ServiceFactory<Connector> {
  /** Its service properties. */
  Dictionary<String, Object> properties() {
    Map<String, Object> properties = new HashMap<>();
    entry.tags().forEach((key, value) -> properties.put(Connector.TAG + key, value));
    properties.put(Channel.NAME, entry.name());
    properties.put(Channel.KIND, entry.endpoint().scheme());
    properties.put(Channel.ENDPOINT, entry.endpoint().anonymous().toString());
    properties.put(Connector.NODE, entry.node());
    properties.put(Constants.SERVICE_RANKING, entry.rank());
    return FrameworkUtil.asDictionary(properties);
  }

  @Override
  public Connector getService(Bundle bundle, ServiceRegistration<Connector> registration) {
    return new Own(bundle, entry);
  }

  @Override
  public void ungetService(
      Bundle bundle, ServiceRegistration<Connector> registration, Connector service) {
    ((Own) service).release();
  }

  private static final class Own implements Connector {
    private final BundleContext context;
    private final RemoteEntry entry;
    private final @Nullable ServiceReference<ChannelFactory> reference;

    Own(Bundle bundle, RemoteEntry entry) {
      this.context = bundle.getBundleContext();
      this.entry = entry;
      // In the name of the bundle, so that what it connects is closed when it stops.
      this.reference = context.getServiceReference(ChannelFactory.class);
    }

    void release() {
      if (reference != null) {
        try {
          boolean unused = context.ungetService(reference);
        } catch (IllegalStateException e) {
          // The bundle has stopped: the framework has let it go.
          return;
        }
      }
    }

    private ChannelFactory channels() throws IOException {
      ChannelFactory channels = reference == null ? null : context.getService(reference);
      if (channels == null) {
        throw new NotSupportedException(
            entry.name(), "connecting", "start the bundle io.penstock.impl");
      }
      return channels;
    }

    private Endpoint remote() {
      return Endpoint.parse(RemoteKind.SCHEME_NAME + ":")
          .withAddress(entry.name())
          .withOption("provider", entry.key());
    }

    @Override
    public String name() {
      return entry.name();
    }

    @Override
    public Endpoint endpoint() {
      return entry.endpoint();
    }

    @Override
    public Map<String, String> tags() {
      return entry.tags();
    }

    @Override
    public Channel connect(ChannelOptions options) throws IOException {
      return channels().connect(remote(), options);
    }

    @Override
    public Channel open(ChannelOptions options, Wait wait) throws IOException {
      return channels().open(remote(), options, wait);
    }

    @Override
    public String toString() {
      return entry.toString();
    }
  }
}
