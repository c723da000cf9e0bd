// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.report.ChannelReport;
import io.penstock.benchmarks.report.Sample;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.report.Texts;
import io.penstock.benchmarks.server.Address;
import io.penstock.benchmarks.server.Server;
import io.penstock.benchmarks.server.Ssh;
import io.penstock.benchmarks.server.Tls;
import io.penstock.benchmarks.server.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The suites of channels, round by round. All servers of a suite run at once, each a process of its
 * own that waits, and one load generator goes from one to the next, so that what moves on the
 * machine moves for all.
 */
final class ChannelSession {
  static final List<String> SUITES =
      List.of("sockets", "trips", "pipes", "relay", "poller", "lines", "tls", "ssh");

  private static final int ACTIVE = 64;

  /** After so many transfers each way the compiler has come to an end at both sides of SSH. */
  private static final int COMPILED = 12;

  private final Path programs;
  private final Path java = Path.of(System.getProperty("java.home"), "bin", "java");
  private final LoadInC load;

  /** On the processors of the servers, where another one is kept busy. */
  private final LoadInC loadBesides;

  private final boolean brief;
  private final Map<String, List<Sample>> bySuite = new TreeMap<>();
  private final Map<String, Integer> still = new TreeMap<>();
  private String suite = "";
  private int round;

  private ChannelSession(Path programs, boolean brief) {
    this.programs = programs;
    this.load = new LoadInC(programs.resolve("load"), Cores.last());
    this.loadBesides = new LoadInC(programs.resolve("load"), Cores.others());
    this.brief = brief;
  }

  /** Measures, and keeps samples and facts of each suite in files of its own. */
  static void measure(
      Path programs,
      Path samples,
      int rounds,
      boolean brief,
      Set<String> suites,
      List<String> facts)
      throws Exception {
    ChannelSession session = new ChannelSession(programs, brief);
    Files.createDirectories(samples);
    for (session.round = 0; session.round < rounds; session.round++) {
      for (String name : SUITES) {
        if (suites.contains(name)) {
          session.suite = name;
          session.run();
        }
      }
      for (Map.Entry<String, List<Sample>> entry : session.bySuite.entrySet()) {
        Sample.write(samples.resolve(entry.getKey() + ".tsv"), entry.getValue());
        Files.write(
            samples.resolve(entry.getKey() + ".txt"),
            Stream.concat(facts.stream(), session.facts().stream()).toList());
      }
      System.out.println("channels: round " + (session.round + 1) + " of " + rounds + " is done");
    }
  }

  /** Of what was measured last of each suite; empty if nothing was. */
  static Optional<ChannelReport> report(Path samples, String notes) throws IOException {
    Measured measured = Measured.read(samples, SUITES);
    return measured.samples().isEmpty()
        ? Optional.empty()
        : Optional.of(new ChannelReport(measured.samples(), measured.facts(), notes));
  }

  private List<String> facts() {
    List<String> facts = new ArrayList<>();
    facts.add("Rounds: " + (round + 1));
    facts.add("Every JVM: `" + String.join(" ", Server.JVM) + "`");
    facts.add("Poller: " + idle() + " idle connections, " + ACTIVE + " active ones");
    facts.add("TLS: " + Tls.text());
    facts.add("SSH: " + Ssh.text());
    still.forEach(
        (what, times) ->
            facts.add(
                "Stood still for 10 s, and was left out then: " + what + ", turns: " + times));
    List<String> missing =
        Arrays.stream(Server.values())
            .flatMap(s -> s.missing(programs).stream())
            .distinct()
            .toList();
    if (!missing.isEmpty()) {
      facts.add("Not measured: " + String.join("; ", missing));
    }
    return facts;
  }

  private int idle() {
    return brief ? 500 : 10_000;
  }

  private void run() throws Exception {
    switch (suite) {
      case "sockets" -> sockets();
      case "trips" -> trips();
      case "pipes" -> pipes();
      case "relay" -> relay();
      case "poller" -> poller();
      case "lines" -> lines();
      case "tls" -> tls();
      case "ssh" -> ssh();
      default -> throw new IllegalStateException("there is no suite " + suite);
    }
  }

  private void add(Kind kind, Load other, String setting, Server server, int chunk, double value) {
    bySuite
        .computeIfAbsent(suite, key -> new ArrayList<>())
        .add(new Sample(new Subject(kind, other, setting, server.name(), chunk), round, value));
  }

  private Field field() throws IOException {
    return new Field(java, programs, round);
  }

  private int warm(ServerProcess server) {
    return brief ? 50 : server.server().warmUp();
  }

  private int time() {
    return brief ? 50 : 300;
  }

  /**
   * What one figure of a round is the median of. The servers take turns for them, so that what
   * disturbs the machine for a second spoils one measurement of each and not a figure.
   */
  private int turns() {
    return brief ? 1 : 5;
  }

  private <T> Map<T, double[]> inTurns(List<T> servers, Turns.Measurement<T> measurement)
      throws Exception {
    return Turns.take(turns(), servers, measurement);
  }

  private static void startAll(Field field, String transport, Work work) throws IOException {
    field.start(
        transport,
        work.text(),
        Server.PENSTOCK_BLOCKING,
        Server.PENSTOCK_POLLER,
        Server.JDK_BLOCKING,
        Server.JDK_SELECTOR,
        Server.NETTY_NIO,
        Server.NETTY_EPOLL,
        Server.C_BLOCKING,
        Server.C_EPOLL,
        Server.LIBUV);
    if (transport.equals("unix")) {
      field.start(transport, work.text(), Server.JUNIXSOCKET);
    }
  }

  private void sockets() throws Exception {
    for (String transport : Texts.TRANSPORTS) {
      try (Field field = field()) {
        startAll(field, transport, Work.COUNT);
        flood(field.servers, transport, load::flood);
      }
    }
  }

  /** Much at once: GB/s, and how many bytes that were. */
  private interface Flood {
    double[] into(Address address, int chunk, int millis) throws Exception;
  }

  /** With each size, as code that was compiled for another one is compiled anew. */
  private void warmUp(List<ServerProcess> servers, String setting, Flood flood) throws Exception {
    for (ServerProcess server : servers) {
      for (int chunk : Texts.SOCKET_CHUNKS) {
        double[] unused = going(server, setting, flood, chunk, warm(server) / 3);
      }
    }
  }

  private void flood(List<ServerProcess> servers, String setting, Flood flood) throws Exception {
    warmUp(servers, setting, flood);
    for (int chunk : Texts.SOCKET_CHUNKS) {
      inTurns(servers, server -> going(server, setting, flood, chunk, time()))
          .forEach(
              (server, speed) ->
                  add(Kind.THROUGHPUT, Load.QUIET, setting, server.server(), chunk, speed[0]));
    }
  }

  /** A peer that stands still costs its turn, and not the run; the report tells of it. */
  private double[] going(ServerProcess server, String setting, Flood flood, int chunk, int millis)
      throws Exception {
    try {
      return flood.into(server.address(), chunk, millis);
    } catch (LoadInC.StoodStill e) {
      if (server.server().ours()) {
        throw e;
      }
      int unused = still.merge(server.server().label() + ", " + setting, 1, Integer::sum);
      return new double[0];
    }
  }

  private void trips() throws Exception {
    for (String transport : Texts.TRANSPORTS) {
      try (Field field = field();
          Field spinning = field()) {
        startAll(field, transport, Work.ECHO);
        trips(load, field.servers, Load.QUIET, transport, false);
        Process busy = new RingInC(programs.resolve("ring")).spin();
        try {
          trips(loadBesides, field.servers, Load.CONTENDED, transport, false);
        } finally {
          busy.destroyForcibly().waitFor();
        }
        spinning.start(
            transport,
            Work.SPIN.text(),
            Server.PENSTOCK_BLOCKING,
            Server.JDK_BLOCKING,
            Server.C_BLOCKING);
        trips(load, spinning.servers, Load.QUIET, transport + ", spinning", true);
      }
      try (Field beside = field()) {
        // Where the client runs, too.
        beside.start(
            Cores.last(),
            transport,
            Work.ECHO.text(),
            Server.PENSTOCK_BLOCKING,
            Server.PENSTOCK_POLLER,
            Server.JDK_BLOCKING,
            Server.JDK_SELECTOR,
            Server.C_BLOCKING);
        trips(load, beside.servers, Load.QUIET, transport + Texts.ONE_PROCESSOR, false);
      }
    }
  }

  private void trips(
      LoadInC from, List<ServerProcess> servers, Load other, String setting, boolean spin)
      throws Exception {
    // In the second load they are warm.
    if (other == Load.QUIET) {
      for (ServerProcess server : servers) {
        from.trip(server.address(), spin, warm(server));
      }
    }
    inTurns(servers, server -> from.trip(server.address(), spin, time()))
        .forEach(
            (server, times) -> {
              percentiles(other, setting, server.server(), times[0], times[1]);
            });
  }

  private static final Server[] OF_PIPES = {
    Server.PENSTOCK_BLOCKING,
    Server.PENSTOCK_POLLER,
    Server.JDK_BLOCKING,
    Server.C_BLOCKING,
    Server.C_EPOLL,
    Server.LIBUV
  };

  private void pipes() throws Exception {
    try (Field field = field()) {
      field.start(Texts.PIPES, Work.COUNT.text(), OF_PIPES);
      flood(field.servers, Texts.PIPES, load::flood);
    }
    try (Field field = field()) {
      field.start(Texts.PIPES, Work.ECHO.text(), OF_PIPES);
      trips(load, field.servers, Load.QUIET, Texts.PIPES, false);
    }
  }

  private void relay() throws Exception {
    for (String transport : Texts.TRANSPORTS) {
      relay(transport, Texts.RELAY + transport, Work.COUNT, load::flood);
      relay(transport, Texts.RELAY_BOTH + transport, Work.DUPLEX, load::both);
    }
  }

  private void relay(String transport, String setting, Work work, Flood flood) throws Exception {
    try (Field sinks = field();
        Field field = field()) {
      // Half of the work is the relay's, the other half that of generator and sink.
      ServerProcess sink = sinks.start(Cores.last(), Server.C_DIRECT, transport, work.text());
      field.start(
          transport,
          sink.address().text(),
          Server.PENSTOCK_RELAY,
          Server.SOCAT_64,
          Server.SOCAT_256,
          Server.C_RELAY,
          Server.C_SPLICE,
          Server.C_WIDE);
      List<ServerProcess> all = new ArrayList<>(field.servers);
      all.add(sink);
      warmUp(all, setting, flood);
      for (int chunk : Texts.SOCKET_CHUNKS) {
        inTurns(all, server -> relayed(server, setting, chunk, flood))
            .forEach(
                (server, found) -> {
                  Server who = server.server();
                  add(Kind.THROUGHPUT, Load.QUIET, setting, who, chunk, found[0]);
                  if (server != sink) {
                    add(Kind.CPU, Load.QUIET, setting, who, chunk, found[1]);
                  }
                });
      }
    }
  }

  /**
   * GB/s, and seconds of processors for each GB: for long enough that little of it is what a
   * connection costs at its start, and the compiler that is at work on that.
   */
  private double[] relayed(ServerProcess server, String setting, int chunk, Flood flood)
      throws Exception {
    double before = server.cpu();
    double[] found = going(server, setting, flood, chunk, brief ? 50 : 1500);
    return found.length == 0
        ? found
        : new double[] {found[0], (server.cpu() - before) / found[1] * 1e9};
  }

  private static void startEventDriven(Field field, Work work, Server more) throws IOException {
    field.start(
        "tcp",
        work.text(),
        Server.PENSTOCK_POLLER,
        more,
        Server.JDK_SELECTOR,
        Server.JDK_SELECTOR_LENDING,
        Server.NETTY_NIO,
        Server.NETTY_EPOLL,
        Server.C_EPOLL,
        Server.LIBUV);
  }

  private void poller() throws Exception {
    try (Field field = field();
        Clients.All clients = new Clients.All()) {
      startEventDriven(field, Work.REQUESTS, Server.PENSTOCK_SERVER);
      for (ServerProcess server : field.servers) {
        load.warmUp(server.address(), ACTIVE, warm(server));
        // Before the figures: when all these end, much is compiled once more.
        if (server.server().isJava()) {
          double heap = load.heap(server, ACTIVE, idle());
          add(Kind.HEAP, Load.QUIET, "poller", server.server(), 64, heap);
        }
        clients.add(server, load.clients(server.address(), ACTIVE, idle()));
      }
      clients.settle(brief ? 50 : LoadInC.SETTLED);
      inTurns(field.servers, server -> clients.of(server).ask(time(), 3 * time()))
          .forEach(
              (server, figures) -> {
                add(Kind.REQUESTS, Load.QUIET, "poller", server.server(), 64, figures[0] / 1000);
                percentiles(Load.QUIET, "poller", server.server(), figures[1], figures[2]);
                add(Kind.P99_9, Load.QUIET, "poller", server.server(), 64, figures[3]);
              });
      clients.end();
    }
  }

  private void percentiles(Load other, String setting, Server server, double p50, double p99) {
    add(Kind.P50, other, setting, server, 64, p50);
    add(Kind.P99, other, setting, server, 64, p99);
  }

  private void lines() throws Exception {
    try (Field field = field()) {
      startEventDriven(field, Work.LINES, Server.JDK_SELECTOR_IN_PLACE);
      for (ServerProcess server : field.servers) {
        load.lines(server.address(), warm(server));
      }
      inTurns(field.servers, server -> new double[] {load.lines(server.address(), time())})
          .forEach(
              (server, rate) ->
                  add(Kind.LINES, Load.QUIET, "lines", server.server(), 100, rate[0]));
    }
  }

  private void tls() throws Exception {
    try (Certificate certificate = new Certificate();
        Field field = field();
        TlsClients clients = new TlsClients()) {
      Path folder = certificate.folder();
      field.start("tcp", folder.toString(), Server.PENSTOCK_TLS, Server.NETTY_TLS);
      for (ServerProcess server : field.servers) {
        clients.start(server, folder);
      }
      for (TlsClient client : clients.all) {
        client.flood(16384, brief ? 100 : 4000);
      }
      for (int chunk : List.of(16384, 262144)) {
        for (TlsClient client : clients.all) {
          add(
              Kind.THROUGHPUT,
              Load.QUIET,
              "tls",
              client.server(),
              chunk,
              client.flood(chunk, brief ? 100 : 2000));
        }
      }
    }
  }

  /** Commands that take or give so many bytes. */
  private long load() {
    return brief ? 1 << 17 : 1 << 27;
  }

  private void ssh() throws Exception {
    List<Server> present =
        new ArrayList<>(
            Texts.SSH.stream()
                .map(Server::valueOf)
                .filter(server -> server.missing(programs).isEmpty())
                .toList());
    if (present.isEmpty()) {
      return;
    }
    Collections.rotate(present, round);
    try (SshKeys keys = new SshKeys();
        Field field = field();
        SshClients clients = new SshClients(keys.folder())) {
      for (Server server : present) {
        clients.start(server, field);
      }
      for (SshClient client : clients.all) {
        int rounds = client.server().isJava() && !brief ? COMPILED : 1;
        for (int warm = 0; warm < rounds; warm++) {
          client.push(load());
          client.pull(load());
        }
      }
      inTurns(clients.all, client -> new double[] {client.push(load()), client.pull(load())})
          .forEach(
              (client, speeds) -> {
                Server server = client.server();
                add(Kind.THROUGHPUT, Load.QUIET, Texts.SSH_PUSH, server, 65536, speeds[0]);
                add(Kind.THROUGHPUT, Load.QUIET, Texts.SSH_PULL, server, 65536, speeds[1]);
              });
      List<SshProcess> ours =
          clients.all.stream()
              .filter(client -> Texts.SSH_SELF.contains(client.server().name()))
              .map(SshProcess.class::cast)
              .toList();
      for (SshProcess client : ours) {
        client.trips(brief ? 10 : 3000);
      }
      inTurns(ours, client -> client.trips(brief ? 10 : 1000))
          .forEach(
              (client, times) -> {
                percentiles(Load.QUIET, Texts.SSH_EXEC, client.server(), times[0], times[1]);
              });
      idleChannels(ours, field);
    }
  }

  /** What a channel takes in which nothing moves, at either end. */
  private void idleChannels(List<SshProcess> clients, Field field) throws IOException {
    int idle = brief ? 10 : 1000;
    for (SshProcess client : clients) {
      Server server = client.server();
      ServerProcess process =
          field.servers.stream().filter(s -> s.server() == server).findFirst().orElseThrow();
      long before = process.heap();
      add(Kind.HEAP, Load.QUIET, Texts.SSH_CLIENT, server, 64, client.idle(idle));
      double bytes = (double) (process.heap() - before) / idle;
      add(Kind.HEAP, Load.QUIET, Texts.SSH_SERVER, server, 64, bytes);
    }
  }

  /** Clients of SSH, and the daemon of OpenSSH, until they are closed. */
  private final class SshClients implements AutoCloseable {
    final List<SshClient> all = new ArrayList<>();
    private final Path folder;
    private Ssh.@Nullable Daemon daemon;

    SshClients(Path folder) {
      this.folder = folder;
    }

    void start(Server server, Field field) throws IOException {
      if (Texts.SSH_SELF.contains(server.name())) {
        int port = field.start(server, "tcp", folder.toString()).address().port();
        all.add(process(server, port));
        return;
      }
      Ssh.Daemon there = daemon;
      if (there == null) {
        there = Ssh.daemon(Cores.others(), folder);
        daemon = there;
      }
      all.add(
          server == Server.OPENSSH
              ? OpenSsh.start(Cores.last(), there.port(), folder)
              : process(server, there.port()));
    }

    private SshProcess process(Server server, int port) throws IOException {
      return SshProcess.start(
          server, Field.command(Cores.last(), server.sshClient(java, programs, port, folder)));
    }

    @Override
    public void close() throws IOException {
      for (SshClient client : all) {
        client.close();
      }
      Ssh.Daemon there = daemon;
      if (there != null) {
        there.close();
      }
    }
  }

  private final class TlsClients implements AutoCloseable {
    final List<TlsClient> all = new ArrayList<>();

    void start(ServerProcess server, Path folder) throws IOException {
      all.add(
          TlsClient.start(
              server.server(),
              Field.command(Cores.last(), server.server().client(java, server.address(), folder))));
    }

    @Override
    public void close() {
      all.forEach(TlsClient::close);
    }
  }
}
