// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.report.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was found last of each suite of a page; each has files of its own in a folder. */
record Measured(List<Sample> samples, List<String> facts) {
  static Measured read(Path folder, List<String> suites) throws IOException {
    List<Sample> all = new ArrayList<>();
    Map<String, List<String>> facts = new LinkedHashMap<>();
    List<String> measured = new ArrayList<>();
    for (String suite : suites) {
      Path file = folder.resolve(suite + ".tsv");
      if (Files.exists(file)) {
        all.addAll(Sample.read(file));
        measured.add(suite);
        for (String fact : Files.readAllLines(folder.resolve(suite + ".txt"))) {
          facts.computeIfAbsent(fact, key -> new ArrayList<>()).add(suite);
        }
      }
    }
    // What is not so of every suite names those of which it is.
    List<String> lines = new ArrayList<>();
    facts.forEach(
        (fact, of) ->
            lines.add(of.equals(measured) ? fact : fact + " (" + String.join(", ", of) + ")"));
    return new Measured(all, lines);
  }
}
