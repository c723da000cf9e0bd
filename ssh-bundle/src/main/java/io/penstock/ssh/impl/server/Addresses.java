// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Locale;

/** Patterns of addresses, as OpenSSH has them. No name is looked up. */
final class Addresses {
  private Addresses() {}

  /**
   * Whether a list of patterns, separated by commas, has an address: with {@code *} and {@code ?},
   * as {@code ADDRESS/BITS}, or what must not be there with {@code !} before it.
   */
  static boolean match(String patterns, InetAddress address) {
    boolean found = false;
    for (String each : patterns.split(",", -1)) {
      String pattern = each.strip();
      boolean not = pattern.startsWith("!");
      if (not) {
        pattern = pattern.substring(1);
      }
      if (!pattern.isEmpty() && matches(pattern, address)) {
        if (not) {
          return false;
        }
        found = true;
      }
    }
    return found;
  }

  private static boolean matches(String pattern, InetAddress address) {
    int slash = pattern.indexOf('/');
    return slash < 0
        ? matches(pattern, text(address))
        : within(pattern.substring(0, slash), pattern.substring(slash + 1), address);
  }

  /** Without the name of the interface that an address of IPv6 may have behind it. */
  private static String text(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }

  private static boolean within(String network, String bits, InetAddress address) {
    // Only what is an address: a name would be looked up.
    if (!network.matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*") || !bits.matches("\\d{1,3}")) {
      return false;
    }
    byte[] wanted;
    try {
      wanted = InetAddress.getByName(network).getAddress();
    } catch (UnknownHostException e) {
      return false;
    }
    byte[] found = address.getAddress();
    int left = Integer.parseInt(bits);
    if (wanted.length != found.length || left > wanted.length * 8) {
      return false;
    }
    int whole = left / 8;
    int mask = 0xff00 >> (left % 8) & 0xff;
    return Arrays.equals(wanted, 0, whole, found, 0, whole)
        && (mask == 0 || (wanted[whole] & mask) == (found[whole] & mask));
  }

  /** Whether a text is of a pattern in which {@code *} is anything and {@code ?} one character. */
  static boolean matches(String pattern, String text) {
    return matches(pattern.toLowerCase(Locale.ROOT), 0, text.toLowerCase(Locale.ROOT), 0);
  }

  // The last star is tried again and again, further on each time: no exponential backtracking.
  private static boolean matches(String pattern, int p, String text, int t) {
    int star = -1;
    int mark = 0;
    while (t < text.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.length()
          && (pattern.charAt(p) == '?' || pattern.charAt(p) == text.charAt(t))) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++mark;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
