// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The options before a key in a line of {@code authorized_keys}, with the meaning that OpenSSH
 * gives them. Without any option nothing is restricted.
 *
 * @param pty whether a terminal may be asked for
 * @param forwarding whether ports and sockets may be forwarded, both ways
 * @param agent whether the client's agent may be reached
 * @param x11 whether the client's X server may be reached
 * @param command what is run in place of what is asked for
 * @param from where the client may come from; empty for anywhere
 * @param environment variables of each program
 * @param expires until when the key is of use
 * @param open where the client may connect to; empty for anywhere
 * @param listen where the client may listen; empty for anywhere
 */
record KeyOptions(
    boolean pty,
    boolean forwarding,
    boolean agent,
    boolean x11,
    Optional<String> command,
    Optional<String> from,
    Map<String, String> environment,
    Optional<Instant> expires,
    List<Place> open,
    List<Place> listen) {

  /** Nothing is restricted. */
  static final KeyOptions NONE = parse("");

  private static final int ANY_PORT = -1;

  /**
   * A host and a port.
   *
   * @param host literally, or a pattern; {@code *} for any
   * @param port -1 for any
   */
  record Place(String host, int port) {
    boolean hasPort(int wanted) {
      return port == ANY_PORT || port == wanted;
    }
  }

  /**
   * Reads options as they stand before a key.
   *
   * @throws IllegalArgumentException if one is not known, or is not of its form: the key must not
   *     be of use then, because what it was to be restricted by is not known
   */
  static KeyOptions parse(String text) {
    Parser parser = new Parser(text);
    parser.run();
    return new KeyOptions(
        parser.pty,
        parser.forwarding,
        parser.agent,
        parser.x11,
        parser.command,
        parser.from,
        Collections.unmodifiableMap(parser.environment),
        parser.expires,
        List.copyOf(parser.open),
        List.copyOf(parser.listen));
  }

  private static final class Parser {
    private final String text;
    private int at;
    private boolean pty = true;
    private boolean forwarding = true;
    private boolean agent = true;
    private boolean x11 = true;
    private Optional<String> command = Optional.empty();
    private Optional<String> from = Optional.empty();
    private Optional<Instant> expires = Optional.empty();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<Place> open = new ArrayList<>();
    private final List<Place> listen = new ArrayList<>();

    Parser(String text) {
      this.text = text;
    }

    void run() {
      while (at < text.length()) {
        int begin = at;
        while (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != '=') {
          at++;
        }
        String name = text.substring(begin, at).toLowerCase(Locale.ROOT);
        if (at < text.length() && text.charAt(at) == '=') {
          at++;
          valued(name, quoted(name));
        } else {
          flag(name);
        }
        if (at < text.length() && text.charAt(at) != ',') {
          throw new IllegalArgumentException("after '" + name + "' a comma is expected");
        }
        at++;
        if (at == text.length()) {
          throw new IllegalArgumentException("after '" + name + ",' an option is expected");
        }
      }
    }

    private String quoted(String name) {
      if (at >= text.length() || text.charAt(at) != '"') {
        throw new IllegalArgumentException("the value of '" + name + "' has to be in quotes");
      }
      at++;
      StringBuilder value = new StringBuilder();
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.startsWith("\\\"", at)) {
          at++;
        }
        value.append(text.charAt(at));
        at++;
      }
      if (at >= text.length()) {
        throw new IllegalArgumentException("the value of '" + name + "' has no quote at its end");
      }
      at++;
      return value.toString();
    }

    private void flag(String name) {
      boolean on = !name.startsWith("no-");
      switch (on ? name : name.substring("no-".length())) {
        case "pty" -> pty = on;
        case "port-forwarding" -> forwarding = on;
        case "agent-forwarding" -> agent = on;
        case "x11-forwarding" -> x11 = on;
        // There is no such file here.
        case "user-rc" -> {}
        case "restrict" -> {
          if (!on) {
            throw unknown(name);
          }
          pty = false;
          forwarding = false;
          agent = false;
          x11 = false;
        }
        default -> throw unknown(name);
      }
    }

    private static IllegalArgumentException unknown(String name) {
      return new IllegalArgumentException("the option '" + name + "' is not known here");
    }

    private void valued(String name, String value) {
      switch (name) {
        case "command" -> command = once(name, command, value);
        case "from" -> {
          from = once(name, from, value);
          try {
            Addresses.check(value);
          } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("in the option 'from' " + e.getMessage(), e);
          }
        }
        case "expiry-time" -> {
          Instant end = time(value);
          expires = expires.isPresent() && expires.get().isBefore(end) ? expires : Optional.of(end);
        }
        case "environment" -> {
          int equals = value.indexOf('=');
          if (equals < 1 || !value.substring(0, equals).matches("[A-Za-z0-9_]+")) {
            throw form(name, value, "NAME=VALUE");
          }
          // The first of a name counts.
          environment.putIfAbsent(value.substring(0, equals), value.substring(equals + 1));
        }
        case "permitopen" -> open.add(place(name, value, false));
        case "permitlisten" -> listen.add(place(name, value, true));
        default -> throw unknown(name);
      }
    }

    private static Optional<String> once(String name, Optional<String> before, String value) {
      if (before.isPresent()) {
        throw new IllegalArgumentException("the option '" + name + "' is there twice");
      }
      return Optional.of(value);
    }

    private static IllegalArgumentException form(String name, String value, String expected) {
      return new IllegalArgumentException(
          "the option '" + name + "' has '" + value + "', expected " + expected);
    }

    private static Instant time(String value) {
      String digits = value.endsWith("Z") ? value.substring(0, value.length() - 1) : value;
      if (!digits.matches("\\d{8}(\\d{4}(\\d{2})?)?")) {
        throw form("expiry-time", value, "YYYYMMDD[HHMM[SS]][Z]");
      }
      String all = digits + "000000".substring(0, 14 - digits.length());
      try {
        return LocalDateTime.of(
                Integer.parseInt(all.substring(0, 4)),
                Integer.parseInt(all.substring(4, 6)),
                Integer.parseInt(all.substring(6, 8)),
                Integer.parseInt(all.substring(8, 10)),
                Integer.parseInt(all.substring(10, 12)),
                Integer.parseInt(all.substring(12, 14)))
            .atZone(value.endsWith("Z") ? ZoneOffset.UTC : ZoneId.systemDefault())
            .toInstant();
      } catch (DateTimeException e) {
        throw new IllegalArgumentException(
            "the option 'expiry-time' has '" + value + "', which is no time", e);
      }
    }

    private static Place place(String name, String value, boolean hostOptional) {
      int colon = value.lastIndexOf(':');
      String host = colon < 0 ? "" : value.substring(0, colon);
      String port = value.substring(colon + 1);
      boolean bare = host.indexOf(':') >= 0;
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
        bare = false;
      }
      int parsed = port.matches("\\d{1,5}") ? Integer.parseInt(port) : 0;
      // As for OpenSSH, 0 is no port.
      boolean number = parsed >= 1 && parsed <= 65535;
      if (bare || (host.isEmpty() && !hostOptional) || !(number || port.equals("*"))) {
        throw form(name, value, (hostOptional ? "[HOST:]" : "HOST:") + "PORT");
      }
      return new Place(host.isEmpty() ? "*" : host, number ? parsed : ANY_PORT);
    }
  }

  // ---- what they say

  /** Whether the key is of use now. */
  boolean valid(Instant now) {
    return expires.isEmpty() || now.isBefore(expires.get());
  }

  /** Whether the client may come from there. */
  boolean from(InetAddress peer) {
    return from.isEmpty() || Addresses.match(from.get(), peer);
  }

  /** Whether the client may connect to a host. */
  boolean mayOpen(String host, int port) {
    return forwarding
        && (open.isEmpty()
            || open.stream()
                .anyMatch(
                    each ->
                        each.hasPort(port)
                            && (each.host().equals("*") || each.host().equalsIgnoreCase(host))));
  }

  /** Whether the client may listen at an address. */
  boolean mayListen(String host, int port) {
    return forwarding
        && (listen.isEmpty()
            || listen.stream()
                .anyMatch(each -> each.hasPort(port) && Addresses.matches(each.host(), host)));
  }

  /** Whether the client may connect to a socket; one that is held to hosts may not. */
  boolean mayOpenSocket() {
    return forwarding && open.isEmpty();
  }

  /** Whether the client may listen on a socket; one that is held to ports may not. */
  boolean mayListenOnSocket() {
    return forwarding && listen.isEmpty();
  }
}
