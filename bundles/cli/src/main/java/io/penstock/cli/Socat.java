// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Recognizes addresses in socat's spelling and says how they are written here. Stateless. */
final class Socat {
  private static final String NO_FILES =
      "stdio:' with the shell's < and >, or 'fifo:PATH' for a FIFO (there is no scheme for files";

  /** What follows the keyword, as it is written here. */
  private static final Map<String, UnaryOperator<String>> SPELLINGS = spellings();

  private static final Set<String> NO_COUNTERPART =
      Set.of(
          "UDP",
          "UDP4",
          "UDP6",
          "UDP-CONNECT",
          "UDP-LISTEN",
          "UDP-SENDTO",
          "UDP-RECVFROM",
          "PTY",
          "READLINE",
          "PROXY",
          "SOCKS4",
          "SOCKS4A",
          "SOCKS5",
          "SCTP",
          "SCTP-LISTEN",
          "IP",
          "TUN",
          "VSOCK-CONNECT",
          "VSOCK-LISTEN",
          "STDERR",
          "UNIX-SENDTO",
          "UNIX-RECVFROM",
          "UNIX-RECV");

  private Socat() {}

  private static Map<String, UnaryOperator<String>> spellings() {
    Map<String, UnaryOperator<String>> map = new TreeMap<>();
    for (String family : new String[] {"TCP", "TCP4", "TCP6"}) {
      map.put(family, rest -> "tcp:" + slashes(rest));
      map.put(family + "-CONNECT", rest -> "tcp:" + slashes(rest));
      map.put(family + "-LISTEN", rest -> "tcp-listen:" + anyHost(rest));
      map.put(family + "-L", rest -> "tcp-listen:" + anyHost(rest));
    }
    for (String tls : new String[] {"OPENSSL", "SSL", "OPENSSL-CONNECT", "SSL-CONNECT"}) {
      map.put(tls, rest -> "tls:" + slashes(rest));
    }
    for (String tls : new String[] {"OPENSSL-LISTEN", "SSL-LISTEN", "OPENSSL-L", "SSL-L"}) {
      map.put(tls, rest -> "tls-listen:" + anyHost(rest));
    }
    for (String unix : new String[] {"UNIX", "UNIX-CONNECT", "UNIX-CLIENT", "LOCAL"}) {
      map.put(unix, rest -> "unix:" + rest);
    }
    for (String unix : new String[] {"UNIX-LISTEN", "UNIX-L"}) {
      map.put(unix, rest -> "unix-listen:" + rest);
    }
    for (String unix : new String[] {"ABSTRACT", "ABSTRACT-CONNECT", "ABSTRACT-CLIENT"}) {
      map.put(unix, rest -> "unix:@" + rest);
    }
    map.put("ABSTRACT-LISTEN", rest -> "unix-listen:@" + rest);
    map.put("EXEC", rest -> "exec:" + rest);
    map.put("SYSTEM", rest -> "shell:" + rest);
    map.put("SHELL", rest -> "shell:" + rest);
    for (String standard : new String[] {"STDIO", "STDIN", "STDOUT"}) {
      map.put(standard, rest -> "stdio:");
    }
    map.put("PIPE", rest -> rest.isEmpty() ? "echo:" : "fifo:" + rest);
    map.put("FIFO", rest -> rest.isEmpty() ? "echo:" : "fifo:" + rest);
    for (String file : new String[] {"OPEN", "FILE", "GOPEN", "CREATE", "CREAT", "FD"}) {
      map.put(file, rest -> NO_FILES);
    }
    return map;
  }

  private static String slashes(String rest) {
    return rest.startsWith("//") ? rest : "//" + rest;
  }

  private static String anyHost(String rest) {
    return rest.startsWith("//") ? rest : rest.contains(":") ? "//" + rest : "//*:" + rest;
  }

  /**
   * Says how an address of socat's is written here.
   *
   * @param text what was given as an endpoint
   * @return a sentence without its subject, or empty when the text is not socat's
   */
  static Optional<String> advice(String text) {
    int end = keywordEnd(text);
    String given = text.substring(0, end);
    String keyword = given.toUpperCase(Locale.ROOT);
    boolean hasAddress = end < text.length() && text.charAt(end) == ':';
    String rest = hasAddress ? text.substring(end + 1) : "";
    if (given.equals(given.toLowerCase(Locale.ROOT)) && isOurs(given, hasAddress, rest)) {
      return Optional.empty();
    }
    if (NO_COUNTERPART.contains(keyword)) {
      return Optional.of("'" + given + "' is socat's and has no counterpart here");
    }
    UnaryOperator<String> spelling = SPELLINGS.get(keyword);
    if (spelling == null) {
      return Optional.empty();
    }
    int comma = hasAddress ? rest.indexOf(',') : -1;
    String options = comma >= 0 ? rest.substring(comma) : text.substring(end).replace(":", "");
    String right = spelling.apply(comma >= 0 ? rest.substring(0, comma) : rest);
    String closing = right.equals(NO_FILES) ? ")" : "'";
    return Optional.of(
        "'"
            + given
            + "' is socat's spelling; write '"
            + right
            + closing
            + (options.contains(",fork") ? " with --fork" : "")
            + (comma >= 0 ? " (options follow a ? as KEY=VALUE)" : ""));
  }

  private static int keywordEnd(String text) {
    int i = 0;
    while (i < text.length() && text.charAt(i) != ':' && text.charAt(i) != ',') {
      i++;
    }
    return i;
  }

  /** Whether lower case that socat knows, too, is an endpoint of ours. */
  private static boolean isOurs(String scheme, boolean hasAddress, String rest) {
    return switch (scheme) {
      case "tcp", "tcp-listen" -> rest.startsWith("//");
      case "stdio", "unix", "unix-listen", "exec", "shell", "pipe", "fifo", "fd" -> hasAddress;
      default -> false;
    };
  }
}
