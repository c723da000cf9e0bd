// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;

/** What the address of an endpoint must be, whatever its kind. */
final class Written {
  private Written() {}

  /**
   * Refuses what no system can hold: a NUL ends a name there, and half a character has no bytes.
   *
   * @throws AddressException of the kind invalid
   */
  static void check(Endpoint endpoint) throws AddressException {
    String address = endpoint.address();
    for (int i = 0; i < address.length(); i++) {
      char c = address.charAt(i);
      if (c == 0) {
        throw invalid(endpoint, "a NUL");
      }
      if (Character.isSurrogate(c)) {
        boolean whole =
            i + 1 < address.length() && Character.isSurrogatePair(c, address.charAt(i + 1));
        if (!whole) {
          throw invalid(endpoint, "half a character (a lone surrogate)");
        }
        i++;
      }
    }
  }

  private static AddressException invalid(Endpoint endpoint, String found) {
    return new AddressException(
        Kind.INVALID,
        endpoint.anonymous().toString(),
        "there is " + found + " in it, which no address can have",
        null);
  }
}
