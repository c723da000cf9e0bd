// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Given;
import io.penstock.stream.Units;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long a source of connections is refused for what its connections do, in the words of
 * OpenSSH's {@code PerSourcePenalties}.
 *
 * @param enabled whether any source is refused at all
 * @param failed for a connection that ends after a login was refused
 * @param silent for a connection that ends, and has not tried to log in
 * @param late for a connection that took too long
 * @param least the penalty from which a source is refused
 * @param most the largest penalty of a source
 * @param exempt patterns of the addresses that are never refused
 */
record PenaltyLimits(
    boolean enabled,
    Duration failed,
    Duration silent,
    Duration late,
    Duration least,
    Duration most,
    String exempt) {
  static final String KEY = "per-source-penalties";
  static final String EXEMPT_KEY = "per-source-penalty-exempt";

  private static final Map<String, String> DEFAULTS =
      Map.of("authfail", "5s", "noauth", "1s", "grace-exceeded", "10s", "min", "15s", "max", "10m");

  /** All clients that come through a tunnel or a proxy of this machine have its address. */
  private static final String LOOPBACK = "127.0.0.0/8,::1";

  /** Reads the options, and refuses what is not allowed. */
  static PenaltyLimits of(Given given) {
    String value = given.text(KEY).orElse("yes").strip();
    Map<String, String> words = new TreeMap<>(DEFAULTS);
    if (!value.equals("yes") && !value.equals("no")) {
      for (String each : given.list(KEY, "")) {
        int colon = each.indexOf(':');
        if (colon < 0
            || words.replace(each.substring(0, colon), each.substring(colon + 1)) == null) {
          throw Given.refused(
              KEY,
              each,
              "yes, no, or some of " + words.keySet() + " with a duration, as authfail:5s");
        }
      }
    }
    String exempt = given.text(EXEMPT_KEY).orElse(LOOPBACK).strip();
    if (!exempt.isEmpty()) {
      try {
        Addresses.check(exempt);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(EXEMPT_KEY + ": " + e.getMessage(), e);
      }
    }
    return new PenaltyLimits(
        !value.equals("no"),
        duration(words, "authfail"),
        duration(words, "noauth"),
        duration(words, "grace-exceeded"),
        duration(words, "min"),
        duration(words, "max"),
        exempt);
  }

  private static Duration duration(Map<String, String> words, String word) {
    try {
      return Units.duration(words.getOrDefault(word, ""));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(KEY + ": " + word + ": " + e.getMessage(), e);
    }
  }

  /** Whether an address is never refused. */
  boolean exempts(InetAddress address) {
    return !enabled || (!exempt.isEmpty() && Addresses.match(exempt, address));
  }
}
