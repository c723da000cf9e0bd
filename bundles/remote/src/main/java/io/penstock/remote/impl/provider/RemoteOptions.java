// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.provider;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.spi.Messages;
import io.penstock.spi.SecretFile;
import io.penstock.stream.Units;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What an endpoint {@code remote:NAME} says.
 *
 * @param name of the providers
 * @param tags that a provider must have
 * @param provider the only one to be used; empty for any
 * @param servers a registry of its own; empty for the configured one
 * @param kinds the options that are for the kind of the provider
 */
public record RemoteOptions(
    String name,
    Map<String, String> tags,
    String provider,
    Optional<RegistrySettings> servers,
    Set<String> kinds) {
  /** What stands before the name of a tag. */
  public static final String TAG = "tag.";

  /** What stands before a key of the registry that the endpoint names. */
  static final String REGISTRY = "registry.";

  static final String PROVIDER = "provider";
  static final String SERVERS = "servers";
  static final String SESSION = "session";
  static final Set<String> KEYS = Set.of(TAG, REGISTRY, PROVIDER, SERVERS, SESSION);

  /** Registries that nobody logs in to. */
  private static final Set<String> OPEN = Set.of("static", "memory");

  private static final List<String> SECRETS = List.of("password", "token");

  private static final Pattern PASSWORD = Pattern.compile("//[^/@]*:[^/@]*@");
  private static final Duration LEAST_SESSION = Duration.ofSeconds(1);

  static RemoteOptions of(Endpoint endpoint, ChannelOptions options) throws AddressException {
    String name = endpoint.address();
    if (name.isEmpty() || name.startsWith("//")) {
      throw new AddressException(
          AddressException.Kind.INVALID,
          endpoint.name(),
          "expected the name of a published endpoint, as in remote:orders",
          null);
    }
    Map<String, String> tags = new TreeMap<>();
    Map<String, String> registry = new TreeMap<>();
    Set<String> kinds = new java.util.TreeSet<>();
    options
        .extra()
        .forEach(
            (key, value) -> {
              if (key.startsWith(TAG)) {
                tags.put(key.substring(TAG.length()), value);
              } else if (key.startsWith(REGISTRY)) {
                registry.put(key.substring(REGISTRY.length()), value);
              } else if (!KEYS.contains(key)) {
                kinds.add(key);
              }
            });
    String servers = options.extra().getOrDefault(SERVERS, "");
    String session = options.extra().getOrDefault(SESSION, "");
    if (servers.isBlank() && !session.isBlank()) {
      throw withoutServers(SESSION);
    }
    if (!registry.isEmpty()) {
      checkLogin(registry, servers);
    }
    return new RemoteOptions(
        name,
        Map.copyOf(tags),
        options.extra().getOrDefault(PROVIDER, ""),
        servers.isBlank()
            ? Optional.empty()
            : Optional.of(
                new RegistrySettings(
                    servers(servers),
                    session(session.isBlank() ? "3s" : session),
                    1,
                    registry,
                    Map.of())),
        Set.copyOf(kinds));
  }

  private static IllegalArgumentException withoutServers(String key) {
    return new IllegalArgumentException(
        key
            + ": it has no effect without servers; the configuration io.penstock.Remote has one of"
            + " its own");
  }

  private static void checkLogin(Map<String, String> registry, String servers) {
    String first = REGISTRY + registry.keySet().iterator().next();
    if (servers.isBlank()) {
      throw withoutServers(first);
    }
    String scheme = scheme(servers(servers).get(0));
    if (OPEN.contains(scheme)) {
      throw new IllegalArgumentException(
          first + ": it has no effect on a registry of the kind " + scheme);
    }
    for (String secret : SECRETS) {
      if (registry.containsKey(secret)) {
        throw new IllegalArgumentException(
            REGISTRY + secret + ": expected a file with it, as " + REGISTRY + secret + "File");
      }
    }
    if (registry.containsKey("user") != registry.containsKey("passwordFile")) {
      throw new IllegalArgumentException(
          first + ": expected registry.user and registry.passwordFile, or none of them");
    }
  }

  /**
   * A registry that an endpoint names, with the secrets that files have; waits for the disk.
   *
   * @throws AddressException if a file cannot be read; the message has no secret
   */
  static RegistrySettings withSecrets(RegistrySettings named, String shown)
      throws AddressException {
    Map<String, String> options = new TreeMap<>(named.options());
    Map<String, String> secrets = new TreeMap<>(named.secrets());
    for (String secret : SECRETS) {
      String file = options.remove(secret + "File");
      if (file != null) {
        try {
          secrets.put(secret, SecretFile.read(REGISTRY + secret + "File", file));
        } catch (IOException e) {
          throw new AddressException(
              AddressException.Kind.ACCESS, shown, String.valueOf(e.getMessage()), e);
        }
      }
    }
    return new RegistrySettings(
        named.servers(), named.session(), named.replicas(), options, secrets);
  }

  /** Reads addresses of servers, separated by commas; all have the scheme of the first. */
  public static List<String> servers(String text) {
    List<String> servers = new ArrayList<>();
    for (String each : text.split(",", -1)) {
      if (!each.isBlank()) {
        servers.add(each.strip());
      }
    }
    if (servers.isEmpty()) {
      throw new IllegalArgumentException(
          "servers: there are none; expected such as nats://localhost:4222 or"
              + " static:NAME=ENDPOINT");
    }
    String scheme = scheme(servers.get(0));
    for (String each : servers) {
      if (PASSWORD.matcher(each).find()) {
        throw new IllegalArgumentException(
            "servers: an address has a password in it; expected it as .password of"
                + " io.penstock.Remote");
      }
      // Further ones of a list may leave its scheme out.
      if (!scheme.equals("static") && !scheme(each).equals(scheme)) {
        throw new IllegalArgumentException(
            "servers: one is of "
                + scheme
                + ": and one of "
                + scheme(each)
                + ":; expected one kind");
      }
    }
    return List.copyOf(servers);
  }

  /** The kind of a registry. */
  public static String scheme(String server) {
    int colon = server.indexOf(':');
    if (colon < 1 || !server.substring(0, colon).matches("[a-z][a-z0-9+-]*")) {
      // Not shown: it may have a password in it.
      throw new IllegalArgumentException(
          "servers: one of them has no scheme; expected such as nats://localhost:4222 or"
              + " static:NAME=ENDPOINT");
    }
    return server.substring(0, colon);
  }

  /** Reads how long a container may be silent. */
  public static Duration session(String text) {
    Duration session = Units.duration(text);
    if (session.compareTo(LEAST_SESSION) < 0) {
      throw Messages.refused("session", text, "a duration of 1s or more");
    }
    return session;
  }

  // Written out as in RemoteEntry.
  @Override
  public boolean equals(Object other) {
    return other instanceof RemoteOptions that
        && name.equals(that.name)
        && tags.equals(that.tags)
        && provider.equals(that.provider)
        && servers.equals(that.servers)
        && kinds.equals(that.kinds);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }
}
