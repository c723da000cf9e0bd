// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.load.Generator;
import io.penstock.benchmarks.load.Trial;
import io.penstock.benchmarks.report.LoadReport;
import io.penstock.benchmarks.report.Sample;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Server;
import io.penstock.benchmarks.server.Work;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The suites of load, round by round: percentiles at a fixed rate, many writers and readers, many
 * connections, idle ones, short ones, and a slow reader. What serves runs as in the suites of
 * channels; what is within a JVM has one of its own for each peer.
 */
final class LoadSession {
  static final List<String> SUITES =
      List.of("latency", "fan", "growth", "memory", "garbage", "churn", "slow", "start");

  /** How many connections ask. */
  private static final int ACTIVE = 64;

  /** Threads of clients that come and go. */
  private static final int VISITORS = 8;

  private static final Server[] EVENT_DRIVEN = {
    Server.PENSTOCK_POLLER, Server.JDK_SELECTOR, Server.NETTY_NIO, Server.NETTY_EPOLL
  };

  private static final Server[] WITH_TLS = {
    Server.PENSTOCK_TLS_POLLER, Server.NETTY_TLS, Server.JDK_TLS
  };

  private final Path programs;
  private final Path java = Path.of(System.getProperty("java.home"), "bin", "java");
  private final Optional<Path> newJava;
  private final boolean brief;
  private final LoadInC load;
  private List<Sample> samples = new ArrayList<>();
  private int round;

  private LoadSession(Path programs, Optional<Path> newJava, boolean brief) {
    this.programs = programs;
    this.newJava = newJava;
    this.brief = brief;
    this.load = new LoadInC(programs.resolve("load"), Cores.last());
  }

  /** Measures, and keeps samples and facts of each suite in files of its own. */
  static void measure(
      Path programs,
      Optional<Path> newJava,
      Path folder,
      int rounds,
      boolean brief,
      Set<String> suites,
      List<String> facts)
      throws Exception {
    Files.createDirectories(folder);
    Map<String, List<Sample>> bySuite = new LinkedHashMap<>();
    LoadSession session = new LoadSession(programs, newJava, brief);
    for (session.round = 0; session.round < rounds; session.round++) {
      for (String suite : SUITES) {
        if (!suites.contains(suite)) {
          continue;
        }
        session.samples = bySuite.computeIfAbsent(suite, key -> new ArrayList<>());
        session.run(suite);
        Sample.write(folder.resolve(suite + ".tsv"), session.samples);
        List<String> all = new ArrayList<>(facts);
        all.add("Rounds: " + (session.round + 1));
        all.add("Every JVM that serves: `" + String.join(" ", Server.JVM) + "`");
        if (suite.equals("growth")) {
          all.add("Connections: " + Capacity.here().text());
        }
        Files.write(folder.resolve(suite + ".txt"), all);
      }
      System.out.println("load: round " + (session.round + 1) + " of " + rounds + " is done");
    }
  }

  /** Of what was measured last of each suite; empty if nothing was. */
  static Optional<LoadReport> report(Path folder, String notes) throws IOException {
    Measured measured = Measured.read(folder, SUITES);
    return measured.samples().isEmpty()
        ? Optional.empty()
        : Optional.of(new LoadReport(measured.samples(), measured.facts(), notes));
  }

  private void run(String suite) throws Exception {
    switch (suite) {
      case "latency" -> latency();
      case "fan" ->
          trials(
              Trial.Subject.FAN,
              "PENSTOCK",
              "PIPED_STREAMS",
              "ARRAY_BLOCKING_QUEUE",
              "OKIO",
              "NETTY");
      case "growth" -> growth();
      case "memory" -> memory();
      case "garbage" -> garbage();
      case "churn" -> churn();
      case "start" -> starts();
      case "slow" -> trials(Trial.Subject.SLOW, "PENSTOCK", "JDK", "NETTY_NIO");
      default -> throw new IllegalStateException("there is no suite " + suite);
    }
  }

  private void add(Kind kind, String setting, Server server, int number, double value) {
    add(kind, setting, server.name(), number, value);
  }

  private void add(Kind kind, String setting, String who, int number, double value) {
    samples.add(new Sample(new Subject(kind, Load.QUIET, setting, who, number), round, value));
  }

  private Field field() throws IOException {
    return new Field(java, programs, round);
  }

  private Asked generator() throws IOException {
    return Asked.start(Field.command(Cores.last(), Server.java(java, Generator.class)));
  }

  /** Milliseconds until a server is as fast as it gets. */
  private int warm(ServerProcess server) {
    return brief ? 50 : server.server().warmUp();
  }

  private void latency() throws Exception {
    try (Field field = field();
        Asked generator = generator()) {
      field.start("tcp", Work.REQUESTS.text(), EVENT_DRIVEN);
      int millis = brief ? 50 : 1000;
      Map<ServerProcess, Double> capacities = new LinkedHashMap<>();
      for (ServerProcess server : field.servers) {
        generator.ask("connect", server.address().text(), ACTIVE);
        generator.ask("closed", warm(server));
        double perSecond = generator.ask("closed", millis)[1];
        generator.ask("disconnect");
        capacities.put(server, perSecond);
        add(Kind.REQUESTS, Texts.CAPACITY, server.server(), ACTIVE, perSecond / 1000);
      }
      // The same for all, or a server would be asked more for being faster.
      double slowest = capacities.values().stream().mapToDouble(d -> d).min().orElseThrow();
      for (ServerProcess server : field.servers) {
        // The compiler of the JVM shares the processor with its server until then.
        generator.ask("connect", server.address().text(), ACTIVE);
        generator.ask("open", slowest / 2, 8 * millis);
        generator.ask("disconnect");
      }
      for (int percent : Texts.RATES) {
        String setting = Texts.latency(percent);
        double perSecond = slowest * percent / 100;
        for (ServerProcess server : field.servers) {
          generator.ask("connect", server.address().text(), ACTIVE);
          generator.ask("open", perSecond, millis / 4);
          double[] found = generator.ask("open", perSecond, 3 * millis);
          generator.ask("disconnect");
          add(Kind.REQUESTS, setting, server.server(), ACTIVE, perSecond / 1000);
          for (int i = 0; i < LoadReport.LATENCIES.size(); i++) {
            add(LoadReport.LATENCIES.get(i), setting, server.server(), ACTIVE, found[i]);
          }
          add(Kind.LATE, setting, server.server(), ACTIVE, found[LoadReport.LATENCIES.size()]);
        }
      }
    }
  }

  private void growth() throws Exception {
    Capacity capacity = Capacity.here();
    for (Server server : EVENT_DRIVEN) {
      try (Field field = field()) {
        ServerProcess process = field.start(server, "tcp", Work.REQUESTS.text());
        load.warmUp(process.address(), ACTIVE, warm(process));
        for (int idle : capacity.steps(brief ? List.of(10, 100) : Texts.GROWTH, ACTIVE)) {
          double[] found =
              load.requests(
                  process.address(), ACTIVE, idle, brief ? 20 : 200, brief ? 50 : 700, () -> {});
          add(Kind.REQUESTS, Texts.GROWTH_TCP, server, idle, found[0] / 1000);
          add(Kind.P99, Texts.GROWTH_TCP, server, idle, found[2]);
        }
      }
    }
    trials(Trial.Subject.PAIRS, "PENSTOCK", "NETTY");
  }

  private void garbage() throws Exception {
    trials(
        Trial.Subject.GARBAGE,
        "PENSTOCK",
        "PIPED_STREAMS",
        "OKIO",
        "ARRAY_BLOCKING_QUEUE",
        "NETTY");
    new Allocations(java, programs, load, round, brief).measure(this::add);
  }

  private void memory() throws Exception {
    trials(
        Trial.Subject.FOOTPRINT,
        "PENSTOCK",
        "PIPED_STREAMS",
        "NIO_PIPE",
        "OKIO",
        "ARRAY_BLOCKING_QUEUE",
        "NETTY");
    connections();
    encrypted();
    new IdleShells(java, programs, round, brief).measure(this::add);
  }

  /** Heap of each connection at the server. */
  private void connections() throws Exception {
    int idle = Capacity.here().atMost(brief ? 100 : 3000, ACTIVE);
    for (Server server :
        List.of(
            Server.PENSTOCK_POLLER,
            Server.PENSTOCK_SERVER,
            Server.JDK_SELECTOR,
            Server.NETTY_NIO,
            Server.NETTY_EPOLL)) {
      try (Field field = field();
          Asked generator = generator()) {
        ServerProcess process = field.start(server, "tcp", Work.REQUESTS.text());
        generator.ask("connect", process.address().text(), ACTIVE);
        generator.ask("closed", warm(process) * 2 / 3);
        add(Kind.HEAP, Texts.MEMORY_TCP, server, 1, load.heap(process, 1, idle));
      }
    }
  }

  private void encrypted() throws Exception {
    int idle = Capacity.here().atMost(brief ? 10 : 500, ACTIVE);
    try (Certificate certificate = new Certificate();
        Field field = field();
        Asked generator = generator()) {
      String folder = certificate.folder().toString();
      field.start("tcp", folder, WITH_TLS);
      for (ServerProcess server : field.servers) {
        generator.ask("hold", server.address().text(), idle / 5, folder);
        long before = server.heap();
        generator.ask("hold", server.address().text(), idle, folder);
        double bytes = (double) (server.heap() - before) / idle;
        add(Kind.HEAP, Texts.MEMORY_TLS, server.server(), 1, bytes);
      }
    }
  }

  private void churn() throws Exception {
    int millis = brief ? 50 : 2000;
    try (Field field = field();
        Asked generator = generator()) {
      field.start("tcp", Work.ECHO.text(), EVENT_DRIVEN);
      for (ServerProcess server : field.servers) {
        // To open and to close runs through far more code than a request does.
        generator.ask("churn", server.address().text(), VISITORS, 3 * warm(server));
      }
      for (ServerProcess server : field.servers) {
        double perSecond = generator.ask("churn", server.address().text(), VISITORS, millis)[0];
        add(Kind.REQUESTS, Texts.CHURN, server.server(), 1, perSecond / 1000);
      }
    }
    try (Certificate certificate = new Certificate();
        Field field = field();
        Asked generator = generator()) {
      String folder = certificate.folder().toString();
      field.start("tcp", folder, WITH_TLS);
      for (ServerProcess server : field.servers) {
        generator.ask("handshakes", server.address().text(), VISITORS, 4 * warm(server), folder);
      }
      for (ServerProcess server : field.servers) {
        double perSecond =
            generator.ask("handshakes", server.address().text(), VISITORS, millis, folder)[0];
        add(Kind.REQUESTS, Texts.HANDSHAKES, server.server(), 1, perSecond / 1000);
      }
    }
  }

  private void starts() throws Exception {
    Map<String, Path> jdks = new LinkedHashMap<>();
    jdks.put(Texts.THIS_JDK, java);
    newJava.ifPresent(path -> jdks.put(Texts.NEW_JDK, path));
    Starts.measure(jdks, brief, this::add);
  }

  /** Measures within JVMs, one for each, and takes what they tell. */
  private void trials(Trial.Subject subject, String... all) throws Exception {
    List<String> order = new ArrayList<>(List.of(all));
    Collections.rotate(order, round);
    for (String who : order) {
      List<String> command =
          new ArrayList<>(
              Server.java(java, Trial.class, subject.text(), who, brief ? "short" : "long"));
      // 50,000 idle pairs have to have room.
      command.add(command.indexOf("-cp"), "-Xmx2g");
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (BufferedReader output =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
        for (String line; (line = output.readLine()) != null; ) {
          List<String> parts = List.of(line.split("\t", -1));
          add(
              Kind.valueOf(parts.get(0)),
              parts.get(1),
              who,
              Integer.parseInt(parts.get(2)),
              Double.parseDouble(parts.get(3)));
        }
        if (process.waitFor() != 0) {
          throw new IOException(subject.text() + " of " + who + " failed");
        }
      } finally {
        process.destroyForcibly();
      }
    }
  }
}
