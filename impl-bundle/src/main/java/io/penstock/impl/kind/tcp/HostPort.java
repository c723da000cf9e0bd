// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A host and a port.
 *
 * @param host a name or an address, without brackets; empty for all addresses
 * @param port 0 to 65535
 * @param written the host as the user wrote it, with its brackets
 */
record HostPort(String host, int port, String written) {
  private static final Pattern FORM =
      Pattern.compile("(?<host>\\[(?<six>[^\\[\\]/]+)]|[^\\[\\]:/@]*):(?<port>\\d{1,5})");

  private static final Pattern LITERAL = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  /** Reads the address of an endpoint. */
  static HostPort parse(Endpoint endpoint) throws AddressException {
    String shown = endpoint.anonymous().toString();
    String form = endpoint.scheme() + "://HOST:PORT";
    if (!endpoint.address().startsWith("//")) {
      throw invalid(shown, form);
    }
    return parse(endpoint.address().substring(2), shown, form);
  }

  /** Reads {@code HOST:PORT}. */
  static HostPort parse(String text, String shown, String form) throws AddressException {
    Matcher m = FORM.matcher(text);
    if (!m.matches()) {
      throw invalid(shown, form);
    }
    int port = Integer.parseInt(m.group("port"));
    if (port > 65535) {
      throw new AddressException(
          Kind.INVALID, shown, "port " + port + " is out of range, expected 0 to 65535", null);
    }
    String written = m.group("host");
    String host = m.group("six") != null ? m.group("six") : written;
    return new HostPort(host.equals("*") ? "" : host, port, written);
  }

  private static AddressException invalid(String shown, String form) {
    return new AddressException(
        Kind.INVALID, shown, "expected " + form + ", an IPv6 address in brackets", null);
  }

  /** Whether the host is an address, which needs no look-up. */
  boolean literal() {
    return host.indexOf(':') >= 0 || LITERAL.matcher(host).matches();
  }

  boolean everywhere() {
    return host.isEmpty();
  }
}
