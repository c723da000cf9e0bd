// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import io.penstock.spi.Messages;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where the servers are, and how a client logs in. Two are equal if everything is, secrets
 * included.
 *
 * @param servers such as {@code nats://a:4222}
 * @param options {@code user}, {@code tls.*}
 * @param secrets {@code password}, {@code token}
 * @param ordered whether the first server is tried first; else any of them
 */
public record LinkSettings(
    List<String> servers,
    Map<String, String> options,
    Map<String, String> secrets,
    boolean ordered) {
  private static final int PORT = 4222;

  /** Takes copies. */
  public LinkSettings {
    servers = List.copyOf(servers);
    options = Map.copyOf(options);
    secrets = Map.copyOf(secrets);
  }

  /** Servers any of which is tried first. */
  public LinkSettings(
      List<String> servers, Map<String, String> options, Map<String, String> secrets) {
    this(servers, options, secrets, false);
  }

  /** The same servers, of which one is tried first. */
  public LinkSettings from(int first) {
    List<String> turned = new ArrayList<>(servers);
    Collections.rotate(turned, -first);
    return new LinkSettings(turned, options, secrets, true);
  }

  /** Whether they are the same but for which server is tried first. */
  public boolean isLike(LinkSettings that) {
    return Set.copyOf(servers).equals(Set.copyOf(that.servers))
        && options.equals(that.options)
        && secrets.equals(that.secrets);
  }

  /**
   * Reads the addresses of servers.
   *
   * @param addresses such as {@code nats://a:4222}, {@code nats:a} or {@code a:4222}
   * @throws IllegalArgumentException if one has another form; the message has no secret
   */
  public static List<String> servers(List<String> addresses) {
    List<String> all = new ArrayList<>();
    for (String each : addresses) {
      String rest = each.strip().replaceFirst("^nats:", "").replaceFirst("^//", "");
      if (rest.contains("@")) {
        throw new IllegalArgumentException(
            "servers: an address has a login in it; give user and .password, or .token");
      }
      try {
        URI uri = new URI("nats://" + rest);
        if (uri.getHost() == null || !rest.equals(uri.getRawAuthority())) {
          throw Messages.refused("servers", each, "nats://HOST:PORT");
        }
        int port = uri.getPort() < 0 ? PORT : uri.getPort();
        all.add("nats://" + uri.getHost() + ":" + port);
      } catch (URISyntaxException e) {
        throw Messages.refused("servers", each, "nats://HOST:PORT");
      }
    }
    return all;
  }

  /** The servers, for errors and the log. */
  public String shown() {
    return String.join(",", servers);
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  @Override
  public boolean equals(Object other) {
    return other instanceof LinkSettings that
        && servers.equals(that.servers)
        && options.equals(that.options)
        && secrets.equals(that.secrets)
        && ordered == that.ordered;
  }

  @Override
  public int hashCode() {
    return servers.hashCode();
  }

  /** {@return the servers, and the keys of the rest} */
  @Override
  public String toString() {
    return servers + " " + new TreeMap<>(options).keySet() + " " + new TreeMap<>(secrets).keySet();
  }
}
