// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import io.penstock.benchmarks.report.Report;
import io.penstock.benchmarks.report.Sample;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.report.Texts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * The suites of the pipe, round by round. In a round all peers take turns, each in a JVM of its
 * own; what is of Penstock alone is measured by JMH.
 */
final class Session {
  private static final List<String> JVM =
      List.of(
          "-Xms1g",
          "-Xmx1g",
          "-XX:+UseParallelGC",
          "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED");
  private static final List<String> BRIEF_SETTINGS = List.of("direct memory", Texts.VIRTUAL);
  private static final String SAMPLES = "samples.tsv";
  private static final String FACTS = "facts.txt";

  static final List<String> SUITES =
      List.of("quiet", "contended", "trip", "hand-over", "settings", "allocation");

  private final Path target;
  private final RingInC ring;
  private final int forks;
  private final boolean brief;
  private final Path java;
  private final Optional<Path> newJava;
  private final List<Sample> samples = new ArrayList<>();
  private int runs;

  private Session(Path target, int forks, boolean brief, Optional<Path> newJava) {
    this.target = target;
    this.ring = new RingInC(target.resolve("ring"));
    this.forks = forks;
    this.brief = brief;
    this.java = Path.of(System.getProperty("java.home"), "bin", "java");
    this.newJava = newJava;
  }

  /**
   * Measures, and keeps the samples and the facts of these suites, and of no others, in a folder.
   */
  static void measure(
      Path target,
      Optional<Path> newJava,
      Path folder,
      int forks,
      boolean brief,
      Set<String> suites,
      List<String> facts)
      throws Exception {
    Session session = new Session(target, forks, brief, newJava);
    Path raw = Files.createDirectories(target.resolve("jmh"));
    try (var old = Files.newDirectoryStream(raw)) {
      for (Path file : old) {
        Files.delete(file);
      }
    }
    session.verify();
    session.run(suites);
    Files.createDirectories(folder);
    Sample.write(folder.resolve(SAMPLES), session.samples);
    Files.write(
        folder.resolve(FACTS),
        Stream.concat(
                facts.stream(),
                Stream.of(
                    "Rounds: "
                        + session.forks
                        + "; a figure of a round is the median of "
                        + InTurns.TURNS
                        + " turns of "
                        + InTurns.MILLIS
                        + " ms, which all peers take, each in a JVM with `"
                        + String.join(" ", JVM)
                        + "`",
                    "Peers: "
                        + String.join(
                            ", ",
                            Arrays.stream(Peer.values())
                                .filter(p -> p != Peer.PENSTOCK && !p.isOurs())
                                .map(p -> p.label() + " (" + p.origin() + ")")
                                .toList())))
            .toList());
  }

  /** Of what was measured last; empty if nothing was. */
  static Optional<Report> report(Path folder, String choosing, String notes) throws IOException {
    Path samples = folder.resolve(SAMPLES);
    return Files.exists(samples)
        ? Optional.of(
            new Report(
                Sample.read(samples), Files.readAllLines(folder.resolve(FACTS)), choosing, notes))
        : Optional.empty();
  }

  private void verify() throws Exception {
    for (int chunk : Texts.CHUNKS) {
      ring.verify(chunk, Shape.BUFFER);
    }
    for (Peer peer : Peer.values()) {
      for (int chunk : Texts.CHUNKS) {
        if (peer != Peer.RAW_SPIN || chunk == 1) {
          Verification.conduit(peer, chunk);
        }
      }
      if (peer.handsOver()) {
        Verification.handOver(peer);
      }
    }
    say("each peer moves each byte");
  }

  private void run(Set<String> suites) throws Exception {
    for (int round = 0; round < forks; round++) {
      if (suites.contains("quiet")) {
        quiet(round);
      }
      if (suites.contains("trip")) {
        trips(round, Load.QUIET);
        virtual(round);
      }
      if (suites.contains("hand-over")) {
        handOver(round, Load.QUIET);
      }
      if (suites.contains("contended")) {
        contended(round, suites);
      }
      if (suites.contains("settings") && round < 2) {
        settings(round);
      }
      if (suites.contains("allocation") && round == 0) {
        allocation();
      }
      say("round " + (round + 1) + " of " + forks + " is done");
    }
  }

  private void contended(int round, Set<String> suites) throws Exception {
    Process busy = ring.spin();
    try {
      throughput(
          round,
          Load.CONTENDED,
          List.of(Peer.PENSTOCK, Peer.PIPED_STREAMS, Peer.OKIO, Peer.ARRAY_BLOCKING_QUEUE));
      if (suites.contains("trip")) {
        trips(round, Load.CONTENDED);
      }
      if (suites.contains("hand-over")) {
        handOver(round, Load.CONTENDED);
      }
      if (!busy.isAlive()) {
        throw new IllegalStateException("what was to keep a core busy has ended too soon");
      }
    } finally {
      busy.destroyForcibly().waitFor();
    }
  }

  private void quiet(int round) throws Exception {
    throughput(
        round,
        Load.QUIET,
        Arrays.stream(Peer.values()).filter(peer -> peer != Peer.RAW_SPIN).toList());
    if (!brief) {
      List<Peer> peers = List.of(Peer.PENSTOCK, Peer.JCTOOLS);
      try (InTurns pair = chunks(peers, 64, Shape.Users.DEFAULT)) {
        add(Kind.THROUGHPUT, Load.QUIET, Texts.ANY_USERS, 64, round, pair.measure());
      }
    }
  }

  /** The gates of 1 B and 64 B are about one declared writer and reader, the others not. */
  private void throughput(int round, Load load, List<Peer> peers) throws Exception {
    List<Integer> chunks = brief ? List.of(load == Load.QUIET ? 8192 : 65536) : Texts.CHUNKS;
    for (int chunk : chunks) {
      Shape.Users users = chunk <= 64 ? Shape.Users.ONE : Shape.Users.DEFAULT;
      try (InTurns all = chunks(peers, chunk, users)) {
        if (load == Load.QUIET) {
          all.add(
              Sample.C_RING,
              millis -> new double[] {ring.measure(chunk, Shape.BUFFER, millis) / 1e9});
        }
        add(Kind.THROUGHPUT, load, Sample.GATES, chunk, round, all.measure());
      }
    }
  }

  private InTurns chunks(List<Peer> peers, int chunk, Shape.Users users) throws IOException {
    return new InTurns(brief, java, JVM).start(Moves.What.CHUNKS, peers, chunk, users);
  }

  /** Keeps the first number of each peer. */
  private void add(
      Kind kind, Load load, String setting, int chunk, int round, Map<String, double[]> found) {
    found.forEach(
        (peer, numbers) ->
            samples.add(
                new Sample(new Subject(kind, load, setting, peer, chunk), round, numbers[0])));
  }

  private void trips(int round, Load load) throws Exception {
    List<Peer> peers =
        load == Load.QUIET && !brief
            ? List.of(Peer.values())
            : List.of(Peer.PENSTOCK, Peer.PIPED_STREAMS, Peer.OKIO, Peer.ARRAY_BLOCKING_QUEUE);
    trips(Sample.GATES, load, round, peers, new InTurns(brief, java, JVM));
    if (!brief && newJava.isPresent()) {
      List<Peer> fewer =
          peers.stream()
              .filter(p -> p != Peer.NIO_PIPE && p != Peer.NETTY && p != Peer.AGRONA)
              .toList();
      trips(Texts.NEW_JDK, load, round, fewer, new InTurns(brief, newJava.get(), JVM));
    }
  }

  private void virtual(int round) throws Exception {
    if (newJava.isEmpty()) {
      return;
    }
    trips(
        Texts.VIRTUAL,
        Load.QUIET,
        round,
        List.of(
            Peer.PENSTOCK,
            Peer.OKIO,
            Peer.ARRAY_BLOCKING_QUEUE,
            Peer.JCTOOLS,
            Peer.BARE_RING,
            Peer.RAW_SPIN),
        new InTurns(brief, newJava.get(), with(VIRTUAL)));
  }

  private static final List<String> VIRTUAL =
      List.of("-Djmh.executor=VIRTUAL", "-D" + Partner.VIRTUAL + "=true");

  private static List<String> with(List<String> more) {
    return Stream.concat(JVM.stream(), more.stream()).toList();
  }

  private void trips(String setting, Load load, int round, List<Peer> peers, InTurns turns)
      throws Exception {
    try (turns) {
      turns
          .start(Moves.What.TRIPS, peers, 1, Shape.Users.DEFAULT)
          .measure()
          .forEach(
              (peer, percentiles) -> {
                samples.add(
                    new Sample(
                        new Subject(Kind.P50, load, setting, peer, 1), round, percentiles[0]));
                samples.add(
                    new Sample(
                        new Subject(Kind.P99, load, setting, peer, 1), round, percentiles[1]));
              });
    }
  }

  private void handOver(int round, Load load) throws Exception {
    List<Peer> peers =
        Arrays.stream(Peer.values())
            .filter(peer -> peer.handsOver() && (load == Load.QUIET || !peer.spins()))
            .toList();
    try (InTurns turns = new InTurns(brief, java, JVM)) {
      add(
          Kind.HAND_OVER,
          load,
          Sample.GATES,
          8192,
          round,
          turns.start(Moves.What.ARRAYS, peers, 8192, Shape.Users.DEFAULT).measure());
    }
  }

  private void settings(int round) throws RunnerException {
    for (String setting : brief ? BRIEF_SETTINGS : Report.SETTINGS) {
      boolean virtual = setting.equals(Texts.VIRTUAL);
      Path jvm = virtual ? newJava.orElse(java) : java;
      List<String> more = virtual ? VIRTUAL : List.of();
      if (virtual && newJava.isEmpty()) {
        continue;
      }
      List<Integer> chunks = brief ? List.of(8192) : Texts.CHUNKS;
      ChainedOptionsBuilder options =
          options(Throughput.class, jvm, more)
              .param("chunk", chunks.stream().map(String::valueOf).toArray(String[]::new));
      switch (setting) {
        case "one writer, one reader" -> options.param("users", Shape.Users.ONE.name());
        case "8 KiB buffer" -> options.param("buffer", "8192");
        case "1 MiB buffer" -> options.param("buffer", "1048576");
        case "direct memory" -> options.param("direct", "true");
        default -> {}
      }
      throughput(setting, Load.QUIET, round, options);
    }
  }

  private void throughput(String setting, Load load, int round, ChainedOptionsBuilder options)
      throws RunnerException {
    for (RunResult result : run(options)) {
      int chunk = Integer.parseInt(result.getParams().getParam("chunk"));
      Subject key =
          new Subject(Kind.THROUGHPUT, load, setting, result.getParams().getParam("peer"), chunk);
      samples.add(new Sample(key, round, median(result) * Throughput.writes(chunk) * chunk / 1e9));
    }
  }

  private void allocation() throws RunnerException {
    List<Integer> chunks = brief ? List.of(8192) : Texts.CHUNKS;
    for (RunResult result :
        run(
            allocating(Throughput.class)
                .param("chunk", chunks.stream().map(String::valueOf).toArray(String[]::new)))) {
      int chunk = Integer.parseInt(result.getParams().getParam("chunk"));
      allocation("chunk", chunk, result, Throughput.writes(chunk));
    }
    for (RunResult result : run(allocating(RoundTrip.class))) {
      allocation("round trip", 1, result, 1);
    }
    for (RunResult result : run(allocating(Giving.class))) {
      allocation("hand-over", 8192, result, 1);
    }
  }

  /**
   * For longer than speed is measured, because JMH makes some ten KB of its own in each iteration;
   * and without the samples of single calls, which it keeps in objects.
   */
  private ChainedOptionsBuilder allocating(Class<?> benchmark) {
    return options(benchmark, java)
        .mode(Mode.AverageTime)
        .measurementTime(TimeValue.milliseconds(brief ? 20 : 3000))
        .addProfiler(GCProfiler.class);
  }

  private void allocation(String setting, int chunk, RunResult result, int operations) {
    Result<?> bytes = result.getSecondaryResults().get("gc.alloc.rate.norm");
    if (bytes == null) {
      throw new IllegalStateException(
          "the profiler gave " + result.getSecondaryResults().keySet() + ", no gc.alloc.rate.norm");
    }
    samples.add(
        new Sample(
            new Subject(Kind.ALLOCATION, Load.QUIET, setting, Peer.PENSTOCK.name(), chunk),
            0,
            // Not the mean: in the last iteration JMH makes some hundred KB of its own.
            bytes.getStatistics().getPercentile(50) / operations));
  }

  private static double median(RunResult result) {
    double[] scores =
        result.getBenchmarkResults().stream()
            .map(BenchmarkResult::getIterationResults)
            .flatMap(iterations -> iterations.stream())
            .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
            .sorted()
            .toArray();
    return scores[scores.length / 2];
  }

  private ChainedOptionsBuilder options(Class<?> benchmark, Path jvm) {
    return options(benchmark, jvm, List.of());
  }

  private ChainedOptionsBuilder options(Class<?> benchmark, Path jvm, List<String> more) {
    TimeValue time = TimeValue.milliseconds(brief ? 20 : 150);
    return new OptionsBuilder()
        .include("^" + benchmark.getName().replace(".", "\\.") + "\\.")
        .jvm(jvm.toString())
        .jvmArgs(with(more).toArray(String[]::new))
        .forks(1)
        .warmupIterations(brief ? 1 : 4)
        .warmupTime(time)
        .measurementIterations(brief ? 1 : 3)
        .measurementTime(time)
        .timeout(new TimeValue(20, TimeUnit.SECONDS))
        .shouldFailOnError(true);
  }

  private Iterable<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
    String name = String.format("jmh/%03d", runs++);
    return new Runner(
            options
                .resultFormat(ResultFormatType.JSON)
                .result(target.resolve(name + ".json").toString())
                .output(target.resolve(name + ".txt").toString())
                .build())
        .run();
  }

  private static void say(String text) throws IOException {
    System.out.println(text);
  }
}
