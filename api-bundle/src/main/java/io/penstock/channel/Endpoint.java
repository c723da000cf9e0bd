// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Names a peer and the kind of transport to it: {@code scheme:rest}.
 *
 * <p>In {@code exec:} and {@code shell:} everything after the colon is the command, verbatim. In
 * every other scheme the first {@code ?} starts options, {@code KEY=VALUE} joined by {@code &},
 * named like the configuration keys; a literal {@code ?}, {@code %}, {@code #} or, in an option,
 * {@code &} is percent-encoded. {@code -} is short for {@code stdio:}.
 *
 * <p>A text that is put together of parts breaks where a part has one of those characters. The
 * factories take each part literally, and {@link #listener()} turns what they make into the
 * endpoint that accepts: {@code Endpoint.unix(path).listener()}.
 *
 * <p>Immutable. {@link #toString()} gives a text that parses to an equal endpoint. It contains no
 * secrets because none are accepted: a password in the user information, or an option whose key
 * names one, is refused.
 */
@ProviderType
public final class Endpoint {
  private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]*");
  private static final Pattern SECRET = Pattern.compile("(?i).*(password|passphrase|secret)$");
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");
  private static final Pattern PROGRAM =
      Pattern.compile("\\A[ \\t\\n]*([^ \\t\\n'\"\\\\]+)(?=[ \\t\\n]|\\z)");

  /** No separator of an endpoint, no space and no control character. */
  // With a colon it is an IPv6 address, which has two or more, and perhaps a zone.
  private static final Pattern HOST =
      Pattern.compile(
          "[^:/@\\[\\]\\p{Cntrl}\\s]*"
              + "|\\p{XDigit}*:\\p{XDigit}*:[\\p{XDigit}:.]*(%[^:/@\\[\\]\\p{Cntrl}\\s]+)?");

  private static final int MAX_PORT = 65_535;
  private static final Set<String> VERBATIM = Set.of("exec", "shell");

  private final String scheme;
  private final String address;
  private final Map<String, String> options;
  // Made when first asked for, then shared by all channels that are named after this endpoint.
  private @Nullable String text;
  private @Nullable String name;

  private Endpoint(String scheme, String address, Map<String, String> options) {
    this.scheme = scheme;
    this.address = address;
    this.options = options;
  }

  /**
   * Reads an endpoint.
   *
   * @param text such as {@code tcp://localhost:80}, {@code unix:/run/x}, {@code exec:tr a-z A-Z}
   * @return the endpoint
   * @throws IllegalArgumentException if the text is not an endpoint, or carries a secret; the
   *     message says what was expected and repeats no secret
   */
  public static Endpoint parse(String text) {
    if (text.equals("-")) {
      return new Endpoint("stdio", "", Map.of());
    }
    int colon = text.indexOf(':');
    if (colon < 1 || !SCHEME.matcher(text.substring(0, colon)).matches()) {
      throw new IllegalArgumentException(
          "'"
              + shown(text)
              + "' is not an endpoint; expected SCHEME:ADDRESS, such as tcp://localhost:80");
    }
    String scheme = text.substring(0, colon);
    String rest = text.substring(colon + 1);
    if (VERBATIM.contains(scheme)) {
      return new Endpoint(scheme, rest, Map.of());
    }
    int question = rest.indexOf('?');
    String address = decode(question < 0 ? rest : rest.substring(0, question));
    if (address.startsWith("//")) {
      String authority = address.substring(2);
      int at = authority.lastIndexOf('@');
      if (at >= 0 && authority.lastIndexOf(':', at) >= 0) {
        throw new IllegalArgumentException(
            scheme
                + "://…@"
                + authority.substring(at + 1)
                + " has a password in it; an endpoint must not carry one, give it as a file");
      }
    }
    Map<String, String> options = new LinkedHashMap<>();
    if (question >= 0 && question + 1 < rest.length()) {
      for (String option : rest.substring(question + 1).split("&", -1)) {
        int equals = option.indexOf('=');
        if (equals < 1) {
          throw new IllegalArgumentException(
              "'" + option + "' in '" + shown(text) + "' is not an option; expected KEY=VALUE");
        }
        String key = decode(option.substring(0, equals));
        refuseSecret(scheme, key);
        if (options.putIfAbsent(key, decode(option.substring(equals + 1))) != null) {
          throw new IllegalArgumentException(
              "option '" + key + "' is given twice in '" + shown(text) + "'");
        }
      }
    }
    return new Endpoint(scheme, address, Collections.unmodifiableMap(options));
  }

  /**
   * A child process by its program and arguments, each taken literally: {@code exec:} with the
   * necessary quotes.
   *
   * @param words the program, then its arguments
   * @return an endpoint whose command parses to the same words
   * @throws IllegalArgumentException if there is no program, or a word has a NUL in it, which no
   *     argument can have
   */
  public static Endpoint exec(List<String> words) {
    if (words.isEmpty() || words.get(0).isEmpty()) {
      throw new IllegalArgumentException(
          "expected a program and its arguments, there is no program");
    }
    StringBuilder command = new StringBuilder();
    for (String word : words) {
      if (word.indexOf('\0') >= 0) {
        throw new IllegalArgumentException(
            "word "
                + words.indexOf(word)
                + " of a command has a NUL in it, which no argument can have");
      }
      if (command.length() > 0) {
        command.append(' ');
      }
      if (PLAIN.matcher(word).matches()) {
        command.append(word);
      } else {
        command.append('\'').append(word.replace("'", "'\\''")).append('\'');
      }
    }
    return new Endpoint("exec", command.toString(), Map.of());
  }

  /**
   * A TCP connection: {@code tcp://HOST:PORT}.
   *
   * @param host a name or an address; an IPv6 address may stand in brackets or not; empty for every
   *     address of a listener
   * @param port 0 to 65535; 0 for a listener that takes any free port
   * @return the endpoint
   * @throws IllegalArgumentException if the port is out of range, or {@code host} cannot be one
   */
  public static Endpoint tcp(String host, int port) {
    return new Endpoint("tcp", "//" + authority(host, port), Map.of());
  }

  /**
   * An encrypted TCP connection: {@code tls://HOST:PORT}.
   *
   * @param host as for {@link #tcp}
   * @param port as for {@link #tcp}
   * @return the endpoint
   * @throws IllegalArgumentException as {@link #tcp}
   */
  public static Endpoint tls(String host, int port) {
    return new Endpoint("tls", "//" + authority(host, port), Map.of());
  }

  /**
   * An SSH server: {@code ssh://USER@HOST:PORT}.
   *
   * @param user the name to log in by, without a password; empty for a listener
   * @param host as for {@link #tcp}
   * @param port as for {@link #tcp}
   * @return the endpoint
   * @throws IllegalArgumentException as {@link #tcp}, or if the user has a colon or a slash in it
   */
  public static Endpoint ssh(String user, String host, int port) {
    if (user.indexOf(':') >= 0 || user.indexOf('/') >= 0) {
      // Not shown: what is behind a colon may be a password.
      throw new IllegalArgumentException("a user of ssh: has neither a colon nor a slash");
    }
    String who = user.isEmpty() ? "" : user + "@";
    return new Endpoint("ssh", "//" + who + authority(host, port), Map.of());
  }

  /**
   * A Unix socket: {@code unix:PATH}.
   *
   * @param path of its file; a relative one that begins with {@code @} is a file, too, and no
   *     abstract name
   * @return the endpoint
   * @throws IllegalArgumentException if the path is empty
   */
  public static Endpoint unix(Path path) {
    return new Endpoint("unix", literal(path), Map.of());
  }

  /**
   * A FIFO: {@code fifo:PATH}.
   *
   * @param path of its file
   * @return the endpoint
   * @throws IllegalArgumentException if the path is empty
   */
  public static Endpoint fifo(Path path) {
    return new Endpoint("fifo", literal(path), Map.of());
  }

  /**
   * A configured pipe: {@code pipe:NAME}.
   *
   * @param name of the pipe
   * @return the endpoint
   * @throws IllegalArgumentException if the name is empty, or begins with two slashes
   */
  public static Endpoint pipe(String name) {
    return new Endpoint("pipe", named(name), Map.of());
  }

  /**
   * A meeting inside one container: {@code mem:NAME}.
   *
   * @param name at which both sides meet
   * @return the endpoint
   * @throws IllegalArgumentException if the name is empty, or begins with two slashes
   */
  public static Endpoint mem(String name) {
    return new Endpoint("mem", named(name), Map.of());
  }

  private static String authority(String host, int port) {
    if (port < 0 || port > MAX_PORT) {
      throw new IllegalArgumentException("port " + port + ", expected 0 to " + MAX_PORT);
    }
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    if (!HOST.matcher(bare).matches()) {
      throw new IllegalArgumentException(
          "'" + shown("//" + host).substring(2) + "' is not a host; expected a name or an address");
    }
    return (bare.indexOf(':') >= 0 ? "[" + bare + "]" : bare) + ":" + port;
  }

  private static String literal(Path path) {
    String text = path.toString();
    if (text.isEmpty()) {
      throw new IllegalArgumentException("the path is empty, expected that of a file");
    }
    return text.startsWith("@") ? "./" + text : text;
  }

  private static String named(String name) {
    if (name.isEmpty() || name.startsWith("//")) {
      throw new IllegalArgumentException(
          name.isEmpty()
              ? "the name is empty, expected one character or more"
              : "a name does not begin with two slashes, which would make it a host");
    }
    return name;
  }

  private static String shown(String text) {
    // A text that cannot be parsed may contain a secret anywhere: show no options and no user
    // information.
    int question = text.indexOf('?');
    String cut = question < 0 ? text : text.substring(0, question) + "?…";
    return cut.replaceAll("//[^/]*@", "//…@");
  }

  private static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'" + shown(text) + "' has a broken percent-encoding; a literal % is written %25", e);
    }
  }

  private static String encode(String text, String special) {
    StringBuilder encoded = new StringBuilder(text.length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (special.indexOf(c) >= 0) {
        encoded.append('%').append(String.format(Locale.ROOT, "%02X", (int) c));
      } else {
        encoded.append(c);
      }
    }
    return encoded.toString();
  }

  /**
   * The scheme: the text before the first colon.
   *
   * @return lower case
   */
  public String scheme() {
    return scheme;
  }

  /**
   * The address: the text between the scheme's colon and the options, decoded.
   *
   * @return with its leading slashes, possibly empty
   */
  public String address() {
    return address;
  }

  /**
   * The options, in the order in which they were given.
   *
   * @return decoded, unmodifiable
   */
  public Map<String, String> options() {
    return options;
  }

  /**
   * Whether this endpoint waits for peers.
   *
   * @return true when the scheme ends in {@code -listen}
   */
  public boolean listening() {
    return scheme.endsWith("-listen");
  }

  /**
   * The endpoint that accepts the peers which connect to this one, with the same address and
   * options: {@code tcp-listen:} for {@code tcp:}.
   *
   * @return this if it is {@link #listening()}; whether there is such a kind is found when it is
   *     used
   * @throws IllegalArgumentException if this is a command
   */
  public Endpoint listener() {
    if (VERBATIM.contains(scheme)) {
      throw new IllegalArgumentException(scheme + ": runs a command, which accepts no peers");
    }
    return listening() ? this : new Endpoint(scheme + "-listen", address, options);
  }

  /**
   * The same endpoint with one more option, or with another value for it.
   *
   * @param key as in the text of an endpoint, such as {@code noDelay}
   * @param value taken literally
   * @return a changed copy
   * @throws IllegalArgumentException if the key is empty or names a secret, or this is a command,
   *     which takes its options from {@link ChannelOptions} only
   */
  public Endpoint withOption(String key, String value) {
    if (VERBATIM.contains(scheme)) {
      throw new IllegalArgumentException(
          "option '" + key + "': in " + scheme + ": all is command; use ChannelOptions");
    }
    if (key.isEmpty()) {
      throw new IllegalArgumentException("an option has a name, and this one is empty");
    }
    refuseSecret(scheme, key);
    Map<String, String> more = new LinkedHashMap<>(options);
    more.put(key, Objects.requireNonNull(value, "value"));
    return new Endpoint(scheme, address, Collections.unmodifiableMap(more));
  }

  private static void refuseSecret(String scheme, String key) {
    if (SECRET.matcher(key).matches()) {
      throw new IllegalArgumentException(
          "option '"
              + key
              + "' of "
              + scheme
              + ": is a secret; an endpoint must not carry one, give it as a file");
    }
  }

  /**
   * The same endpoint with another address, such as a real port in place of 0.
   *
   * @param value the address, decoded
   * @return a changed copy
   */
  public Endpoint withAddress(String value) {
    return new Endpoint(scheme, value, options);
  }

  /**
   * The same endpoint without its options.
   *
   * @return a changed copy
   */
  public Endpoint withoutOptions() {
    return new Endpoint(scheme, address, Map.of());
  }

  /**
   * The same endpoint without user information, options and command, for service properties and
   * logs.
   *
   * @return a changed copy, which names a peer but cannot be used to reach it
   */
  public Endpoint anonymous() {
    String kept = VERBATIM.contains(scheme) ? program() : address;
    int at = kept.startsWith("//") ? kept.lastIndexOf('@') : -1;
    return new Endpoint(scheme, at < 0 ? kept : "//" + kept.substring(at + 1), Map.of());
  }

  /**
   * The name of this endpoint in errors and warnings, and the name of channels and listeners that
   * were given none: the endpoint without its options. The command of {@code exec:} is cut to its
   * program, as in {@code exec:tr ...}, and the command of {@code shell:} is left out, because a
   * command may contain a secret.
   *
   * @return never empty
   */
  public String name() {
    String known = name;
    if (known == null) {
      known = scheme + ":" + (VERBATIM.contains(scheme) ? cut() : encode(address, "?%#"));
      name = known;
    }
    return known;
  }

  /** A command, with a mark for the part that is left out. */
  private String cut() {
    String program = program();
    if (program.isEmpty()) {
      return address.isBlank() ? "" : "...";
    }
    return address.strip().equals(program) ? program : program + " ...";
  }

  /** The first word of a command, unless a shell reads it, or the word has quotes. */
  private String program() {
    if (!scheme.equals("exec")) {
      return "";
    }
    Matcher word = PROGRAM.matcher(address);
    return word.find() ? word.group(1) : "";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Endpoint that
        && scheme.equals(that.scheme)
        && address.equals(that.address)
        && options.equals(that.options);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * scheme.hashCode() + address.hashCode()) + options.hashCode();
  }

  @Override
  public String toString() {
    String known = text;
    if (known == null) {
      known = VERBATIM.contains(scheme) ? scheme + ":" + address : encoded();
      text = known;
    }
    return known;
  }

  private String encoded() {
    StringBuilder all = new StringBuilder(scheme).append(':').append(encode(address, "?%#"));
    char separator = '?';
    for (Map.Entry<String, String> option : options.entrySet()) {
      all.append(separator)
          .append(encode(option.getKey(), "?%#&="))
          .append('=')
          .append(encode(option.getValue(), "?%#&"));
      separator = '&';
    }
    return all.toString();
  }
}
