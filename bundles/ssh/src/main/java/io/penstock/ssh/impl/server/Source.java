// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where connections come from, as limits count it: an address of IPv4, or the first 64 bits of one
 * of IPv6, of which a single machine has as many as it likes.
 *
 * @param text for logs
 */
record Source(String text) {
  private static final int NETWORK = 8;

  /** Of a peer; null where peers have no address, such as on a Unix socket. */
  static @Nullable Source of(@Nullable SocketAddress peer) {
    return peer instanceof InetSocketAddress inet && inet.getAddress() != null
        ? of(inet.getAddress())
        : null;
  }

  static Source of(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length <= Integer.BYTES) {
      return new Source(address.getHostAddress());
    }
    Arrays.fill(bytes, NETWORK, bytes.length, (byte) 0);
    try {
      return new Source(
          InetAddress.getByAddress(bytes).getHostAddress() + "/" + NETWORK * Byte.SIZE);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("sixteen bytes are an address", e);
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
