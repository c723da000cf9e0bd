// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * One step of a storm. As text it is like {@code restart impl 0}; steps are separated by commas.
 *
 * @param action what is done
 * @param target the bundle, or the thing that is configured
 * @param value picks among the values that a configuration may get
 */
record Step(Action action, String target, int value) {

  /** What a step does. */
  enum Action {
    /** Stops and starts a bundle. */
    RESTART,
    /** Refreshes a bundle. */
    REFRESH,
    /** Updates a bundle with its own file, and refreshes it. */
    UPDATE,
    /** Stops a bundle, until a later step starts it. */
    STOP,
    /** Uninstalls a bundle and refreshes, until a later step starts it. */
    UNINSTALL,
    /** Installs and starts a bundle, if it is not there. */
    START,
    /** Changes a value that applies to live objects: no connection is lost. */
    TUNE,
    /** Changes an address. */
    MOVE,
    /** Gives a value that is not allowed, and then a good one: no connection is lost. */
    SPOIL,
    /** Deletes a configuration and makes another one of that name. */
    RENEW
  }

  /** Reads steps as {@link #toString} writes them. */
  static List<Step> parse(String text) {
    return Stream.of(text.split(",")).map(String::strip).map(Step::one).toList();
  }

  private static Step one(String text) {
    String[] words = text.split(" ");
    if (words.length != 3) {
      throw new IllegalArgumentException(
          "'" + text + "' is no step; expected an action, a target and a number");
    }
    return new Step(
        Action.valueOf(words[0].toUpperCase(Locale.ROOT)), words[1], Integer.parseInt(words[2]));
  }

  @Override
  public String toString() {
    return action.name().toLowerCase(Locale.ROOT) + " " + target + " " + value;
  }
}
