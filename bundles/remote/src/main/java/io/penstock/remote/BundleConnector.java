// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * A connector whose channels belong to one bundle, and are closed when that stops. Safe for use by
 * any thread.
 */
@ProviderType
public final class BundleConnector implements Connector, AutoCloseable {
  private final BundleContext context;
  private final String name;
  private final Endpoint endpoint;
  private final Map<String, String> tags;
  private final Endpoint target;
  private final @Nullable ServiceReference<ChannelFactory> reference;

  /**
   * Connects to an entry of the registry: when that goes, its channels end as {@code onRemoved} of
   * the configuration says.
   *
   * @param context of the bundle that has it
   * @param entry as the registry has told it
   */
  public BundleConnector(BundleContext context, RemoteEntry entry) {
    this(
        context,
        entry.name(),
        entry.endpoint(),
        entry.tags(),
        Endpoint.parse("remote:").withAddress(entry.name()).withOption("provider", entry.key()));
  }

  /**
   * Connects to an endpoint of which no registry knows.
   *
   * @param context of the bundle that has it
   * @param name under which it is published
   * @param endpoint to connect to
   * @param tags what it is chosen by
   */
  public BundleConnector(
      BundleContext context, String name, Endpoint endpoint, Map<String, String> tags) {
    this(context, name, endpoint, tags, endpoint);
  }

  private BundleConnector(
      BundleContext context,
      String name,
      Endpoint endpoint,
      Map<String, String> tags,
      Endpoint target) {
    this.context = context;
    this.name = name;
    this.endpoint = endpoint;
    this.tags = Map.copyOf(tags);
    this.target = target;
    // In the name of the bundle, so that what it connects is closed when it stops.
    this.reference = context.getServiceReference(ChannelFactory.class);
  }

  /** Lets the service of channels go. Its channels stay. Idempotent. */
  @Override
  public void close() {
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
      throw new NotSupportedException(name, "connecting", "start the bundle io.penstock.impl");
    }
    return channels;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public Map<String, String> tags() {
    return tags;
  }

  @Override
  public Channel connect(ChannelOptions options) throws IOException {
    return channels().connect(target, options);
  }

  @Override
  public Channel open(ChannelOptions options, Wait wait) throws IOException {
    return channels().open(target, options, wait);
  }

  @Override
  public String toString() {
    return name + " at " + endpoint.anonymous();
  }
}
