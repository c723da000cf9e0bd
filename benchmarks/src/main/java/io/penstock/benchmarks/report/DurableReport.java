// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.durable.Peer;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Tells what a run has found of durable pipes, in files and on servers. */
public final class DurableReport extends Page {
  /** The name of the page. */
  public static final String NAME = "performance-durable";

  /** Bytes of an append. */
  public static final List<Integer> CHUNKS = List.of(8192, 65536);

  /** How much is in a file whose process is killed. */
  public static final int RECOVERED_MIB = 64;

  /** A setting: what is read from a file. */
  public static final String FILE_READ = "file, read";

  /** A setting: appends on servers. */
  public static final String SERVERS = "servers, append";

  /** A setting: what is read from servers. */
  public static final String SERVERS_READ = "servers, read";

  /** A setting: how long no append is acknowledged when a leader is killed. */
  public static final String FAIL_OVER = "servers, fail-over";

  /** MiB/s in bytes a nanosecond. */
  private static final double MIB_PER_SECOND = (1 << 20) / 1e9;

  private static final double MILLISECONDS = 1e6;
  private static final List<String> SYNCS = List.of("each", "group", "none");

  private final List<Sample> samples;

  /** A ratio of two peers, for people. */
  private record Cost(String what, Peer ours, Peer theirs) {}

  /**
   * About these.
   *
   * @param facts of the machine and the run, a line each
   * @param notes Markdown for the end, may be empty
   */
  public DurableReport(List<Sample> samples, List<String> facts, String notes) {
    super(samples, gates(), facts, notes);
    this.samples = List.copyOf(samples);
  }

  /** A setting: appends to a file, by what an acknowledgement has survived. */
  public static String file(String sync) {
    return "file, " + sync;
  }

  /** A setting: how long it takes until a next process can append after a kill. */
  public static String recovery(boolean inFile) {
    return inFile ? "file, recovery" : "servers, recovery";
  }

  private static Subject of(Kind kind, String setting, Peer peer, int chunk) {
    return new Subject(kind, Load.QUIET, setting, peer.name(), chunk);
  }

  private static Gate gate(
      String what, boolean aim, Kind kind, String setting, int chunk, Peer ours, Peer theirs) {
    return new Gate(what, aim, of(kind, setting, ours, chunk), List.of(theirs.name()), 1);
  }

  private static Gate onServers(String what, String setting, int chunk, Peer ours, Peer theirs) {
    String title = what + Texts.size(chunk) + (setting.equals(SERVERS) ? " on" : " from");
    return gate(title + " servers", false, Kind.THROUGHPUT, setting, chunk, ours, theirs);
  }

  /** What the design promises: not slower than the library below it, faster than Kafka. */
  static List<Gate> gates() {
    List<Gate> gates = new ArrayList<>();
    for (int chunk : CHUNKS) {
      String size = Texts.size(chunk);
      for (String sync : SYNCS) {
        gates.add(
            gate(
                "appends of " + size + " to a file, " + sync,
                true,
                Kind.THROUGHPUT,
                file(sync),
                chunk,
                Peer.PENSTOCK_FILE,
                Peer.ARTEMIS));
      }
      for (Peer peer : List.of(Peer.JNATS_FENCED, Peer.KAFKA)) {
        gates.add(onServers("appends of ", SERVERS, chunk, Peer.PENSTOCK_SERVERS, peer));
      }
      for (Peer peer : List.of(Peer.JNATS_ACKNOWLEDGED, Peer.KAFKA_COMMITTED)) {
        gates.add(onServers("reads of ", SERVERS_READ, chunk, Peer.PENSTOCK_SERVERS, peer));
      }
      // Neither commits anything.
      for (Peer peer : List.of(Peer.JNATS_FENCED, Peer.KAFKA)) {
        gates.add(
            onServers(
                "reads without a commit of ", SERVERS_READ, chunk, Peer.PENSTOCK_MANUAL, peer));
      }
    }
    for (Peer peer : List.of(Peer.JNATS_FENCED, Peer.KAFKA)) {
      gates.add(
          gate(
              "fail-over, the middle",
              true,
              Kind.RECOVERY,
              FAIL_OVER,
              1024,
              Peer.PENSTOCK_SERVERS,
              peer));
    }
    return List.copyOf(gates);
  }

  @Override
  String label(String peer) {
    return Peer.valueOf(peer).label();
  }

  @Override
  boolean isOurs(String peer) {
    return Peer.valueOf(peer).ours();
  }

  @Override
  List<String> introduction() {
    return List.of(
        "# Performance of durable pipes",
        "",
        "Written by `benchmarks/run`; what is said by hand is in `benchmarks/notes-durable.md`. Each store is used by",
        "a process of its own, and all take turns. All servers run on this machine, and share its disk. A store that",
        "loses, doubles or changes records is refused. Figures move between machines: compare ratios of one run.",
        "Ratios are those of one round, told as their median (least–greatest). The pipe in memory:",
        "[performance.md](performance.md); channels: [performance-channels.md](performance-channels.md).");
  }

  @Override
  void body(String name) {
    section(
        name,
        "file-append",
        "Appends to a file, MiB/s, by what an acknowledgement has survived",
        SYNCS.stream().flatMap(sync -> chunks(sync + ", ", file(sync))).toList());
    section(name, "file-read", "Reads from a file, MiB/s", chunks("", FILE_READ).toList());
    recovery(name, true, "file", "a file with " + RECOVERED_MIB + " MiB");
    section(
        name,
        "servers-append",
        "Appends on three servers, acknowledged by most of them, MiB/s",
        chunks("", SERVERS).toList());
    section(
        name, "servers-read", "Reads from three servers, MiB/s", chunks("", SERVERS_READ).toList());
    limitOfReads();
    recovery(name, false, "servers", RECOVERED_MIB + " MiB on three servers");
    fencing();
    failOver(name);
  }

  private void recovery(String name, boolean inFile, String chart, String what) {
    section(
        name,
        chart + "-recovery",
        "From the opening of "
            + what
            + ", whose writer was killed, to the first acknowledged append, ms",
        List.of(
            new Column(
                "ms",
                of(Kind.RECOVERY, recovery(inFile), Peer.PENSTOCK_FILE, 1 << 20),
                MILLISECONDS)));
  }

  private static Stream<Column> chunks(String prefix, String setting) {
    return CHUNKS.stream()
        .map(
            chunk ->
                new Column(
                    prefix + Texts.size(chunk),
                    of(Kind.THROUGHPUT, setting, Peer.PENSTOCK_FILE, chunk),
                    MIB_PER_SECOND));
  }

  private void section(String name, String chart, String title, List<Column> columns) {
    section(name, chart, title, Arrays.stream(Peer.values()).map(Enum::name), columns);
  }

  /**
   * What it costs that each record names the one before it, alone and with all that a pipe does.
   */
  private void fencing() {
    List<Cost> costs =
        List.of(
            new Cost("the library, fenced, to itself not fenced", Peer.JNATS_FENCED, Peer.JNATS),
            new Cost(
                "Penstock, a record for each write, to the library, fenced",
                Peer.PENSTOCK_EACH,
                Peer.JNATS_FENCED),
            new Cost(
                "Penstock, by default, to the library, not fenced",
                Peer.PENSTOCK_SERVERS,
                Peer.JNATS));
    ratios("Cost of fencing: appends, as ratios", SERVERS, costs);
  }

  /** What the servers and their library leave to a pipe that is built on them. */
  private void limitOfReads() {
    ratios(
        "What the servers give: reads with their library alone, as ratios to Kafka's client",
        SERVERS_READ,
        List.of(
            new Cost("nothing is told to the servers, to Kafka", Peer.JNATS_FENCED, Peer.KAFKA),
            new Cost(
                "acknowledged and removed, to Kafka, committed",
                Peer.JNATS_ACKNOWLEDGED,
                Peer.KAFKA_COMMITTED)));
  }

  private void ratios(String title, String setting, List<Cost> costs) {
    boolean any =
        CHUNKS.stream()
            .anyMatch(c -> figures.of(of(Kind.THROUGHPUT, setting, Peer.JNATS, c)).isPresent());
    if (!any) {
      return;
    }
    head(title, columns("", CHUNKS.stream().map(Texts::size)));
    for (Cost cost : costs) {
      row(
          columns(
              cost.what,
              CHUNKS.stream()
                  .map(
                      chunk ->
                          figures
                              .ratio(
                                  of(Kind.THROUGHPUT, setting, cost.ours, chunk),
                                  of(Kind.THROUGHPUT, setting, cost.theirs, chunk))
                              .map(Page::spread)
                              .orElse("–"))));
    }
  }

  private void failOver(String name) {
    String title =
        "Fail-over: from the kill of the leader to the first acknowledgement of a later append, s";
    List<Peer> measured =
        Arrays.stream(Peer.values()).filter(peer -> times(peer).length > 0).toList();
    if (measured.isEmpty()) {
      return;
    }
    head(title, "", "times", "least", "p50", "p90", "greatest");
    for (Peer peer : measured) {
      double[] sorted = times(peer);
      row(
          peer.label(),
          Integer.toString(sorted.length),
          Texts.number(sorted[0]),
          Texts.number(percentile(sorted, 50)),
          Texts.number(percentile(sorted, 90)),
          Texts.number(sorted[sorted.length - 1]));
    }
    chart(
        "fail-over",
        new Chart(
            title,
            List.of(
                panel(
                    "s",
                    measured.stream().map(peer -> of(Kind.RECOVERY, FAIL_OVER, peer, 1024)),
                    1e9))));
    plot(name, "fail-over");
  }

  /** Seconds, the least first. */
  private double[] times(Peer peer) {
    Subject key = of(Kind.RECOVERY, FAIL_OVER, peer, 1024);
    return samples.stream()
        .filter(sample -> sample.subject().equals(key))
        .mapToDouble(sample -> sample.value() / 1e9)
        .sorted()
        .toArray();
  }

  /** The least figure that so many of a hundred do not exceed. */
  static double percentile(double[] sorted, int percent) {
    return sorted[Math.max(0, (sorted.length * percent + 99) / 100 - 1)];
  }
}
