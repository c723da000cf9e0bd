// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.spi.Messages;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** The commands. */
// Sets and lists of List.of and Set.of never change.
@SuppressWarnings("ImmutableEnumChecker")
enum Verb {
  PIPES("[FILTER…]", "lists pipes", Arguments.LISTS),
  CHANNELS("[FILTER…]", "lists channels", Arguments.LISTS),
  LISTENERS("[FILTER…]", "lists listeners", Arguments.LISTS),
  RELAYS("[FILTER…]", "lists relays", Arguments.LISTS),
  POLLERS("[FILTER…]", "lists pollers", Arguments.LISTS),
  HANDLERS("[FILTER…]", "lists handlers, served or not", Arguments.LISTS),
  REMOTES(
      "[FILTER…]", "lists endpoints of other containers, and what is published", Arguments.LISTS),
  INFO(
      "NAME",
      "tells all of an object, with the stacks of waiting callers",
      Named.ANY,
      Arguments.JSON),
  WHY("NAME", "tells what an object waits for and what would release it", Named.ANY),
  PEEK("NAME [N]", "shows the first N bytes that wait to be read; takes none", Named.STREAMS),
  TAP("NAME", "shows a copy of what goes by, until Ctrl-C", Named.STREAMS, Arguments.BUFFER),
  RELAY(
      "FROM TO",
      "joins two endpoints for one connection, or with --fork for many",
      List.of(Arguments.NAME, Arguments.FORK, Arguments.ONE_WAY)),
  CLOSE("NAME", "closes an object", Named.CLOSEABLE),
  PAUSE("NAME", "holds an object until it is resumed", Named.CLOSEABLE),
  RESUME("NAME", "lets an object go on", Named.CLOSEABLE),
  TRACE("NAME on|off", "logs each operation of an object", Named.STREAMS),
  REPORT("", "tells everything, to be attached to a report of a bug", List.of(Arguments.JSON)),
  HELP("", "lists the commands", List.of());

  private final String arguments;
  private final String does;
  private final Set<String> kinds;
  private final List<String> options;

  Verb(String arguments, String does, List<String> options) {
    this.arguments = arguments;
    this.does = does;
    this.kinds = Set.of();
    this.options = options;
  }

  Verb(String arguments, String does, Set<String> kinds, String... options) {
    this.arguments = arguments;
    this.does = does;
    this.kinds = kinds;
    this.options = List.of(options);
  }

  /** The verb of a word. */
  static Verb of(String word) {
    return Arrays.stream(values())
        .filter(verb -> verb.word().equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no command '"
                        + word
                        + "'; expected "
                        + String.join(", ", names())
                        + Messages.didYouMean(word, names())));
  }

  static List<String> names() {
    return Arrays.stream(values()).map(Verb::word).toList();
  }

  static String help() {
    StringBuilder text = new StringBuilder();
    int width = Arrays.stream(values()).mapToInt(verb -> verb.usage().length()).max().orElse(0);
    for (Verb verb : values()) {
      text.append(verb.usage())
          .append(" ".repeat(width - verb.usage().length() + 2))
          .append(verb.does)
          .append('\n');
    }
    return text.append("NAME is a name, or an object's number.\n").toString();
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The kinds of objects that it is for; empty if it names none. */
  Set<String> kinds() {
    return kinds;
  }

  /** The options that it takes, such as {@code --json}. */
  List<String> options() {
    return options;
  }

  /** How it is written, such as {@code peek NAME [N]}. */
  String usage() {
    StringBuilder text = new StringBuilder(word());
    if (!arguments.isEmpty()) {
      text.append(' ').append(arguments);
    }
    for (String option : options) {
      String value = Arguments.VALUES.get(option);
      text.append(" [").append(option).append(value == null ? "" : " " + value).append(']');
    }
    return text.toString();
  }

  String description() {
    return usage() + ": " + does;
  }

  /** The least number of words that it takes. */
  int least() {
    return (int) words().filter(word -> !word.startsWith("[")).count();
  }

  /** The largest number of words that it takes. */
  int most() {
    return arguments.contains("…") ? Integer.MAX_VALUE : (int) words().count();
  }

  private Stream<String> words() {
    return Arrays.stream(arguments.split(" ", -1)).filter(word -> !word.isEmpty());
  }
}
