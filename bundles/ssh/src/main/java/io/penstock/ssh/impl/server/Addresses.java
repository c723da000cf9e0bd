// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.Glob;
import io.penstock.ssh.impl.Literal;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Patterns of addresses, as OpenSSH has them. No name is looked up. */
final class Addresses {
  private Addresses() {}

  /**
   * Refuses a list with a pattern that cannot match anything: peers that it is meant to keep out
   * would not be kept out.
   *
   * @throws IllegalArgumentException naming the pattern
   */
  static void check(String patterns) {
    for (String each : patterns.split(",", -1)) {
      String pattern = each.strip();
      boolean not = pattern.startsWith("!");
      if (not) {
        pattern = pattern.substring(1);
      }
      int slash = pattern.indexOf('/');
      boolean good;
      if (slash >= 0) {
        good = wellFormed(pattern.substring(0, slash), pattern.substring(slash + 1));
      } else {
        // A name matches nothing, so it may be among those that are let in.
        good =
            !not
                || network(pattern, "0") != null
                || pattern.matches("[\\dA-Fa-f.:]*[*?][\\dA-Fa-f.:*?]*");
      }
      if (!good) {
        throw new IllegalArgumentException(
            "'"
                + each.strip()
                + "' is neither an address, with * and ?, nor ADDRESS/BITS with as many bits as"
                + " it has, and none behind them");
      }
    }
  }

  /** Whether it is a network; as with OpenSSH, the bits after the prefix have to be zero. */
  private static boolean wellFormed(String text, String bits) {
    byte[] bytes = network(text, bits);
    if (bytes == null) {
      return false;
    }
    for (int bit = Integer.parseInt(bits); bit < bytes.length * 8; bit++) {
      if ((bytes[bit / 8] & 0x80 >> bit % 8) != 0) {
        return false;
      }
    }
    return true;
  }

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
    if (slash >= 0) {
      return within(pattern.substring(0, slash), pattern.substring(slash + 1), address);
    }
    // One address of IPv6 is written in many ways.
    byte[] whole = network(pattern, "0");
    return whole == null
        ? matches(pattern, text(address))
        : Arrays.equals(whole, address.getAddress());
  }

  /** Without the name of the interface that an address of IPv6 may have behind it. */
  private static String text(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }

  /** The bytes of a network's address; null if it is none, or has not so many bits. */
  private static byte @Nullable [] network(String text, String bits) {
    if (!Literal.is(text) || !bits.matches("\\d{1,3}")) {
      return null;
    }
    byte[] bytes;
    try {
      bytes = InetAddress.getByName(text).getAddress();
    } catch (UnknownHostException e) {
      return null;
    }
    return Integer.parseInt(bits) > bytes.length * 8 ? null : bytes;
  }

  private static boolean within(String network, String bits, InetAddress address) {
    byte[] wanted = network(network, bits);
    byte[] found = address.getAddress();
    if (wanted == null || wanted.length != found.length) {
      return false;
    }
    int left = Integer.parseInt(bits);
    int whole = left / 8;
    int mask = 0xff00 >> (left % 8) & 0xff;
    return Arrays.equals(wanted, 0, whole, found, 0, whole)
        && (mask == 0 || (wanted[whole] & mask) == (found[whole] & mask));
  }

  /** Whether a text matches a pattern, as {@link Glob} has it, in upper or lower case. */
  static boolean matches(String pattern, String text) {
    return Glob.matches(pattern.toLowerCase(Locale.ROOT), text.toLowerCase(Locale.ROOT));
  }
}
