// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.spi.Messages;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The arguments of a command. Immutable.
 *
 * @param words those that are no options
 * @param options the options that were given, with their values; empty for those without one
 */
record Arguments(List<String> words, Map<String, String> options) {
  static final String SORT = "--sort";
  static final String JSON = "--json";
  static final String WATCH = "--watch";
  static final String NAME = "--name";
  static final String FORK = "--fork";
  static final String ONE_WAY = "--one-way";
  static final String BUFFER = "--buffer";

  /** The options of commands that list. */
  static final List<String> LISTS = List.of(SORT, JSON, WATCH);

  /** The options that have a value, and what that is. */
  static final Map<String, String> VALUES = Map.of(SORT, "COLUMN", NAME, "NAME", BUFFER, "SIZE");

  /**
   * Reads arguments.
   *
   * @throws IllegalArgumentException if an option is unknown, or if there are too few or too many
   */
  static Arguments of(Verb verb, List<String> given) {
    List<String> words = new ArrayList<>();
    Map<String, String> options = new HashMap<>();
    boolean ended = false;
    for (int i = 0; i < given.size(); i++) {
      String word = given.get(i);
      if (ended || !word.startsWith("--")) {
        words.add(word);
      } else if (word.equals("--")) {
        ended = true;
      } else {
        int equals = word.indexOf('=');
        String option = equals < 0 ? word : word.substring(0, equals);
        boolean valued = VALUES.containsKey(option);
        if (!verb.options().contains(option)) {
          throw unknown(verb, option);
        }
        if (valued && equals < 0 && ++i == given.size()) {
          throw new IllegalArgumentException(
              verb.word() + ": " + option + " has no value; expected " + verb.usage());
        }
        if (!valued && equals >= 0) {
          throw new IllegalArgumentException(
              verb.word() + ": " + option + " takes no value; expected " + verb.usage());
        }
        String value = !valued ? "" : equals < 0 ? given.get(i) : word.substring(equals + 1);
        options.put(option, value);
      }
    }
    if (words.size() < verb.least() || words.size() > verb.most()) {
      throw new IllegalArgumentException(
          verb.word()
              + (words.size() < verb.least()
                  ? ": an argument is missing"
                  : ": '" + words.get(verb.most()) + "' is too much")
              + "; expected "
              + verb.usage());
    }
    return new Arguments(List.copyOf(words), Map.copyOf(options));
  }

  private static IllegalArgumentException unknown(Verb verb, String option) {
    return new IllegalArgumentException(
        verb.word()
            + ": there is no option '"
            + option
            + "'; expected "
            + verb.usage()
            + Messages.didYouMean(option, verb.options()));
  }

  String word(int index) {
    return words.get(index);
  }

  boolean has(String option) {
    return options.containsKey(option);
  }

  /** The value of an option that was given. */
  String value(String option) {
    return Objects.requireNonNull(options.get(option), option);
  }
}
