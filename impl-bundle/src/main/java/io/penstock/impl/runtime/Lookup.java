// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.runtime.Census.Found;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Finds an object by its name, or by {@code #ID}. */
final class Lookup {
  private static final int MOST_NAMED = 10;

  private final Census census;

  Lookup(Census census) {
    this.census = census;
  }

  /** Those that have a name, or the one that has a number. */
  List<Found> all(String name) {
    return census.all().stream()
        .filter(found -> name.equals("#" + found.id()) || name.equals(found.name()))
        .toList();
  }

  /** Channels have the name of the listener that has accepted them: the listener is meant. */
  static List<Found> meant(List<Found> found) {
    List<Found> listeners =
        found.stream().filter(each -> each.thing() instanceof ListenerEnd).toList();
    boolean others =
        found.stream()
            .anyMatch(
                each ->
                    !(each.thing() instanceof ListenerEnd)
                        && !(each.thing() instanceof DrivenChannel));
    return listeners.size() == 1 && !others ? listeners : found;
  }

  /**
   * The only one of some kinds.
   *
   * @throws IllegalArgumentException if there is none or more than one
   */
  Found one(String name, Set<String> kinds) {
    List<Found> all = all(Objects.requireNonNull(name, "name"));
    List<Found> fit = meant(all.stream().filter(found -> kinds.contains(found.kind())).toList());
    if (fit.size() == 1) {
      return fit.get(0);
    }
    if (!fit.isEmpty()) {
      throw several(name, fit.stream().map(Lookup::describe).toList());
    }
    if (!all.isEmpty()) {
      throw new IllegalArgumentException(
          "'" + name + "' is " + article(all.get(0).kind()) + ", expected " + either(kinds));
    }
    throw none(
        name,
        census.all().stream()
            .filter(found -> kinds.contains(found.kind()))
            .map(Found::name)
            .toList(),
        either(kinds));
  }

  static IllegalArgumentException several(String name, List<String> numbers) {
    return new IllegalArgumentException(
        "'" + name + "' is the name of several, expected one of " + some(numbers));
  }

  static IllegalArgumentException none(String name, Collection<String> there, String what) {
    return new IllegalArgumentException(
        "there is no "
            + what.replaceFirst("^an? ", "")
            + " named '"
            + name
            + "'; "
            + (there.isEmpty()
                ? "there is none at all"
                : "there are " + some(new TreeSet<>(there))));
  }

  /** Its number, and what it is. */
  static String describe(Found found) {
    String peer =
        found.thing() instanceof DrivenChannel channel
            ? channel.peer().map(address -> " with " + address).orElse("")
            : "";
    return "#" + found.id() + " (" + found.kind() + peer + ")";
  }

  private static String some(Collection<String> all) {
    return all.stream().limit(MOST_NAMED).collect(Collectors.joining(", "))
        + (all.size() > MOST_NAMED ? " and " + (all.size() - MOST_NAMED) + " more" : "");
  }

  private static String article(String kind) {
    return "a " + kind;
  }

  private static String either(Set<String> kinds) {
    return kinds.stream().sorted().map(Lookup::article).collect(Collectors.joining(" or "));
  }
}
