// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

import io.penstock.channel.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;

/**
 * Where a server listens, in the words of the load generator: {@code tcp:PORT}, on the loopback
 * interface, {@code unix:PATH}, or {@code pipes:PATH} for two FIFOs, of which the server reads
 * {@code PATH.in} and writes {@code PATH.out}.
 */
public record Address(String text) {
  private static final String TCP = "tcp:";
  private static final String UNIX = "unix:";
  private static final String PIPES = "pipes:";

  /** Refuses what is none of them. */
  public Address {
    if (!text.startsWith(TCP) && !text.startsWith(UNIX) && !text.startsWith(PIPES)) {
      throw new IllegalArgumentException(
          "the address is '" + text + "', expected tcp:PORT, unix:PATH or pipes:PATH");
    }
  }

  boolean pipes() {
    return text.startsWith(PIPES);
  }

  boolean unix() {
    return text.startsWith(UNIX);
  }

  String path() {
    return text.substring(text.indexOf(':') + 1);
  }

  /** Of TCP. */
  public int port() {
    return Integer.parseInt(text.substring(TCP.length()));
  }

  StandardProtocolFamily family() {
    return unix() ? StandardProtocolFamily.UNIX : StandardProtocolFamily.INET;
  }

  /** Of a socket, not of pipes. */
  public SocketAddress socketAddress() {
    return unix()
        ? UnixDomainSocketAddress.of(path())
        : new InetSocketAddress(InetAddress.getLoopbackAddress(), port());
  }

  /** The same with the port that the system has given. */
  Address bound(SocketAddress local) {
    return local instanceof InetSocketAddress inet ? new Address(TCP + inet.getPort()) : this;
  }

  Endpoint listening(String scheme) {
    return Endpoint.parse(
        unix() ? "unix-listen:" + path() : scheme + "-listen://127.0.0.1:" + port());
  }

  /**
   * Of a client.
   *
   * @param scheme if it is no Unix socket
   */
  public Endpoint connecting(String scheme) {
    return Endpoint.parse(unix() ? "unix:" + path() : scheme + "://127.0.0.1:" + port());
  }
}
