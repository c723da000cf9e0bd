// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import io.penstock.channel.Endpoint;
import io.penstock.spi.Messages;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * How something bound is published: what its service properties say, beside where it is bound. Safe
 * for use by any thread; nothing blocks.
 */
@ProviderType
public final class Advertised {
  /** Service property: whether it is published; {@code true} or {@code false}. */
  public static final String REMOTE = "penstock.remote";

  /** Service property: the host, or host and port, where other containers reach it. */
  public static final String ADVERTISE = "penstock.advertise";

  /** Service property: of several with one name the highest is tried first; a number, default 0. */
  public static final String RANK = "penstock.rank";

  /** Service property: {@code KEY=VALUE}, separated by commas. */
  public static final String TAGS = "penstock.tags";

  private static final Set<String> WILDCARDS =
      Set.of("", "*", "0.0.0.0", "[::]", "[0:0:0:0:0:0:0:0]");

  private Advertised() {}

  /**
   * Where other containers connect to.
   *
   * @param bound with the real port; or an endpoint that is connected to, which stays as it is
   * @param properties of its service
   * @return without options
   * @throws IllegalArgumentException if it cannot be published so; the message names the property
   *     and what is expected
   */
  public static Endpoint endpoint(Endpoint bound, Map<String, ?> properties) {
    return endpoint(bound, text(properties.get(ADVERTISE)));
  }

  /**
   * Its rank.
   *
   * @param properties of its service
   * @return 0 if none is given
   * @throws IllegalArgumentException if it is no number
   */
  public static int rank(Map<String, ?> properties) {
    return rank(text(properties.get(RANK)));
  }

  /**
   * Its tags.
   *
   * @param properties of its service
   * @return a copy, perhaps empty
   * @throws IllegalArgumentException if they are not as {@link #TAGS} says
   */
  public static Map<String, String> tags(Map<String, ?> properties) {
    return tags(text(properties.get(TAGS)));
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString().strip();
  }

  private static Endpoint endpoint(Endpoint bound, String advertise) {
    String scheme = bound.scheme().replaceFirst("-listen$", "");
    if (!RemoteEntry.SCHEMES.contains(scheme)) {
      throw new IllegalArgumentException(
          "remote: "
              + bound.scheme()
              + ": cannot be published; expected tcp-listen, tls-listen, ssh-listen or unix-listen");
    }
    if (!bound.address().startsWith("//")) {
      if (!advertise.isEmpty()) {
        throw Messages.refused(
            "advertise", advertise, "nothing, because " + bound.scheme() + ": has no host");
      }
      return Endpoint.parse(scheme + ":").withAddress(bound.address());
    }
    String authority = bound.address().substring(2);
    int colon = authority.lastIndexOf(':');
    String host = authority.substring(0, colon);
    String port = authority.substring(colon + 1);
    if (advertise.isEmpty() && WILDCARDS.contains(host)) {
      throw new IllegalArgumentException(
          "advertise: it is not given, and "
              + bound.name()
              + " is bound to every address; expected HOST:PORT, where other containers reach it");
    }
    String reached = advertise.isEmpty() ? host + ":" + port : withPort(advertise, port);
    int at = reached.lastIndexOf(':');
    try {
      Endpoint checked =
          Endpoint.tcp(reached.substring(0, at), Integer.parseInt(reached.substring(at + 1)));
      if (WILDCARDS.contains(reached.substring(0, at)) || reached.endsWith(":0")) {
        throw new IllegalArgumentException("expected a host and a port that can be connected to");
      }
      return Endpoint.parse(scheme + ":").withAddress(checked.address());
    } catch (IllegalArgumentException e) {
      throw Messages.refused("advertise", advertise, "HOST:PORT, or HOST for the bound port");
    }
  }

  private static String withPort(String advertise, String port) {
    boolean bare = advertise.indexOf(':') < 0 || advertise.endsWith("]");
    return bare ? advertise + ":" + port : advertise;
  }

  private static int rank(String text) {
    try {
      return text.isEmpty() ? 0 : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw Messages.refused("rank", text, "a number");
    }
  }

  private static Map<String, String> tags(String text) {
    Map<String, String> tags = new LinkedHashMap<>();
    for (String each : text.split(",", -1)) {
      if (each.isBlank()) {
        continue;
      }
      int equals = each.indexOf('=');
      if (equals < 1
          || tags.putIfAbsent(each.substring(0, equals).strip(), each.substring(equals + 1).strip())
              != null) {
        throw Messages.refused("tags", text, "KEY=VALUE, separated by commas, each key once");
      }
    }
    return tags;
  }
}
