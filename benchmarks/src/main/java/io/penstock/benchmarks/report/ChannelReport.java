// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.server.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Tells what a run has found of channels, the poller, relays, TLS and SSH. */
public final class ChannelReport extends Page {
  /** The name of the page. */
  public static final String NAME = "performance-channels";

  private static final String SUMMARY = "**";

  /** The line of the pipe's page that names this one. */
  static final String LINK =
      "The pipe in memory. Channels, the poller, relays, TLS and SSH: ["
          + NAME
          + ".md]("
          + NAME
          + ".md)";

  /**
   * About these.
   *
   * @param facts of the machine and the run, a line each
   * @param notes Markdown for the end, may be empty
   */
  public ChannelReport(List<Sample> samples, List<String> facts, String notes) {
    super(samples, ChannelGates.all(), facts, notes);
  }

  /** The line of the pipe's page, with what came of the gates if the page is in the folder. */
  static String link(Path folder) throws IOException {
    Path page = folder.resolve(NAME + ".md");
    if (!Files.exists(page)) {
      return LINK;
    }
    return Files.readAllLines(page).stream()
        .filter(line -> line.startsWith(SUMMARY))
        .findFirst()
        .map(summary -> LINK + ": " + summary)
        .orElse(LINK);
  }

  /** Writes the page and its plots, and into the page of the pipe what came of the gates. */
  @Override
  public void write(Path folder, String name) throws IOException {
    super.write(folder, name);
    Path pipe = folder.resolve(Report.NAME + ".md");
    if (Files.exists(pipe)) {
      String link = link(folder);
      Files.write(
          pipe,
          Files.readAllLines(pipe).stream()
              .map(line -> line.startsWith(LINK) ? link : line)
              .toList());
    }
  }

  @Override
  String label(String peer) {
    return Server.valueOf(peer).label();
  }

  @Override
  boolean isOurs(String peer) {
    return Server.valueOf(peer).ours();
  }

  @Override
  List<String> introduction() {
    return List.of(
        "# Performance of channels",
        "",
        "Written by `benchmarks/run`; what is said by hand is in `benchmarks/notes-channels.md`. Every",
        "server is a process of its own on the loopback interface, and one load generator in C drives",
        "them all, so that only the server differs; it refuses a server that loses or changes bytes.",
        "Figures move between machines: compare ratios of one run. Ratios are those of one round, told",
        "as their median (least–greatest). The pipe in memory: [performance.md](performance.md).");
  }

  @Override
  void body(String name) {
    for (String transport : Texts.TRANSPORTS) {
      section(
          name,
          "sockets-" + transport,
          "Into the server, " + transport + ", GB/s",
          chunks(transport, Texts.SOCKET_CHUNKS));
    }
    trips(name);
    section(
        name,
        "pipes",
        "Pipes between processes (FIFOs): round trip of 64 B, and into the server, GB/s",
        Stream.concat(
                chunks(Texts.PIPES, Texts.SOCKET_CHUNKS).stream(),
                Stream.of(
                    column("p50, µs", Kind.P50, Load.QUIET, Texts.PIPES, 64, 1000),
                    column("p99, µs", Kind.P99, Load.QUIET, Texts.PIPES, 64, 1000)))
            .toList());
    for (String transport : Texts.TRANSPORTS) {
      String route = transport + " to " + transport;
      section(
          name,
          "relay-" + transport,
          "Through a relay, " + route + ", GB/s, one way and each of both ways at once",
          Stream.concat(
                  relays(Kind.THROUGHPUT, Texts.RELAY + transport, ""),
                  relays(Kind.THROUGHPUT, Texts.RELAY_BOTH + transport, ", both"))
              .toList());
      section(
          name,
          "relay-cost-" + transport,
          "What a relay costs, " + route + ", seconds of processors for each GB",
          Stream.concat(
                  relays(Kind.CPU, Texts.RELAY + transport, ""),
                  relays(Kind.CPU, Texts.RELAY_BOTH + transport, ", both"))
              .toList());
    }
    section(
        name,
        "poller",
        "Poller: TCP, 64 active clients that wait for the echo of a line of 64 B, beside idle ones",
        List.of(
            column("thousand requests/s", Kind.REQUESTS, Load.QUIET, "poller", 64, 1),
            column("p50, µs", Kind.P50, Load.QUIET, "poller", 64, 1000),
            column("p99, µs", Kind.P99, Load.QUIET, "poller", 64, 1000),
            column("p99.9, µs", Kind.P99_9, Load.QUIET, "poller", 64, 1000),
            column("heap per idle connection, B", Kind.HEAP, Load.QUIET, "poller", 64, 1)));
    section(
        name,
        "lines",
        "Lines of 100 B, pipelined over TCP",
        List.of(column("million lines/s", Kind.LINES, Load.QUIET, "lines", 100, 1)));
    section(
        name,
        "tls",
        "TLS over TCP, both ends by the same, GB/s",
        chunks("tls", List.of(16384, 262144)));
    section(
        name,
        "ssh",
        "SSH, client to server: into a command and out of one; a command that does nothing;"
            + " a channel in which nothing moves",
        List.of(
            column("push, GB/s", Kind.THROUGHPUT, Load.QUIET, Texts.SSH_PUSH, 65536, 1),
            column("pull, GB/s", Kind.THROUGHPUT, Load.QUIET, Texts.SSH_PULL, 65536, 1),
            column("exec, p50, µs", Kind.P50, Load.QUIET, Texts.SSH_EXEC, 64, 1000),
            column("exec, p99, µs", Kind.P99, Load.QUIET, Texts.SSH_EXEC, 64, 1000),
            column("heap at the client, B", Kind.HEAP, Load.QUIET, Texts.SSH_CLIENT, 64, 1),
            column("heap at the server, B", Kind.HEAP, Load.QUIET, Texts.SSH_SERVER, 64, 1)));
  }

  private static List<Column> chunks(String setting, List<Integer> chunks) {
    return chunks.stream()
        .map(c -> column(Texts.size(c), Kind.THROUGHPUT, Load.QUIET, setting, c, 1))
        .toList();
  }

  private static Stream<Column> relays(Kind kind, String setting, String way) {
    return Texts.SOCKET_CHUNKS.stream()
        .map(c -> column(Texts.size(c) + way, kind, Load.QUIET, setting, c, 1));
  }

  private void trips(String name) {
    for (Kind kind : List.of(Kind.P50, Kind.P99)) {
      String percentile = kind.name().toLowerCase(Locale.ROOT);
      section(
          name,
          "round-trip-" + percentile,
          "Round trip of 64 B, " + percentile + ", µs",
          Texts.TRANSPORTS.stream()
              .flatMap(
                  t ->
                      Stream.of(
                          column(t + ", quiet", kind, Load.QUIET, t, 64, 1000),
                          column(t + ", contended", kind, Load.CONTENDED, t, 64, 1000),
                          column(
                              t + Texts.ONE_PROCESSOR,
                              kind,
                              Load.QUIET,
                              t + Texts.ONE_PROCESSOR,
                              64,
                              1000),
                          column(t + ", spinning", kind, Load.QUIET, t + ", spinning", 64, 1000)))
              .toList());
    }
  }

  private static Column column(
      String title, Kind kind, Load load, String setting, int chunk, double unit) {
    return new Column(title, new Subject(kind, load, setting, "", chunk), unit);
  }

  private void section(String name, String chart, String title, List<Column> columns) {
    section(name, chart, title, Arrays.stream(Server.values()).map(Enum::name), columns);
  }
}
