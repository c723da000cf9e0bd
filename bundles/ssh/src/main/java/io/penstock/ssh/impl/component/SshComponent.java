// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.component;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.SshPolicy;
import io.penstock.ssh.impl.Stops;
import io.penstock.ssh.provider.SshProvider;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Provides {@code ssh:}, {@code ssh-listen:} and {@code ssh-forward-listen:}. */
@Component(
    name = "io.penstock.kind.ssh",
    service = ChannelProvider.class,
    property = {
      ChannelProvider.SCHEME + "=ssh",
      ChannelProvider.SCHEME + "=ssh-listen",
      ChannelProvider.SCHEME + "=ssh-forward-listen"
    })
public final class SshComponent implements ChannelProvider {
  private static final Logger LOG = Messages.log("ssh");

  /** They end at once, unless a peer or a look-up holds one of them. */
  private static final Duration STOPPING = Duration.ofSeconds(2);

  private final SshProvider provider = new SshProvider();

  /** A policy has come. */
  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addPolicy(SshPolicy policy, Map<String, Object> properties) {
    if (properties.get(SshPolicy.NAME) instanceof String name) {
      provider.addPolicy(name, policy);
    }
  }

  /** A policy has gone. */
  void removePolicy(SshPolicy policy, Map<String, Object> properties) {
    if (properties.get(SshPolicy.NAME) instanceof String name) {
      provider.removePolicy(name, policy);
    }
  }

  @Override
  public Set<String> schemes() {
    return provider.schemes();
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return provider.optionKeys(scheme);
  }

  @Override
  public Set<String> requestKeys(String scheme) {
    return provider.requestKeys(scheme);
  }

  @Override
  public Set<String> secretKeys(String scheme) {
    return provider.secretKeys(scheme);
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    provider.check(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    return provider.connect(endpoint, options, context);
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    return provider.listen(endpoint, options, context);
  }

  /**
   * Cuts connections that are shared and persist without channels, and waits for the library's
   * threads, whose classes go with this bundle. Whatever was made has been aborted by now.
   */
  @Deactivate
  public void stop() {
    provider.close();
    try {
      if (!Stops.await(STOPPING)) {
        LOG.log(Level.DEBUG, "threads of SSH are left after {0}", STOPPING);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
