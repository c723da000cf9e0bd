// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Looks names up. May wait, and is called only where that holds nobody up. */
@FunctionalInterface
public interface Resolver {
  /**
   * The addresses of a host, the best first.
   *
   * @param host a name or an address, without brackets
   * @return at least one
   * @throws UnknownHostException if it has none
   */
  List<InetAddress> resolve(String host) throws UnknownHostException;

  /** Asks the system, in whose order {@code java.net.preferIPv6Addresses} has a say. */
  static Resolver system() {
    return host -> List.of(InetAddress.getAllByName(host));
  }
}
