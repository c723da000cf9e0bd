// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tells what a run has found, in Markdown with plots beside it. */
public final class Report extends Page {
  /** The page and the folder of its plots. */
  public static final String NAME = "performance";

  /** Throughput of Penstock with other settings, in the order of the report. */
  public static final List<String> SETTINGS =
      List.of(
          "any number of users (the default)",
          "one writer, one reader",
          "8 KiB buffer",
          "1 MiB buffer",
          "direct memory",
          Texts.VIRTUAL);

  private final String choosing;
  private final List<Validity> validity;
  private final List<Integer> withoutLimit;
  private String channels = ChannelReport.LINK;

  /**
   * About these.
   *
   * @param facts of the machine and the run, a line each
   * @param choosing Markdown for the beginning, may be empty
   * @param notes Markdown for the end, may be empty
   */
  public Report(List<Sample> samples, List<String> facts, String choosing, String notes) {
    super(samples, Gate.all(), facts, notes);
    this.choosing = choosing;
    this.validity = Validity.check(figures, facts);
    this.withoutLimit = Validity.withoutLimit(figures);
  }

  /** Whether no peer was held back, and neither was the limit. */
  public boolean valid() {
    return withoutLimit.isEmpty() && validity.stream().allMatch(Validity::valid);
  }

  private String invalid() {
    if (!withoutLimit.isEmpty()) {
      return "INVALID RUN: the ring in C was slower than a peer, so something else ran beside it. ";
    }
    return valid() ? "" : "INVALID RUN: a peer was slower than it can be. ";
  }

  @Override
  public String summary() {
    return invalid() + super.summary();
  }

  @Override
  public void write(Path folder, String name) throws IOException {
    channels = ChannelReport.link(folder);
    super.write(folder, name);
  }

  @Override
  List<String> introduction() {
    List<String> lines = new ArrayList<>(List.of("# Performance", ""));
    choosing.lines().forEach(lines::add);
    lines.addAll(
        List.of(
            "## The pipe in memory",
            "",
            channels,
            "",
            "Written by `benchmarks/run`; what is said by hand is in `benchmarks/choosing.md` and",
            "`benchmarks/notes.md`. Figures move between machines: compare ratios of one run. Ratios are",
            "those of one round, told as their median (least–greatest)."));
    return lines;
  }

  @Override
  void body(String name) {
    throughput(Load.QUIET);
    throughput(Load.CONTENDED);
    plot(name, "throughput-quiet");
    plot(name, "throughput-contended");
    trips();
    plot(name, "round-trip");
    handOver();
    plot(name, "hand-over");
    settings();
    allocation();
    validityTable();
  }

  @Override
  String label(String peer) {
    return peer.equals(Sample.C_RING) ? "limit: ring in C, 2 threads" : Peer.valueOf(peer).label();
  }

  @Override
  boolean isOurs(String peer) {
    return peer.equals(Gate.PENSTOCK);
  }

  private static List<String> peers() {
    return Stream.concat(Arrays.stream(Peer.values()).map(Enum::name), Stream.of(Sample.C_RING))
        .toList();
  }

  private List<String> measured(Kind kind, Load load, String setting, List<Integer> chunks) {
    return peers().stream()
        .filter(
            peer ->
                chunks.stream()
                    .anyMatch(
                        c -> figures.of(new Subject(kind, load, setting, peer, c)).isPresent()))
        .toList();
  }

  private void throughput(Load load) {
    String title = "Throughput, " + load.name().toLowerCase(Locale.ROOT) + ", GB/s";
    Function<String, Function<Integer, Subject>> keys =
        peer -> chunk -> new Subject(Kind.THROUGHPUT, load, Sample.GATES, peer, chunk);
    head(title, columns("", Texts.CHUNKS.stream().map(Texts::size)));
    List<String> measured = measured(Kind.THROUGHPUT, load, Sample.GATES, Texts.CHUNKS);
    for (String peer : measured) {
      row(columns(label(peer), Texts.CHUNKS.stream().map(keys.apply(peer)).map(this::cell)));
    }
    line("");
    line("Penstock's ratio to each:");
    line("");
    table(columns("", Texts.CHUNKS.stream().map(Texts::size)));
    for (String peer : measured) {
      if (!peer.equals(Gate.PENSTOCK)) {
        row(
            columns(
                label(peer),
                Texts.CHUNKS.stream()
                    .map(
                        chunk ->
                            figures
                                .ratio(
                                    keys.apply(Gate.PENSTOCK).apply(chunk),
                                    keys.apply(peer).apply(chunk))
                                .map(Page::spread)
                                .orElse("–"))));
      }
    }
    List<Chart.Panel> panels =
        Texts.CHUNKS.stream()
            .map(
                chunk ->
                    panel(
                        Texts.size(chunk),
                        measured.stream().map(peer -> keys.apply(peer).apply(chunk)),
                        1))
            .toList();
    chart("throughput-" + load.name().toLowerCase(Locale.ROOT), new Chart(title, panels));
  }

  /** What stands before a comma or a parenthesis. */
  @Override
  String shortLabel(String peer) {
    return label(peer).replaceFirst("( of copies|,| \\().*", "");
  }

  private void trips() {
    record Column(String setting, Load load) {
      String title() {
        return (setting.equals(Sample.GATES) ? "" : setting + ", ")
            + load.name().toLowerCase(Locale.ROOT);
      }
    }

    List<Column> columns =
        Stream.of(Sample.GATES, Texts.NEW_JDK, Texts.VIRTUAL)
            .flatMap(setting -> Arrays.stream(Load.values()).map(load -> new Column(setting, load)))
            .filter(c -> !measured(Kind.P50, c.load, c.setting, List.of(1)).isEmpty())
            .toList();
    if (columns.isEmpty()) {
      return;
    }
    for (Kind kind : List.of(Kind.P50, Kind.P99)) {
      head(
          "Round trip of 1 B, " + kind.name().toLowerCase(Locale.ROOT) + ", ns",
          columns("", columns.stream().map(Column::title)));
      for (String peer : peers()) {
        List<String> cells =
            columns.stream().map(c -> cell(new Subject(kind, c.load, c.setting, peer, 1))).toList();
        if (!cells.stream().allMatch("–"::equals)) {
          row(columns(label(peer), cells.stream()));
        }
      }
    }
    chart(
        "round-trip",
        new Chart(
            "Round trip of 1 B, p50, µs",
            columns.stream()
                .map(
                    c ->
                        panel(
                            c.title(),
                            peers().stream()
                                .map(peer -> new Subject(Kind.P50, c.load, c.setting, peer, 1)),
                            1000))
                .toList()));
  }

  private void handOver() {
    List<Load> loads =
        Arrays.stream(Load.values())
            .filter(l -> !measured(Kind.HAND_OVER, l, Sample.GATES, List.of(8192)).isEmpty())
            .toList();
    if (loads.isEmpty()) {
      return;
    }
    Function<Load, Function<String, Subject>> keys =
        load -> peer -> new Subject(Kind.HAND_OVER, load, Sample.GATES, peer, 8192);
    head(
        "Hand-over of an immutable array of 8 KiB, ns",
        columns("", loads.stream().map(load -> load.name().toLowerCase(Locale.ROOT))));
    for (String peer : measured(Kind.HAND_OVER, loads.get(0), Sample.GATES, List.of(8192))) {
      row(columns(label(peer), loads.stream().map(load -> cell(keys.apply(load).apply(peer)))));
    }
    chart(
        "hand-over",
        new Chart(
            "Hand-over of an immutable array of 8 KiB, ns",
            loads.stream()
                .map(
                    load ->
                        panel(
                            load.name().toLowerCase(Locale.ROOT),
                            peers().stream().map(keys.apply(load)),
                            1))
                .toList()));
  }

  private void settings() {
    List<String> settings =
        SETTINGS.stream()
            .filter(
                s ->
                    figures
                        .of(new Subject(Kind.THROUGHPUT, Load.QUIET, s, Gate.PENSTOCK, 8192))
                        .isPresent())
            .toList();
    if (settings.isEmpty()) {
      return;
    }
    head(
        "Penstock with other settings, quiet, GB/s",
        columns("", Texts.CHUNKS.stream().map(Texts::size)));
    for (String setting : settings) {
      row(
          columns(
              setting,
              Texts.CHUNKS.stream()
                  .map(
                      c ->
                          cell(
                              new Subject(
                                  Kind.THROUGHPUT, Load.QUIET, setting, Gate.PENSTOCK, c)))));
    }
  }

  /** How many calls a chunk takes: what is larger than the buffer goes in pieces. */
  private static int calls(int chunk) {
    return Math.max(1, chunk / (64 * 1024));
  }

  private void allocation() {
    List<Subject> keys =
        Stream.of("chunk", "round trip", "hand-over")
            .flatMap(
                setting ->
                    Texts.CHUNKS.stream()
                        .map(
                            c ->
                                new Subject(
                                    Kind.ALLOCATION, Load.QUIET, setting, Gate.PENSTOCK, c)))
            .filter(key -> figures.of(key).isPresent())
            .toList();
    if (keys.isEmpty()) {
      return;
    }
    head(
        "Penstock's allocation, by JMH's gc profiler",
        "per",
        "bytes",
        "less than " + LoadGates.NOTHING + " a call");
    for (Subject key : keys) {
      row(
          key.setting() + (key.setting().equals("chunk") ? " of " + Texts.size(key.chunk()) : ""),
          cell(key),
          figures.of(key).orElseThrow().median() < LoadGates.NOTHING * calls(key.chunk())
              ? "PASS"
              : "**MISSED**");
    }
  }

  private void validityTable() {
    head(
        "Validity",
        columns(
            "ratio to the ring in C, as part of the known one",
            Texts.CHUNKS.stream().limit(5).map(Texts::size)));
    Map<String, List<Validity>> byPeer =
        validity.stream()
            .collect(
                Collectors.groupingBy(Validity::peer, LinkedHashMap::new, Collectors.toList()));
    byPeer.forEach(
        (peer, cells) -> row(columns(label(peer), cells.stream().map(Report::validityCell))));
    line("");
    line(
        "A run in which one of these is below .5 is invalid, but for Agrona's and Okio's, which are");
    line(
        "peers of no quiet gate: Agrona's lie far apart in each run, and Okio's from day to day. So is");
    line(
        "one in which a peer is faster than the ring in C by more than a quarter with chunks below");
    line("8 KiB. From 8 KiB on a peer may be faster than the ring, where each line");
    line("goes from one core to the other only once.");
    if (!withoutLimit.isEmpty()) {
      line("");
      line(
          "**INVALID**: the ring in C was slower than a peer with chunks of "
              + withoutLimit.stream().map(Texts::size).collect(Collectors.joining(", "))
              + ".");
    }
  }

  private static String validityCell(Validity cell) {
    Optional<Double> part = cell.part();
    return part.map(p -> cell.valid() ? Texts.number(p) : "**" + Texts.number(p) + " INVALID**")
        .orElse("–");
  }
}
