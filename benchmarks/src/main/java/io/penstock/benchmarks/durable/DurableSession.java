// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import io.penstock.benchmarks.durable.Peer.Place;
import io.penstock.benchmarks.report.DurableReport;
import io.penstock.benchmarks.report.Sample;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The suites of durable pipes, round by round. The workers of a suite, one for each store, wait
 * side by side and take turns.
 */
public final class DurableSession {
  /** In a file, on servers, and how long servers stand still when a leader dies. */
  public static final List<String> SUITES =
      List.of("durable-file", "durable-servers", "durable-failover");

  private static final int SETTLED = 200;
  private static final int MIB = 1 << 20;

  /** Another one appends in the same way. */
  private static final Set<Peer> ALIKE =
      EnumSet.of(
          Peer.PENSTOCK_EACH,
          Peer.PENSTOCK_MANUAL,
          Peer.JNATS_ACKNOWLEDGED,
          Peer.JNATS,
          Peer.KAFKA_COMMITTED);

  private static final int WAITS_FOR_DISK = 200;

  private final Path work;
  private final @Nullable Path heavy;
  private final String program;
  private final boolean brief;
  private final Map<String, List<Sample>> bySuite = new LinkedHashMap<>();
  private final List<String> missing = new ArrayList<>();
  private String suite = "";
  private int round;
  private int numbers;

  private DurableSession(Path target, boolean brief) {
    this.work = target.resolve("durable-work").toAbsolutePath();
    this.brief = brief;
    Path folder = target.resolve("lib-durable").toAbsolutePath();
    this.heavy = Files.isDirectory(folder) ? folder : null;
    this.program = System.getProperty("nats.server", "");
    if (heavy == null) {
      missing.add("Kafka and Artemis, which are not on this machine");
    }
    if (program.isEmpty()) {
      missing.add("what needs servers of NATS, which are not on this machine");
    }
  }

  /**
   * Measures, and keeps samples and facts of each suite in files of its own.
   *
   * @param target has what was built; all stores are there while it lasts
   * @param samples where samples and facts go
   * @param rounds how often; leaders are killed twice as often
   */
  public static void measure(
      Path target, Path samples, int rounds, boolean brief, Set<String> suites, List<String> facts)
      throws Exception {
    DurableSession session = new DurableSession(target, brief);
    Files.createDirectories(samples);
    List<String> names = SUITES.stream().filter(suites::contains).toList();
    for (String name : names) {
      session.suite = name;
      session.fresh();
      try {
        session.run(rounds);
      } finally {
        delete(session.work);
      }
      List<Sample> found = session.bySuite.get(name);
      if (found == null) {
        // Nothing of before may stand for what could not be measured now.
        Files.deleteIfExists(samples.resolve(name + ".tsv"));
        continue;
      }
      Sample.write(samples.resolve(name + ".tsv"), found);
      Files.write(
          samples.resolve(name + ".txt"),
          Stream.concat(facts.stream(), session.facts().stream()).toList());
      System.out.println(name + " is done");
    }
  }

  /** Of what was measured last of each suite; empty if nothing was. */
  public static Optional<DurableReport> report(Path samples, String notes) throws IOException {
    List<Sample> all = new ArrayList<>();
    Map<String, List<String>> facts = new LinkedHashMap<>();
    List<String> measured = new ArrayList<>();
    for (String suite : SUITES) {
      Path file = samples.resolve(suite + ".tsv");
      if (Files.exists(file)) {
        all.addAll(Sample.read(file));
        measured.add(suite);
        for (String fact : Files.readAllLines(samples.resolve(suite + ".txt"))) {
          facts.computeIfAbsent(fact, key -> new ArrayList<>()).add(suite);
        }
      }
    }
    List<String> lines = new ArrayList<>();
    facts.forEach(
        (fact, suites) ->
            lines.add(
                suites.equals(measured) ? fact : fact + " (" + String.join(", ", suites) + ")"));
    return all.isEmpty() ? Optional.empty() : Optional.of(new DurableReport(all, lines, notes));
  }

  private void run(int rounds) throws Exception {
    switch (suite) {
      case "durable-file" -> {
        try (Workers workers = new Workers(Place.FILE, work.toString())) {
          for (round = 0; round < rounds; round++) {
            appendToFiles(workers);
            recover(Place.FILE, work.toString());
          }
        }
      }
      case "durable-servers" -> servers(rounds);
      case "durable-failover" -> failOver(brief ? 1 : 2 * rounds);
      default -> throw new IllegalArgumentException("there is no suite " + suite);
    }
  }

  // ---- what all suites use

  private List<String> facts() throws IOException {
    List<String> facts = new ArrayList<>();
    facts.add("Every worker: `" + String.join(" ", WorkerProcess.JVM) + "`");
    facts.add("Every broker of Kafka: `" + String.join(" ", KafkaBrokers.JVM) + "`");
    facts.add(
        "Disk: "
            + Files.getFileStore(work.getParent()).type()
            + "; 8 KiB and a wait for it take "
            + TimeUnit.NANOSECONDS.toMicros(waitForDisk())
            + " µs in the middle");
    Path folder = heavy;
    if (folder != null) {
      try (Stream<Path> jars = Files.list(folder)) {
        jars.map(each -> each.getFileName().toString())
            .filter(each -> each.startsWith("kafka_") || each.startsWith("artemis-journal"))
            .sorted()
            .forEach(each -> facts.add("From Maven: " + each));
      }
    }
    if (!missing.isEmpty()) {
      facts.add("Not measured: " + String.join("; ", missing));
    }
    return facts;
  }

  /** What one wait for the disk costs, without any store. */
  private long waitForDisk() throws IOException {
    Path file = Files.createDirectories(work).resolve("probe");
    long[] times = new long[brief ? 20 : WAITS_FOR_DISK];
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int i = 0; i < times.length; i++) {
        long begin = System.nanoTime();
        int unused = channel.write(ByteBuffer.allocate(8192));
        channel.force(false);
        times[i] = System.nanoTime() - begin;
      }
    } finally {
      delete(work);
    }
    Arrays.sort(times);
    return times[times.length / 2];
  }

  private boolean isHere(Peer peer) {
    return switch (peer) {
      case ARTEMIS, KAFKA, KAFKA_COMMITTED -> heavy != null;
      case PENSTOCK_FILE, MVSTORE -> true;
      default -> !program.isEmpty();
    };
  }

  private List<Peer> peers(Place place) {
    return Arrays.stream(Peer.values()).filter(p -> p.place() == place && isHere(p)).toList();
  }

  private WorkerProcess worker(Peer peer, String where) throws IOException {
    return new WorkerProcess(peer, where, work.resolve(peer + ".log"));
  }

  private String name() {
    numbers++;
    return "bench-" + numbers;
  }

  private void keep(Kind kind, String setting, Peer peer, int chunk, double value) {
    if (value > 0) {
      bySuite
          .computeIfAbsent(suite, key -> new ArrayList<>())
          .add(
              new Sample(new Subject(kind, Load.QUIET, setting, peer.name(), chunk), round, value));
    }
  }

  /** How long a part is appended: what a file takes meanwhile must fit in its pipe. */
  private int millis() {
    return brief ? 100 : suite.equals("durable-file") ? 600 : 1500;
  }

  /** A worker of each peer that is here. */
  private final class Workers implements AutoCloseable {
    final Map<Peer, WorkerProcess> all = new EnumMap<>(Peer.class);

    Workers(Place place, String where) throws IOException {
      add(place, where);
    }

    void add(Place place, String where) throws IOException {
      try {
        for (Peer peer : peers(place)) {
          // It differs from the default only when it is opened.
          if (peer != Peer.PENSTOCK_TAKEOVER) {
            all.put(peer, worker(peer, where));
          }
        }
      } catch (IOException | RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    /**
     * Lets each append and read, in turns. Each time in another order, for the disk is still busy
     * with what the one before has left.
     */
    void measure(Sync sync, String append, @Nullable String read) throws IOException {
      for (int chunk : DurableReport.CHUNKS) {
        List<Map.Entry<Peer, WorkerProcess>> order = new ArrayList<>(all.entrySet());
        Collections.shuffle(order, new Random((long) round * chunk + chunk));
        for (Map.Entry<Peer, WorkerProcess> each : order) {
          String name = name();
          List<String> found =
              each.getValue().ask("measure " + name + " " + sync + " " + chunk + " " + millis());
          Peer peer = each.getKey();
          keep(Kind.THROUGHPUT, append, peer, chunk, Double.parseDouble(found.get(0)));
          if (read != null) {
            keep(Kind.THROUGHPUT, read, peer, chunk, Double.parseDouble(found.get(1)));
          }
          delete(work.resolve(name));
        }
      }
    }

    @Override
    public void close() {
      all.values().forEach(WorkerProcess::close);
    }
  }

  private void fresh() throws IOException {
    delete(work);
    Files.createDirectories(work);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    }
  }

  // ---- in a file

  private void appendToFiles(Workers workers) throws IOException {
    for (Sync sync : Sync.values()) {
      workers.measure(
          sync,
          DurableReport.file(sync.text()),
          sync == Sync.GROUP ? DurableReport.FILE_READ : null);
    }
  }

  /** A process is killed that has appended so much, and another one opens it. */
  private void recover(Place place, String where) throws Exception {
    int mib = brief ? 2 : DurableReport.RECOVERED_MIB;
    for (Peer peer : peers(place)) {
      if (ALIKE.contains(peer)) {
        continue;
      }
      String name = name();
      try (WorkerProcess filled = worker(peer, where)) {
        List<String> unused = filled.ask("fill " + name + " " + (long) mib * MIB);
      }
      try (WorkerProcess next = worker(peer, where)) {
        double nanos = Double.parseDouble(next.ask("recover " + name).get(0));
        keep(Kind.RECOVERY, DurableReport.recovery(place == Place.FILE), peer, MIB, nanos);
      }
      for (String each : List.of(name, name + Worker.OTHER)) {
        peer.remove(where, each);
        delete(work.resolve(each));
      }
    }
  }

  // ---- on servers

  private void servers(int rounds) throws Exception {
    if (program.isEmpty()) {
      return;
    }
    try (NatsServers nats = NatsServers.start(work.resolve("nats"), program);
        Workers workers = new Workers(Place.NATS, nats.addresses());
        KafkaBrokers kafka = brokers()) {
      if (kafka != null) {
        workers.add(Place.KAFKA, kafka.addresses());
      }
      for (round = 0; round < rounds; round++) {
        workers.measure(Sync.GROUP, DurableReport.SERVERS, DurableReport.SERVERS_READ);
        recover(Place.NATS, nats.addresses());
        if (kafka != null) {
          recover(Place.KAFKA, kafka.addresses());
        }
      }
    }
  }

  private @Nullable KafkaBrokers brokers() throws Exception {
    return heavy == null ? null : KafkaBrokers.start(work.resolve("kafka"), heavy + "/*");
  }

  /** Kills leaders: of Penstock's pipe, of a stream of the library's, of a topic, in turns. */
  private void failOver(int times) throws Exception {
    if (program.isEmpty()) {
      return;
    }
    try (NatsServers nats = NatsServers.start(work.resolve("nats"), program);
        KafkaBrokers kafka = brokers()) {
      for (round = 0; round < times; round++) {
        failOver(Peer.PENSTOCK_SERVERS, nats);
        failOver(Peer.JNATS_FENCED, nats);
        if (kafka != null) {
          failOver(Peer.KAFKA, kafka);
        }
      }
    }
  }

  private void failOver(Peer peer, Servers servers) throws Exception {
    String name = name();
    String stream = peer.stream(name);
    try (WorkerProcess worker = worker(peer, servers.addresses())) {
      List<String> answer = worker.ask("put " + name);
      for (int i = 0; i < SETTLED; i++) {
        answer = worker.next();
      }
      int leader = servers.leader(stream);
      long killed = servers.kill(leader);
      // An append that was on its way may be answered still.
      while (Long.parseLong(answer.get(0)) < killed) {
        answer = worker.next();
      }
      double stall = (double) (Long.parseLong(answer.get(1)) - killed);
      keep(Kind.RECOVERY, DurableReport.FAIL_OVER, peer, 1024, stall);
      servers.start(leader);
    }
    servers.awaitWhole(stream);
    peer.remove(servers.addresses(), name);
  }
}
