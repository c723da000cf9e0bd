// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import io.penstock.channel.Endpoint;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One published endpoint. Immutable. A registry keeps one entry for each pair of a node and a
 * number; a later one of the same pair takes the place of the earlier one, and has its name.
 *
 * @param node the container that publishes it, for one run: a restarted container is another node;
 *     1 to 64 letters, digits, hyphens and underscores
 * @param id its number within the node, 0 or more
 * @param name by which it is found: 1 to 200 characters, none of them a control character, a space
 *     or an asterisk
 * @param endpoint to connect to: of the scheme {@code tcp}, {@code tls}, {@code ssh} or {@code
 *     unix}, and without options, because they come from another machine
 * @param rank of several with one name the highest is tried first
 * @param tags by which one of several is chosen; each name and value has 1 to 200 characters
 * @param properties more to tell, such as service properties of the published object; not used to
 *     find it
 */
@ProviderType
public record RemoteEntry(
    String node,
    long id,
    String name,
    Endpoint endpoint,
    int rank,
    Map<String, String> tags,
    Map<String, String> properties) {
  /**
   * A service property of what a bundle publishes for itself in other containers, with that
   * bundle's name. The service, of whatever type, has {@code penstock.remote=true}, a name, and an
   * endpoint to connect to. In the other containers it is not a service {@code Connector} but this
   * entry is a service, with the same property. The properties that begin with {@code endpoint.} go
   * with it.
   */
  public static final String IMPORTER = "penstock.importer";

  /** The schemes of endpoints that can be published. */
  public static final Set<String> SCHEMES = Set.of("tcp", "tls", "ssh", "unix");

  private static final Pattern NODE = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\p{Z}*]{1,200}");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_.-]{1,200}");
  private static final Pattern VALUE = Pattern.compile("[^\\p{Cntrl}]{1,200}");

  /**
   * Checks the parts: they may have come from elsewhere.
   *
   * @param node the container that publishes it, for one run: a restarted container is another
   *     node; 1 to 64 letters, digits, hyphens and underscores
   * @param id its number within the node, 0 or more
   * @param name by which it is found: 1 to 200 characters, none of them a control character, a
   *     space or an asterisk
   * @param endpoint to connect to: of the scheme {@code tcp}, {@code tls}, {@code ssh} or {@code
   *     unix}, and without options, because they come from another machine
   * @param rank of several with one name the highest is tried first
   * @param tags by which one of several is chosen; each name and value has 1 to 200 characters
   * @param properties more to tell, such as service properties of the published object; not used to
   *     find it
   * @throws IllegalArgumentException if one of them is not as the parameters say; the message names
   *     it
   */
  public RemoteEntry {
    expect(NODE.matcher(node).matches(), "node", node, "1 to 64 letters, digits, - and _");
    expect(id >= 0, "id", Long.toString(id), "0 or more");
    expect(
        NAME.matcher(name).matches(),
        "name",
        name,
        "1 to 200 characters, without spaces, asterisks and control characters");
    expect(
        SCHEMES.contains(endpoint.scheme()),
        "endpoint",
        endpoint.name(),
        "one of the schemes " + String.join(", ", List.of("tcp", "tls", "ssh", "unix")));
    expect(
        endpoint.options().isEmpty(),
        "endpoint",
        endpoint.name(),
        "one without options; those that connect give their own");
    tags = Map.copyOf(tags);
    properties = Map.copyOf(properties);
    tags.forEach(
        (key, value) -> {
          expect(TAG.matcher(key).matches(), "tag", key, "1 to 200 letters, digits, ., - and _");
          expect(
              VALUE.matcher(value).matches(),
              "tag " + key,
              value,
              "1 to 200 characters, none of them a control character");
        });
  }

  private static void expect(boolean holds, String part, String value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          part + ": '" + value + "' cannot be published; expected " + expected);
    }
  }

  /**
   * Which place in the registry it takes.
   *
   * @return the same for two entries of which one takes the place of the other
   */
  public String key() {
    return node + "/" + id;
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(node, id, name, endpoint, rank, tags, properties);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RemoteEntry that && parts().equals(that.parts());
  }

  @Override
  public int hashCode() {
    return parts().hashCode();
  }

  @Override
  public String toString() {
    return name + " at " + endpoint.anonymous() + " of " + node + " " + new TreeMap<>(tags);
  }
}
