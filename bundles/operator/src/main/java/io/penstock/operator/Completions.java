// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.RuntimeDTO;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What may stand at a place of a command. Stateless. */
final class Completions {
  private Completions() {}

  /** The words for the last place. */
  static List<String> of(List<String> words, RuntimeDTO runtime, Collection<String> schemes) {
    if (words.size() < 2) {
      return Verb.names();
    }
    if (!Verb.names().contains(words.get(0))) {
      return List.of();
    }
    Verb verb = Verb.of(words.get(0));
    String before = words.get(words.size() - 2);
    if (words.size() > 2
        && verb.options().contains(before)
        && Arguments.VALUES.containsKey(before)) {
      return before.equals(Arguments.SORT) ? columns(verb, runtime) : List.of();
    }
    List<String> all = new ArrayList<>();
    int place = place(verb, words.subList(1, words.size() - 1));
    if (!verb.kinds().isEmpty() && place == 0) {
      all.addAll(Named.names(runtime, verb.kinds()));
    } else if (verb == Verb.TRACE && place == 1) {
      all.addAll(List.of("on", "off"));
    } else if (verb == Verb.RELAY && place < 2) {
      all.addAll(endpoints(runtime, schemes));
    }
    List<String> rest = new ArrayList<>(verb.options());
    rest.removeAll(words.subList(1, words.size() - 1));
    all.addAll(rest);
    return List.copyOf(all);
  }

  /** How many words stand before the last place that are no options. */
  private static int place(Verb verb, List<String> before) {
    int place = 0;
    for (int i = 0; i < before.size(); i++) {
      if (!before.get(i).startsWith("--")) {
        place++;
      } else if (verb.options().contains(before.get(i))
          && Arguments.VALUES.containsKey(before.get(i))) {
        i++;
      }
    }
    return place;
  }

  private static List<String> columns(Verb verb, RuntimeDTO runtime) {
    List<String> all = new ArrayList<>();
    for (ReportTable.Column column : RuntimeTables.of(verb.word(), runtime).columns()) {
      all.add(column.name());
    }
    all.addAll(all.stream().map(name -> "-" + name).toList());
    return all;
  }

  /** Schemes, and the endpoints that there are; those that are listened at can be connected to. */
  private static Collection<String> endpoints(RuntimeDTO runtime, Collection<String> schemes) {
    Set<String> all = new TreeSet<>();
    for (String scheme : schemes) {
      all.add(scheme + ":");
    }
    runtime.channels().forEach(channel -> all.add(channel.endpoint()));
    for (ListenerDTO listener : runtime.listeners()) {
      String reached = listener.endpoint().replaceFirst("^([a-z0-9+.-]+)-listen:", "$1:");
      if (schemes.contains(reached.substring(0, Math.max(0, reached.indexOf(':'))))) {
        all.add(reached);
      }
    }
    return all;
  }
}
