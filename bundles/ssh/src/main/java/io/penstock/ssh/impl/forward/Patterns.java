// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.ssh.impl.Given;
import java.util.List;
import java.util.Set;

/**
 * Addresses that are permitted: {@code HOST:PORT}, where either may be an asterisk for any, {@code
 * unix:PATH} or {@code unix:*}. As with OpenSSH no name is looked up and nothing else stands for
 * anything. Immutable.
 */
public final class Patterns {
  private static final String ANY = "*";
  private static final int ANY_PORT = -1;
  private static final String LOCALHOST = "localhost";
  private static final Set<String> LOOPBACK = Set.of(LOCALHOST, "127.0.0.1", "::1");

  private record Pattern(boolean unix, String name, int port) {}

  private final List<Pattern> permitted;
  private final boolean loopback;

  private Patterns(List<Pattern> permitted, boolean loopback) {
    this.permitted = permitted;
    this.loopback = loopback;
  }

  /**
   * Reads a list that is joined by commas.
   *
   * @param loopback whether {@code localhost} also stands for the addresses of that interface
   * @return permits nothing if there is no such option
   */
  public static Patterns of(Given given, String key, boolean loopback) {
    return new Patterns(
        given.list(key, "").stream().map(each -> pattern(key, each)).toList(), loopback);
  }

  private static Pattern pattern(String key, String value) {
    if (value.startsWith("unix:") || !value.endsWith(":" + ANY)) {
      Target exact = Target.parse(key, value);
      return new Pattern(exact.unix(), exact.name(), exact.port());
    }
    String host = Target.bare(value.substring(0, value.length() - 2));
    if (host.isEmpty()) {
      throw Given.refused(key, value, "HOST:PORT or unix:PATH, or an asterisk for one of them");
    }
    return new Pattern(false, host, ANY_PORT);
  }

  /** Whether an address is among them. */
  public boolean permit(Target target) {
    return permitted.stream().anyMatch(each -> matches(each, target));
  }

  private boolean matches(Pattern pattern, Target target) {
    return pattern.unix() == target.unix()
        && (pattern.unix()
            ? pattern.name().equals(ANY) || pattern.name().equals(target.name())
            : (pattern.port() == ANY_PORT || pattern.port() == target.port())
                && matchesHost(pattern.name(), target.name()));
  }

  private boolean matchesHost(String pattern, String host) {
    return pattern.equals(ANY)
        || pattern.equalsIgnoreCase(host)
        || (loopback && pattern.equalsIgnoreCase(LOCALHOST) && LOOPBACK.contains(host));
  }
}
