// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Where a registry is, and how it is used. Immutable. Two are equal if everything is, secrets
 * included.
 */
@ProviderType
public final class RegistrySettings {
  private final List<String> servers;
  private final Duration session;
  private final int replicas;
  private final Map<String, String> options;
  private final Map<String, String> secrets;

  /**
   * Takes the values of a configuration.
   *
   * @param servers addresses, all of one scheme; at least one
   * @param session how long a node may be silent before it counts as dead; at least 1 s
   * @param replicas on how many servers entries are kept, where the registry has several; 1 or more
   * @param options the other keys, such as {@code tls.trust}
   * @param secrets the keys that begin with a dot, without the dot, such as {@code token}
   */
  public RegistrySettings(
      List<String> servers,
      Duration session,
      int replicas,
      Map<String, String> options,
      Map<String, String> secrets) {
    this.servers = List.copyOf(servers);
    this.session = session;
    this.replicas = replicas;
    this.options = Map.copyOf(options);
    this.secrets = Map.copyOf(secrets);
  }

  /**
   * The addresses of the servers.
   *
   * @return such as {@code nats://a:4222}; at least one
   */
  public List<String> servers() {
    return servers;
  }

  /**
   * How long a node may be silent. Its beats come four times as often.
   *
   * @return at least 1 s
   */
  public Duration session() {
    return session;
  }

  /**
   * On how many servers entries are kept.
   *
   * @return 1 or more
   */
  public int replicas() {
    return replicas;
  }

  /**
   * Keys that only some registries know.
   *
   * @return without the common ones
   */
  public Map<String, String> options() {
    return options;
  }

  /**
   * What must not be shown.
   *
   * @return by key, without the dot
   */
  public Map<String, String> secrets() {
    return secrets;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RegistrySettings that && parts().equals(that.parts());
  }

  @Override
  public int hashCode() {
    return servers.hashCode();
  }

  private List<Object> parts() {
    return List.of(servers, session, replicas, options, secrets);
  }

  /** {@return the servers, and the keys of the rest} */
  @Override
  public String toString() {
    return servers + " " + new TreeMap<>(options).keySet() + " " + new TreeMap<>(secrets).keySet();
  }
}
