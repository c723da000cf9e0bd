// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;

/**
 * What stands between the scheme and the options of an endpoint.
 *
 * @param user before the at sign; empty if there is none
 * @param host without the brackets of an address of IPv6; empty for every address of ours
 * @param port 0 only for listening
 */
public record Where(String user, String host, int port) {
  private static final int SSH = 22;

  /**
   * Reads it.
   *
   * @throws AddressException of the kind invalid, if it has another form
   */
  public static Where of(Endpoint endpoint) throws AddressException {
    return of(endpoint, "");
  }

  /**
   * Reads it, with a user that the author of the endpoint does not choose.
   *
   * @param as the user in place of the endpoint's; empty for none
   * @throws AddressException of the kind invalid, if it has another form
   */
  public static Where of(Endpoint endpoint, String as) throws AddressException {
    // A listener at a server logs in there, so only this scheme has no user.
    boolean listening = endpoint.scheme().equals("ssh-listen");
    String form =
        listening
            ? "ssh-listen://HOST:PORT"
            : endpoint.scheme() + "://USER@HOST:PORT, where :PORT may be left out";
    String address = endpoint.address();
    if (!address.startsWith("//")) {
      throw invalid(endpoint, form);
    }
    String authority = address.substring(2);
    // People also write a slash before the options.
    if (authority.endsWith("/")) {
      authority = authority.substring(0, authority.length() - 1);
    }
    int at = authority.lastIndexOf('@');
    String named = at < 0 ? "" : authority.substring(0, at);
    String user = as.isEmpty() ? named : as;
    String rest = authority.substring(at + 1);
    int colon = rest.lastIndexOf(':');
    boolean withPort = colon > rest.lastIndexOf(']');
    String host = withPort ? rest.substring(0, colon) : rest;
    String port = withPort ? rest.substring(colon + 1) : String.valueOf(SSH);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw invalid(endpoint, form + ", with an address of IPv6 in brackets");
    }
    if (host.equals("*") && listening) {
      host = "";
    }
    if (!listening && host.isEmpty()) {
      throw invalid(endpoint, form + "; there is no host");
    }
    if (!listening && user.isEmpty()) {
      throw invalid(endpoint, form + "; there is no user, and no option user");
    }
    if (listening && !user.isEmpty()) {
      throw invalid(endpoint, form + "; authorized-keys says which users may log in");
    }
    return new Where(user, host, port(endpoint, form, port, listening));
  }

  private static int port(Endpoint endpoint, String form, String text, boolean listening)
      throws AddressException {
    if (text.matches("\\d{1,5}")) {
      int port = Integer.parseInt(text);
      if (port <= 65535 && (port > 0 || listening)) {
        return port;
      }
    }
    throw invalid(
        endpoint, form + "; the port is '" + text + "', not " + (listening ? 0 : 1) + " to 65535");
  }

  private static AddressException invalid(Endpoint endpoint, String expected) {
    return new AddressException(Kind.INVALID, endpoint.name(), "expected " + expected, null);
  }

  /** Host and port, as an endpoint has them. */
  public static String text(String host, int port) {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
