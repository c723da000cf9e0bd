// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.ssh.impl.Given;
import io.penstock.ssh.impl.Where;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/**
 * An address that one side names and the other side connects to or listens at.
 *
 * @param unix whether it is a Unix socket
 * @param name the host, or the path
 * @param port 0 for a Unix socket, or for one that the system chooses
 */
public record Target(boolean unix, String name, int port) {
  private static final String UNIX = "unix:";

  /**
   * An address of TCP.
   *
   * @throws IllegalArgumentException if there is no such port
   */
  public static Target tcp(String host, long port) {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("the port is " + port + ", expected 0 to 65535");
    }
    return new Target(false, host, (int) port);
  }

  /** A Unix socket. */
  public static Target unix(String path) {
    return new Target(true, path, 0);
  }

  /**
   * Reads {@code HOST:PORT} or {@code unix:PATH}.
   *
   * @param key the option, for errors
   */
  public static Target parse(String key, String value) {
    if (value.startsWith(UNIX) && value.length() > UNIX.length()) {
      return unix(value.substring(UNIX.length()));
    }
    int colon = value.lastIndexOf(':');
    String port = value.substring(colon + 1);
    if (colon < 1 || !port.matches("\\d{1,5}") || Integer.parseInt(port) > 65535) {
      throw Given.refused(key, value, "HOST:PORT or unix:PATH");
    }
    return tcp(bare(value.substring(0, colon)), Integer.parseInt(port));
  }

  /** A host without the brackets of an address of IPv6. */
  static String bare(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /**
   * The same for programs.
   *
   * @return of TCP unresolved
   * @throws IllegalArgumentException if it is no path of this system
   */
  public SocketAddress address() {
    return unix ? UnixDomainSocketAddress.of(name) : InetSocketAddress.createUnresolved(name, port);
  }

  /** As an option has it. */
  @Override
  public String toString() {
    return unix ? UNIX + name : Where.text(name, port);
  }
}
