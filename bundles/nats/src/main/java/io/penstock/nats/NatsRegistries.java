// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import io.penstock.nats.impl.link.LinkSettings;
import io.penstock.nats.impl.registry.NatsRegistry;
import io.penstock.remote.spi.Registry;
import io.penstock.remote.spi.RegistryFactory;
import io.penstock.remote.spi.RegistryListener;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.spi.Messages;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Registries on servers of NATS that have JetStream, {@code nats://HOST:PORT}. Entries are in the
 * stream {@code KV_penstock-endpoints}, which is made if it is not there. Signs of life are
 * messages that no server keeps.
 *
 * <p>In a container its service is registered by itself. Without OSGi, the endpoint {@code
 * remote:NAME?servers=nats://HOST:PORT} finds it where this jar is on the class path or the module
 * path.
 *
 * <p>Safe for use by any thread. Each registry has one connection, and a thread beside those of the
 * connection, until it is closed.
 */
@ProviderType
@Component(
    name = "io.penstock.nats.registry",
    service = RegistryFactory.class,
    property = RegistryFactory.SCHEME + "=nats")
public final class NatsRegistries implements RegistryFactory {
  private static final String NATS = "nats";
  private static final Set<String> SECRETS = Set.of("password", "token");

  /** Nothing is open. */
  @Activate
  public NatsRegistries() {}

  @Override
  public String scheme() {
    return NATS;
  }

  @Override
  public Registry open(String node, RegistrySettings settings, RegistryListener listener) {
    for (String key : settings.options().keySet()) {
      if (!key.equals("user") && !key.startsWith("tls.")) {
        throw new IllegalArgumentException(
            key + ": a registry of NATS does not know it; expected user or tls.*");
      }
    }
    for (String key : settings.secrets().keySet()) {
      if (!SECRETS.contains(key)) {
        throw new IllegalArgumentException(
            "." + key + ": a registry of NATS does not know it; expected .password or .token");
      }
    }
    boolean user = settings.options().containsKey("user");
    if (user != settings.secrets().containsKey("password")) {
      throw new IllegalArgumentException(
          (user ? "user" : ".password") + ": expected user and .password, or none of them");
    }
    if (user && settings.secrets().containsKey("token")) {
      throw new IllegalArgumentException(".token: expected user and .password, or .token");
    }
    LinkSettings link =
        new LinkSettings(
            LinkSettings.servers(settings.servers()), settings.options(), settings.secrets());
    if (settings.replicas() > NatsRegistry.MOST_REPLICAS) {
      throw Messages.refused(
          "replicas",
          Integer.toString(settings.replicas()),
          "a number from 1 to " + NatsRegistry.MOST_REPLICAS);
    }
    return new NatsRegistry(node, link, settings, listener);
  }
}
