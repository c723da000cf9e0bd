// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/**
 * The arguments of {@code relay}, checked as far as possible without opening anything.
 *
 * @param from one side
 * @param to the other side
 * @param options how
 */
record RelayArguments(Endpoint from, Endpoint to, RelayOptions options) {
  private static final String DESCRIPTOR = "fd";
  private static final String OWN = "own";
  private static final String SERVERS = "servers";
  private static final Set<String> SIZES = Set.of("columns", "rows");
  private static final Set<String> INSIDE_ONLY = Set.of("pipe", "mem", "mem-listen");

  /**
   * Reads the arguments that the parser of the command line has split.
   *
   * @param parsed the arguments of {@code relay}
   * @param schemes which are installed
   * @param inherited the descriptors that the program was given beside the standard streams; null
   *     where they were not recorded
   * @return the relay to run
   * @throws IllegalArgumentException if an argument is not allowed; the message says what is
   */
  static RelayArguments of(
      ParseResult parsed, SortedSet<String> schemes, @Nullable SortedSet<Integer> inherited) {
    Endpoint from = endpoint("FROM", text(parsed.matchedPositionalValue(0, "")), schemes);
    Endpoint to = endpoint("TO", text(parsed.matchedPositionalValue(1, "")), schemes);
    checkDescriptor("FROM", from, inherited);
    checkDescriptor("TO", to, inherited);
    if (isDescriptor(from) && from.address().equals(to.address()) && isDescriptor(to)) {
      throw new IllegalArgumentException(
          "fd:" + to.address() + " on both sides would be closed by the one before the other");
    }
    if (parsed.hasMatchedOption(Syntax.REMOTE) && !isRemote(from) && !isRemote(to)) {
      throw new IllegalArgumentException(
          Syntax.REMOTE + " needs an endpoint remote:NAME, which is looked up there");
    }
    boolean oneWay = parsed.hasMatchedOption(Syntax.ONE_WAY);
    boolean fork = parsed.hasMatchedOption(Syntax.FORK);
    if (fork) {
      checkFork(from, to);
    } else if (parsed.hasMatchedOption(Syntax.MAX_CONNECTIONS)) {
      throw new IllegalArgumentException(
          Syntax.MAX_CONNECTIONS
              + " needs "
              + Syntax.FORK
              + "; without it there is one connection");
    }
    if (!oneWay && from.scheme().equals("stdio") && to.scheme().equals("stdio")) {
      throw new IllegalArgumentException(
          "stdio: on both sides would read standard input twice; with -u it is copied to standard"
              + " output");
    }
    RelayOptions options =
        RelayOptions.defaults()
            .withOneWay(oneWay)
            .withFork(fork)
            .withFrom(channelOptions(parsed, Syntax.FROM, from))
            .withTo(channelOptions(parsed, Syntax.TO, to));
    Duration idle = value(parsed, Syntax.IDLE_TIMEOUT, RelayArguments::positive);
    if (idle != null) {
      options = options.withIdle(Wait.upTo(idle));
    }
    Duration total = value(parsed, Syntax.TOTAL_TIMEOUT, RelayArguments::positive);
    if (total != null) {
      options = options.withTotal(Wait.upTo(total));
    }
    Duration linger = value(parsed, Syntax.LINGER, Units::duration);
    if (linger != null) {
      options = options.withLinger(Wait.upTo(linger));
    }
    RelayOptions sized = options;
    RelayOptions buffered =
        value(parsed, Syntax.BUFFER, text -> sized.withBuffer(Units.bytes(text)));
    options = buffered == null ? options : buffered;
    Integer maxConnections = value(parsed, Syntax.MAX_CONNECTIONS, RelayArguments::count);
    if (maxConnections != null) {
      options = options.withMaxConnections(maxConnections);
    }
    RelayOptions unlimited = options;
    RelayOptions remembered =
        value(parsed, Syntax.MEMORY_LIMIT, text -> unlimited.withMemoryLimit(Units.bytes(text)));
    options = remembered == null ? options : remembered;
    RelayOptions limited = options;
    RelayOptions accepting =
        value(
            parsed,
            Syntax.ACCEPT_ENV,
            text ->
                limited.withVariables(
                    text.isBlank() ? List.of() : List.of(text.strip().split("\\s*,\\s*", -1))));
    options = accepting == null ? options : accepting;
    return new RelayArguments(from, to, options);
  }

  /** Whether a terminal has the size that was asked for, and not that of ours. */
  boolean saysSize() {
    return Stream.of(
            from.options().keySet(),
            to.options().keySet(),
            options.from().extra().keySet(),
            options.to().extra().keySet())
        .flatMap(Set::stream)
        .anyMatch(SIZES::contains);
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  private static Endpoint endpoint(String side, String text, SortedSet<String> schemes) {
    Optional<String> socat = Socat.advice(text);
    if (socat.isPresent()) {
      throw new IllegalArgumentException(side + ": " + socat.get());
    }
    Endpoint endpoint;
    try {
      endpoint = Endpoint.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          side + ": " + e.getMessage() + "; known schemes: " + known(schemes), e);
    }
    String scheme = endpoint.scheme();
    if (INSIDE_ONLY.contains(scheme)) {
      throw new IllegalArgumentException(
          side
              + ": "
              + scheme
              + ": names something inside a container, and this relay has one of its own; use it"
              + " in a configuration io.penstock.Relay~NAME of 'penstock run --conf DIR'"
              + (scheme.equals("pipe") ? " (a FIFO is fifo:PATH)" : ""));
    }
    if (!schemes.contains(scheme)) {
      throw new IllegalArgumentException(
          side
              + ": unknown scheme '"
              + scheme
              + "': no provider with penstock.scheme="
              + scheme
              + " is installed; known schemes: "
              + known(schemes)
              + Messages.didYouMean(scheme, schemes));
    }
    return endpoint;
  }

  private static boolean isDescriptor(Endpoint endpoint) {
    return endpoint.scheme().equals(DESCRIPTOR);
  }

  private static boolean isRemote(Endpoint endpoint) {
    return endpoint.scheme().equals("remote");
  }

  /** Only what was given to the program: other descriptors are the virtual machine's own. */
  private static void checkDescriptor(
      String side, Endpoint endpoint, @Nullable SortedSet<Integer> inherited) {
    if (!isDescriptor(endpoint)) {
      return;
    }
    if (inherited == null) {
      throw new IllegalArgumentException(
          side
              + ": fd: needs to know which descriptors the program was given; start it with the"
              + " script penstock, which notes them");
    }
    if (endpoint.options().containsKey(OWN)) {
      throw new IllegalArgumentException(
          side + ": option '" + OWN + "' is for programs; here a descriptor is always given away");
    }
    boolean given =
        inherited.stream().anyMatch(number -> number.toString().equals(endpoint.address()));
    if (!given) {
      throw new IllegalArgumentException(
          side
              + ": "
              + endpoint.name()
              + ": the program was not given that descriptor; it was given "
              + (inherited.isEmpty()
                  ? "none beside the standard streams"
                  : inherited.stream().map(String::valueOf).collect(Collectors.joining(", "))));
    }
  }

  private static String known(SortedSet<String> schemes) {
    List<String> usable = schemes.stream().filter(s -> !INSIDE_ONLY.contains(s)).toList();
    return usable.isEmpty() ? "none" : String.join(", ", usable);
  }

  private static void checkFork(Endpoint from, Endpoint to) {
    if (!from.listening()) {
      throw new IllegalArgumentException(
          "--fork needs a FROM that listens, such as tcp-listen:// or unix-listen:, but it is "
              + from.scheme()
              + ":");
    }
    if (to.listening() || to.scheme().equals("stdio") || isDescriptor(to)) {
      throw new IllegalArgumentException(
          "--fork needs a TO that each connection can have for itself, but "
              + to.scheme()
              + ": "
              + (to.listening() ? "listens" : "is there only once"));
    }
  }

  private static ChannelOptions channelOptions(ParseResult parsed, String side, Endpoint endpoint) {
    ChannelOptions options = ChannelOptions.defaults();
    Duration connect = value(parsed, Syntax.CONNECT_TIMEOUT, RelayArguments::positive);
    if (connect != null) {
      options = options.withConnectTimeout(connect);
    }
    if (isDescriptor(endpoint)) {
      options = options.with(OWN, "true");
    }
    if (isRemote(endpoint) && parsed.hasMatchedOption(Syntax.REMOTE)) {
      options = options.with(SERVERS, text(parsed.matchedOptionValue(Syntax.REMOTE, "")));
    }
    List<String> pairs = parsed.matchedOptionValue(side, List.of());
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            side + ": '" + pair + "' is not an option; expected KEY=VALUE");
      }
      String key = pair.substring(0, equals);
      boolean twice = pairs.stream().filter(p -> p.startsWith(key + "=")).count() > 1;
      if (twice || endpoint.options().containsKey(key) || options.extra().containsKey(key)) {
        throw new IllegalArgumentException(side + ": option '" + key + "' is given twice");
      }
      options = with(side, options, key, pair.substring(equals + 1));
    }
    // The endpoint's own are read by the factory; here their values are only looked at.
    String label = side.equals(Syntax.FROM) ? "FROM" : "TO";
    endpoint.options().forEach((key, text) -> with(label, ChannelOptions.defaults(), key, text));
    return options;
  }

  private static ChannelOptions with(
      String where, ChannelOptions options, String key, String value) {
    try {
      return options.with(key, value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
    }
  }

  private static <T> @Nullable T value(
      ParseResult parsed, String option, Function<String, T> reader) {
    if (!parsed.hasMatchedOption(option)) {
      return null;
    }
    try {
      return reader.apply(text(parsed.matchedOptionValue(option, "")));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
    }
  }

  private static Duration positive(String text) {
    Duration duration = Units.duration(text);
    if (duration.isZero()) {
      throw new IllegalArgumentException("'" + text + "' is not more than zero");
    }
    return duration;
  }

  private static Integer count(String text) {
    int count;
    try {
      count = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      count = 0;
    }
    if (count < 1) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a number from 1 to " + Integer.MAX_VALUE);
    }
    return count;
  }
}
