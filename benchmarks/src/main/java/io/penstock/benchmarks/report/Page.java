// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.report.Figures.Spread;
import io.penstock.benchmarks.report.Gate.Outcome;
import io.penstock.benchmarks.report.Gate.Verdict;
import io.penstock.benchmarks.report.Sample.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A page in Markdown with plots beside it: what each part of a run says in the same way. */
abstract class Page {
  /** One column of a table: a title and what it is about, of any peer. */
  record Column(String title, Subject of, double unit) {}

  final Figures figures;
  private final List<String> facts;
  private final String notes;
  private final List<Outcome> outcomes;
  private final StringBuilder out = new StringBuilder();
  private final Map<String, Picture> charts = new LinkedHashMap<>();

  Page(List<Sample> samples, List<Gate> gates, List<String> facts, String notes) {
    this.figures = new Figures(samples);
    this.facts = List.copyOf(facts);
    this.notes = notes;
    this.outcomes = gates.stream().map(gate -> gate.judge(figures)).toList();
  }

  /** A peer's, for people. */
  abstract String label(String peer);

  /** Whether it is this product. */
  abstract boolean isOurs(String peer);

  /** What stands between the facts and the notes. */
  abstract void body(String name);

  /** One line: what came of the gates. */
  public String summary() {
    return count(false, Verdict.PASS)
        + " of "
        + (count(false, Verdict.PASS) + count(false, Verdict.MISSED))
        + " gates and "
        + count(true, Verdict.PASS)
        + " of "
        + (count(true, Verdict.PASS) + count(true, Verdict.MISSED))
        + " aims reached.";
  }

  private long count(boolean aim, Verdict verdict) {
    return outcomes.stream()
        .filter(outcome -> outcome.gate().aim() == aim && outcome.verdict() == verdict)
        .count();
  }

  /** Writes FOLDER/NAME.md and the plots in FOLDER/NAME. */
  public void write(Path folder, String name) throws IOException {
    Path plots = Files.createDirectories(folder.resolve(name));
    Files.writeString(folder.resolve(name + ".md"), markdown(name));
    for (Map.Entry<String, Picture> chart : charts.entrySet()) {
      Files.writeString(plots.resolve(chart.getKey() + ".svg"), chart.getValue().svg());
    }
  }

  /** The title and what is to be known before figures are read. */
  abstract List<String> introduction();

  String markdown(String name) {
    out.setLength(0);
    charts.clear();
    introduction().forEach(this::line);
    line("");
    line("**" + summary() + "**");
    long few = outcomes.stream().filter(Outcome::isOfFewRounds).count();
    if (few > 0) {
      line("");
      line(few + " of them are of fewer than " + Outcome.ROUNDS + " rounds and say little.");
    }
    line("");
    for (String fact : facts) {
      line("- " + fact);
    }
    gates();
    body(name);
    if (!notes.isEmpty()) {
      line("");
      out.append(notes);
    }
    return out.toString();
  }

  final void line(String text) {
    out.append(text).append('\n');
  }

  final void head(String title, String... columns) {
    line("");
    line("## " + title);
    line("");
    table(columns);
  }

  final void table(String... columns) {
    row(columns);
    line("|" + "---|".repeat(columns.length));
  }

  final void row(String... cells) {
    line("| " + String.join(" | ", cells) + " |");
  }

  static String[] columns(String first, Stream<String> others) {
    return Stream.concat(Stream.of(first), others).toArray(String[]::new);
  }

  static String spread(Spread spread) {
    return spread.count() == 1
        ? Texts.number(spread.median())
        : Texts.number(spread.median())
            + " ("
            + Texts.number(spread.min())
            + "–"
            + Texts.number(spread.max())
            + ")";
  }

  final String cell(Subject key) {
    return cell(key, 1);
  }

  /** In a larger unit. */
  final String cell(Subject key, double unit) {
    return figures.of(key).map(s -> spread(s.in(unit))).orElse("–");
  }

  private void gates() {
    head("Gates and aims", "what", "measured against", "", "ratio", "bound", "verdict");
    for (Outcome outcome : outcomes) {
      Gate gate = outcome.gate();
      row(
          gate.what(),
          outcome.peer().map(this::label).orElse("–"),
          gate.aim() ? "aim" : "gate",
          outcome.ratio().map(Page::spread).orElse("–"),
          Texts.number(gate.bound()) + (gate.atMost() ? " or less" : " or more"),
          verdict(outcome));
    }
  }

  private static String verdict(Outcome outcome) {
    return switch (outcome.verdict()) {
      case PASS -> "PASS";
      case MISSED -> "**MISSED** by a factor of " + Texts.number(outcome.missing());
      case NOT_MEASURED -> "not measured";
    };
  }

  final Chart.Panel panel(String title, Stream<Subject> keys, double unit) {
    List<Chart.Bar> bars = new ArrayList<>();
    keys.forEach(
        key ->
            figures
                .of(key)
                // A logarithmic scale has no place for what did not move.
                .filter(s -> s.min() > 0)
                .ifPresent(
                    s ->
                        bars.add(
                            new Chart.Bar(
                                shortLabel(key.peer()), s.in(unit), isOurs(key.peer())))));
    return new Chart.Panel(title, bars);
  }

  /** What stands on a bar. */
  String shortLabel(String peer) {
    return label(peer);
  }

  /** Keeps a plot to be written beside the page, and shows it if {@link #plot} does. */
  final void chart(String name, Picture chart) {
    charts.put(name, chart);
  }

  final void plot(String name, String chart) {
    if (charts.containsKey(chart)) {
      line("");
      line("![" + chart + "](" + name + "/" + chart + ".svg)");
    }
  }

  /** A table with a row for each of these peers that was measured, and a plot of it. */
  final void section(
      String name, String chart, String title, Stream<String> peers, List<Column> columns) {
    List<String> measured =
        peers
            .filter(peer -> columns.stream().anyMatch(c -> figures.of(c.of.of(peer)).isPresent()))
            .toList();
    if (measured.isEmpty()) {
      return;
    }
    head(title, columns("", columns.stream().map(Column::title)));
    for (String peer : measured) {
      row(columns(label(peer), columns.stream().map(c -> cell(c.of.of(peer), c.unit))));
    }
    chart(
        chart,
        new Chart(
            title,
            columns.stream()
                .map(c -> panel(c.title, measured.stream().map(c.of::of), c.unit))
                .filter(panel -> !panel.bars().isEmpty())
                .toList()));
    plot(name, chart);
  }
}
