// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.report.Plot.Axis;
import io.penstock.benchmarks.report.Plot.Panel;
import io.penstock.benchmarks.report.Plot.Point;
import io.penstock.benchmarks.report.Plot.Scale;
import io.penstock.benchmarks.report.Plot.Series;
import io.penstock.benchmarks.report.Plot.Tick;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.server.Server;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Tells what users see under load: percentiles, many connections, memory, and slow readers. */
public final class LoadReport extends Page {
  /** The name of the page. */
  public static final String NAME = "performance-load";

  /** Times of requests at a fixed rate, as they are measured: the longest is the last. */
  public static final List<Kind> LATENCIES =
      List.of(Kind.P50, Kind.P90, Kind.P99, Kind.P99_9, Kind.P99_99, Kind.MAX);

  private static final List<String> PERCENTILES =
      List.of("50 %", "90 %", "99 %", "99.9 %", "99.99 %", "max");

  private static final String JDK = "JDK";

  /** How many connections ask at once, wherever requests are told of. */
  private static final int ACTIVE = 64;

  /** What a bar of garbage has at least, as a logarithmic scale has no 0. */
  private static final double LEAST_GARBAGE = .01;

  /**
   * About these.
   *
   * @param facts of the machine and the run, a line each
   * @param notes Markdown for the end, may be empty
   */
  public LoadReport(List<Sample> samples, List<String> facts, String notes) {
    super(samples, LoadGates.all(), facts, notes);
  }

  @Override
  String label(String peer) {
    if (peer.equals(JDK)) {
      return "JDK SocketChannel";
    }
    return Arrays.stream(Server.values())
        .filter(server -> server.name().equals(peer))
        .findFirst()
        .map(Server::label)
        .orElseGet(() -> Peer.valueOf(peer).label());
  }

  /** What stands for a pipe at Netty is another class than its pair. */
  private String label(Subject subject) {
    if (subject.setting().startsWith(Texts.START) && !isOurs(subject.peer())) {
      return subject.peer().equals(Server.SOCAT_64.name())
          ? "socat"
          : "a program that does nothing";
    }
    return subject.setting().equals(Texts.MEMORY_PIPE) && subject.peer().equals(Gate.NETTY)
        ? "Netty EmbeddedChannel"
        : label(subject.peer()).replaceFirst("( of copies|, flushed).*", "");
  }

  @Override
  boolean isOurs(String peer) {
    return peer.startsWith(Gate.PENSTOCK);
  }

  @Override
  List<String> introduction() {
    return List.of(
        "# Performance under load",
        "",
        "Written by `benchmarks/run`; what is said by hand is in `benchmarks/notes-load.md`. Each server",
        "is a process of its own on the loopback interface, one generator of load for all; what is within a",
        "JVM has one of its own for each peer. Figures move between machines: compare ratios of",
        "one run. Figures are medians of the rounds (least–greatest). See also the pages of",
        "[the pipe](performance.md) and of [channels](performance-channels.md).");
  }

  @Override
  void body(String name) {
    latency(name);
    fan(name);
    growth(name);
    memory(name);
    garbage(name);
    churn(name);
    slow(name);
    start(name);
  }

  // ---- parts of every section

  private static Subject subject(Kind kind, String setting, String who, int number) {
    return new Subject(kind, Load.QUIET, setting, who, number);
  }

  private static Stream<String> all() {
    return Stream.of(
            Arrays.stream(Server.values()).map(Enum::name),
            Arrays.stream(Peer.values()).map(Enum::name),
            Stream.of(JDK))
        .flatMap(names -> names)
        // Ours first.
        .sorted((a, b) -> Boolean.compare(ours(b), ours(a)));
  }

  private static boolean ours(String who) {
    return who.startsWith(Gate.PENSTOCK);
  }

  private List<String> measured(Kind kind, String setting, List<Integer> numbers) {
    return all()
        .filter(
            who ->
                numbers.stream()
                    .anyMatch(n -> figures.of(subject(kind, setting, who, n)).isPresent()))
        .toList();
  }

  /** The numbers of a setting with which something was measured. */
  private List<Integer> numbers(Kind kind, String setting) {
    return figures.subjects().stream()
        .filter(s -> s.kind() == kind && s.setting().equals(setting))
        .map(Subject::chunk)
        .distinct()
        .sorted()
        .toList();
  }

  /** A line of one peer over the numbers. */
  private Series series(Kind kind, String setting, String who, List<Integer> numbers, double unit) {
    List<Point> points = new ArrayList<>();
    for (int number : numbers) {
      figures
          .of(subject(kind, setting, who, number))
          // A logarithmic scale has no place for what did not move.
          .filter(spread -> spread.median() > 0)
          .ifPresent(spread -> points.add(new Point(number, spread.median() / unit)));
    }
    return new Series(label(subject(kind, setting, who, 1)), isOurs(who), points);
  }

  private static List<Panel> panels(Stream<Panel> panels) {
    return panels
        .map(
            panel ->
                new Panel(
                    panel.title(),
                    panel.series().stream().filter(s -> !s.points().isEmpty()).toList()))
        .filter(panel -> !panel.series().isEmpty())
        .toList();
  }

  private void show(String name, String chart, Picture picture) {
    chart(chart, picture);
    plot(name, chart);
  }

  private void show(String name, String chart, String title, Axis x, Axis y, Stream<Panel> panels) {
    List<Panel> full = panels(panels);
    if (!full.isEmpty()) {
      show(name, chart, new Plot(title, x, y, full));
    }
  }

  private Chart.Panel bars(String title, Kind kind, String setting, int number, double unit) {
    List<Chart.Bar> bars = new ArrayList<>();
    for (String who : measured(kind, setting, List.of(number))) {
      Subject subject = subject(kind, setting, who, number);
      figures
          .of(subject)
          .map(spread -> kind == Kind.ALLOCATION ? spread.atLeast(LEAST_GARBAGE) : spread)
          .filter(spread -> spread.min() > 0)
          .ifPresent(
              spread -> bars.add(new Chart.Bar(label(subject), spread.in(unit), isOurs(who))));
    }
    return new Chart.Panel(title, bars);
  }

  private void show(String name, String chart, String title, Stream<Chart.Panel> panels) {
    List<Chart.Panel> full = panels.filter(panel -> !panel.bars().isEmpty()).toList();
    if (!full.isEmpty()) {
      show(name, chart, new Chart(title, full));
    }
  }

  private static Axis counts(String title, List<Integer> numbers) {
    return new Axis(
        title,
        Scale.LOG,
        numbers.stream().map(n -> new Tick(n, String.format("%,d", n).replace('.', ','))).toList());
  }

  private void say(String... lines) {
    line("");
    for (String text : lines) {
      line(text);
    }
  }

  // ---- suites

  private void latency(String name) {
    List<String> who = measured(Kind.P50, Texts.latency(50), List.of(ACTIVE));
    if (who.isEmpty()) {
      return;
    }
    head(
        "Latency at a fixed rate, µs",
        columns(
            "of the slowest one's capacity",
            Stream.of(
                    Stream.of("", "thousand requests/s"),
                    PERCENTILES.stream(),
                    Stream.of("generator late, 99 %"))
                .flatMap(titles -> titles)));
    for (int percent : Texts.RATES) {
      String setting = Texts.latency(percent);
      for (String one : who) {
        row(
            Stream.of(
                    Stream.of(
                        percent + " %",
                        label(one),
                        cell(subject(Kind.REQUESTS, setting, one, ACTIVE))),
                    LATENCIES.stream().map(k -> cell(subject(k, setting, one, ACTIVE), 1000)),
                    Stream.of(cell(subject(Kind.LATE, setting, one, ACTIVE), 1000)))
                .flatMap(cells -> cells)
                .toArray(String[]::new));
      }
    }
    say(
        "A line of 64 B is due at fixed times, over 64 connections in turn, whether those before it were",
        "answered or not; the time until its answer begins when it was due (no coordinated omission). The",
        "rate is a part of the capacity of the slowest of them, measured just before with 64 connections",
        "that each wait for an answer, and so the same for all. The last column is how late the generator",
        "itself was: a time is the server's only as far as it is above that.");
    line("");
    table("capacity", "thousand requests/s");
    for (String one : measured(Kind.REQUESTS, Texts.CAPACITY, List.of(ACTIVE))) {
      row(label(one), cell(subject(Kind.REQUESTS, Texts.CAPACITY, one, ACTIVE)));
    }
    show(
        name,
        "latency",
        "Latency at a fixed rate, by percentile",
        new Axis("percentile", Scale.LOG, percentiles()),
        Axis.log("µs from when it was due"),
        Texts.RATES.stream()
            .map(
                percent ->
                    new Panel(
                        "at " + percent + " % of the slowest one's capacity",
                        who.stream().map(one -> distribution(percent, one)).toList())));
  }

  /** A percentile p is at 1 / (1 - p), so that each nine more is a step; the longest, one more. */
  private static double place(int percentile) {
    return percentile == 0 ? 2 : Math.pow(10, percentile);
  }

  private static List<Tick> percentiles() {
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i < PERCENTILES.size(); i++) {
      ticks.add(new Tick(place(i), PERCENTILES.get(i)));
    }
    return ticks;
  }

  private Series distribution(int percent, String who) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < LATENCIES.size(); i++) {
      double x = place(i);
      figures
          .of(subject(LATENCIES.get(i), Texts.latency(percent), who, ACTIVE))
          .filter(spread -> spread.median() > 0)
          .ifPresent(spread -> points.add(new Point(x, spread.median() / 1000)));
    }
    return new Series(label(who), isOurs(who), points);
  }

  private void fan(String name) {
    record Shape(String setting, String title) {}
    List<Shape> shapes =
        List.of(
            new Shape(Texts.FAN_OUT, "from one writer to N readers"),
            new Shape(Texts.FAN_IN, "from N writers to one reader"),
            new Shape(Texts.FAN_PIPES, "N pipes at once"));
    List<Integer> numbers = numbers(Kind.THROUGHPUT, Texts.FAN_PIPES);
    if (numbers.isEmpty()) {
      return;
    }
    head(
        "Fan-out, fan-in and many pipes, GB/s of all readers together, pieces of 8 KiB",
        columns("", Stream.concat(Stream.of("N ="), numbers.stream().map(String::valueOf))));
    for (Shape shape : shapes) {
      for (String who : measured(Kind.THROUGHPUT, shape.setting, numbers)) {
        row(
            Stream.concat(
                    Stream.of(shape.title, label(who)),
                    numbers.stream()
                        .map(n -> cell(subject(Kind.THROUGHPUT, shape.setting, who, n))))
                .toArray(String[]::new));
      }
    }
    say(
        "Each writer and each reader is a thread. N writers write into one pipe where a pipe may have",
        "several writers (Penstock, ArrayBlockingQueue); of the others one reader reads N pipes in turn.",
        "Netty's threads are the event loops of both sides, which spin before they park.");
    show(
        name,
        "fan",
        "Pieces of 8 KiB from threads to threads",
        counts("N", numbers),
        Axis.log("GB/s"),
        shapes.stream()
            .map(
                shape ->
                    new Panel(
                        shape.title,
                        measured(Kind.THROUGHPUT, shape.setting, numbers).stream()
                            .map(who -> series(Kind.THROUGHPUT, shape.setting, who, numbers, 1))
                            .toList())));
  }

  private void growth(String name) {
    record Kept(String setting, String title) {}
    List<Kept> kept =
        Stream.of(
                new Kept(Texts.GROWTH_TCP, "TCP"),
                new Kept(Texts.GROWTH_SIMULATED, "simulated: channels in memory"))
            .filter(k -> !numbers(Kind.REQUESTS, k.setting).isEmpty())
            .toList();
    for (Kept k : kept) {
      List<Integer> numbers = numbers(Kind.REQUESTS, k.setting);
      head(
          "Growth, " + k.title + ": thousand requests/s; p99, µs; of 64 active beside so many idle",
          columns("", numbers.stream().map(n -> n + " idle")));
      for (String who : measured(Kind.REQUESTS, k.setting, numbers)) {
        row(
            columns(
                label(who),
                numbers.stream()
                    .map(
                        n ->
                            cell(subject(Kind.REQUESTS, k.setting, who, n))
                                + "; "
                                + cell(subject(Kind.P99, k.setting, who, n), 1000))));
      }
    }
    if (kept.isEmpty()) {
      return;
    }
    say(
        "Over TCP the number is bounded by the descriptors and the ports of this machine (see above).",
        "Beyond that pairs of channels in memory stand for connections: they need no descriptors, and the",
        "system has no part in them. They say what the library itself costs, not what a server would.");
    for (Kind kind : List.of(Kind.REQUESTS, Kind.P99)) {
      boolean rate = kind == Kind.REQUESTS;
      List<Integer> numbers =
          kept.stream()
              .flatMap(k -> numbers(kind, k.setting).stream())
              .distinct()
              .sorted()
              .toList();
      show(
          name,
          rate ? "growth-requests" : "growth-p99",
          (rate ? "Requests" : "Percentile 99") + " of 64 active connections beside idle ones",
          Axis.log("idle connections"),
          Axis.log(rate ? "thousand requests/s" : "p99, µs"),
          kept.stream()
              .map(
                  k ->
                      new Panel(
                          k.title,
                          measured(kind, k.setting, numbers).stream()
                              .map(who -> series(kind, k.setting, who, numbers, rate ? 1 : 1000))
                              .toList())));
    }
  }

  private record Thing(String setting, String title, int number) {}

  private void memory(String name) {
    List<Thing> things =
        List.of(
            new Thing(Texts.MEMORY_PIPE, "pipe of 64 KiB", 1),
            new Thing(Texts.MEMORY_PAIR, "pair in memory, both ends", 1),
            new Thing(Texts.MEMORY_TCP, "TCP connection, server", 1),
            new Thing(Texts.MEMORY_TLS, "TLS connection, server", 1),
            new Thing(Texts.MEMORY_SSH_CLIENT, "SSH channel, client", 1),
            new Thing(Texts.MEMORY_SSH_SERVER, "SSH channel, server", 1));
    if (!table("Memory: heap of what is idle", "bytes", Kind.HEAP, things)) {
      return;
    }
    say(
        "What three collections have left, less what they had left before, over the number of them. Of",
        "TCP and TLS it is at the server; each connection was answered once. Netty's EmbeddedChannel, an",
        "ArrayBlockingQueue and the JDK's pipes are what one takes in place of a pipe: the queue is empty,",
        "and the JDK's two ends keep their bytes in the system.");
    showThings(name, "memory", "Heap of what is idle, bytes", Kind.HEAP, things);
  }

  private void garbage(String name) {
    List<Thing> things =
        List.of(
            new Thing(Texts.GARBAGE_PIPE, "pipe, 64 B", 64),
            new Thing(Texts.GARBAGE_PIPE, "pipe, 8 KiB", 8192),
            new Thing(Texts.GARBAGE_PAIR, "pair in memory, request of 64 B", 64),
            new Thing(Texts.GARBAGE_TCP, "TCP, request of 64 B, server", 64),
            new Thing(Texts.GARBAGE_UNIX, "Unix socket, request of 64 B, server", 64),
            new Thing(Texts.GARBAGE_RELAY + "tcp", "TCP, request of 64 B, relay", 64),
            new Thing(Texts.GARBAGE_RELAY + "unix", "Unix socket, request of 64 B, relay", 64),
            new Thing(Texts.GARBAGE_RELAY_FLOOD + "tcp", "TCP, 64 KiB of a flood, relay", 65536),
            new Thing(
                Texts.GARBAGE_RELAY_FLOOD + "unix", "Unix socket, 64 KiB of a flood, relay", 65536),
            new Thing(Texts.GARBAGE_FIFO, "FIFO, 8 KiB, reader", 8192),
            new Thing(Texts.GARBAGE_LINES, "TCP, line of 100 B of a flood, server", 100),
            new Thing(Texts.GARBAGE_TLS, "TLS, 16 KiB of a flood, server", 16384),
            new Thing(Texts.GARBAGE_SSH, "SSH, 32 KiB into a command, server", 32768));
    if (!table("Garbage per operation", "bytes allocated", Kind.ALLOCATION, things)) {
      return;
    }
    say(
        "By what the JVM counts for its threads, when all is warm: of a pipe writer and reader, of a pair",
        "both sides, of a server all its threads. Less than half a byte is the start of the measurement.",
        "Servers run with `"
            + Texts.NO_BOXES
            + "`, without which the JDK's selector makes an `Integer` of 16 B for each event,",
        "in whatever library.");
    showThings(
        name,
        "garbage",
        "Bytes allocated per operation (0.01 stands for less)",
        Kind.ALLOCATION,
        things);
  }

  private boolean table(String title, String value, Kind kind, List<Thing> things) {
    if (things.stream().allMatch(t -> measured(kind, t.setting, List.of(t.number)).isEmpty())) {
      return false;
    }
    head(title, "", "", value);
    for (Thing thing : things) {
      for (String who : measured(kind, thing.setting, List.of(thing.number))) {
        Subject subject = subject(kind, thing.setting, who, thing.number);
        row(thing.title, label(subject), cell(subject));
      }
    }
    return true;
  }

  private void showThings(String name, String chart, String title, Kind kind, List<Thing> things) {
    show(name, chart, title, things.stream().map(t -> bars(t.title, kind, t.setting, t.number, 1)));
  }

  private void churn(String name) {
    List<Thing> things =
        List.of(
            new Thing(Texts.CHURN, "connect, one byte each way, close", 1),
            new Thing(Texts.HANDSHAKES, "the same with a whole TLS handshake", 1));
    if (!table("Churn", "thousand connections/s", Kind.REQUESTS, things)) {
      return;
    }
    say(
        "Eight threads of the JDK's sockets come and go, the same for all; with TLS their half of the",
        "handshake costs as much as the server's, and no session is resumed.");
    showThings(name, "churn", "Thousand connections/s", Kind.REQUESTS, things);
  }

  private void slow(String name) {
    List<String> all = measured(Kind.P99, Texts.SLOW, List.of(0, 1));
    if (all.isEmpty()) {
      return;
    }
    head(
        "A slow reader among fast ones: 1 KiB to each of 16",
        "",
        "readers",
        "p50, µs",
        "p99, µs",
        "p99.9, µs",
        "flat out, GB/s each");
    for (String who : all) {
      for (int slow : List.of(0, 1)) {
        row(
            label(who),
            slow == 0 ? "16 fast" : "15 fast, 1 slow",
            cell(subject(Kind.P50, Texts.SLOW, who, slow), 1000),
            cell(subject(Kind.P99, Texts.SLOW, who, slow), 1000),
            cell(subject(Kind.P99_9, Texts.SLOW, who, slow), 1000),
            cell(subject(Kind.THROUGHPUT, Texts.SLOW, who, slow)));
      }
    }
    say(
        "One thread sends each message to all; a reader that has no room misses it. Times are those of the",
        "fast ones, from when a message was due (2,000 a second) until it was read. The slow one takes",
        "40 KB a second. Flat out is what each fast one gets when messages follow each other at once.");
    show(
        name,
        "slow-p99",
        "The fast readers' p99, µs",
        Stream.of(
            bars("16 fast", Kind.P99, Texts.SLOW, 0, 1000),
            bars("15 fast, 1 slow", Kind.P99, Texts.SLOW, 1, 1000)));
    show(
        name,
        "slow-throughput",
        "The fast readers' GB/s each, flat out",
        Stream.of(
            bars("16 fast", Kind.THROUGHPUT, Texts.SLOW, 0, 1),
            bars("15 fast, 1 slow", Kind.THROUGHPUT, Texts.SLOW, 1, 1)));
  }

  private void start(String name) {
    List<Thing> things = new ArrayList<>();
    for (String jdk : List.of(Texts.THIS_JDK, Texts.NEW_JDK)) {
      things.add(new Thing(Texts.START + jdk, jdk + ", standard input to output", 1));
      things.add(new Thing(Texts.START + jdk + Texts.CHILD, jdk + ", a child", 1));
    }
    if (!table("Start of the command line to its first byte", "ms", Kind.START, things)) {
      return;
    }
    say(
        "From the start of `./penstock relay -u stdio: stdio:` and of `./penstock relay stdio: exec:cat` until",
        "a byte has come through; the archive of classes is there. A program in Java that does nothing",
        "passes one byte on.");
    showThings(name, "start", "From the start to the first byte, ms", Kind.START, things);
  }
}
