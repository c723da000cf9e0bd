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
      Pattern.compile(
          "(?<host>\\[(?<six>[\\p{XDigit}:.]+(%[^\\[\\]/\\s\\p{Cntrl}]+)?)]"
              + "|[^\\[\\]:/@\\s\\p{Cntrl}]*):(?<port>\\d+)");

  private static final int MAX_PORT = 65535;

  /** More digits would not be a number, but for zeros in front. */
  private static final int MAX_DIGITS = 9;

  private static final Pattern LITERAL = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  /**
   * Reads the address of an endpoint.
   *
   * @throws AddressException if it has another form; to connect takes a host and a port
   */
  static HostPort parse(Endpoint endpoint) throws AddressException {
    String shown = endpoint.anonymous().toString();
    boolean listening = endpoint.listening();
    String form =
        endpoint.scheme()
            + "://HOST:PORT with a port from "
            + (listening ? "0" : "1")
            + " to 65535, an IPv6 address in brackets";
    HostPort found =
        parse(
            endpoint.address().startsWith("//") ? endpoint.address().substring(2) : "",
            shown,
            form);
    if (!listening && (found.everywhere() || found.port() == 0)) {
      throw invalid(shown, form);
    }
    return found;
  }

  /**
   * Reads {@code HOST:PORT}.
   *
   * @param shown what to call it in an error
   * @param form what to call the form in an error
   * @throws AddressException if it has another form
   */
  static HostPort parse(String text, String shown, String form) throws AddressException {
    Matcher m = FORM.matcher(text);
    if (!m.matches()) {
      throw invalid(shown, form);
    }
    String digits = m.group("port");
    int port = digits.length() > MAX_DIGITS ? MAX_PORT + 1 : Integer.parseInt(digits);
    if (port > MAX_PORT) {
      throw invalid(shown, form);
    }
    String written = m.group("host");
    String host = m.group("six") != null ? m.group("six") : written;
    return new HostPort(host.equals("*") ? "" : host, port, written);
  }

  private static AddressException invalid(String shown, String form) {
    return new AddressException(Kind.INVALID, shown, "expected " + form, null);
  }

  /** Whether the host is an address, which needs no look-up. */
  boolean literal() {
    return host.indexOf(':') >= 0 || LITERAL.matcher(host).matches();
  }

  boolean everywhere() {
    return host.isEmpty();
  }
}
