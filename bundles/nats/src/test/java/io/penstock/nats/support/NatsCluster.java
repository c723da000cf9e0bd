// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.AuthenticationException;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * Servers with JetStream, each a process with a store of its own, that are killed and started. The
 * property {@code penstock.nats.server} names the program; otherwise {@code config/nats-server}
 * says where it is. Without one, tests are skipped.
 */
public final class NatsCluster implements Closeable {
  private static final long SOON = 30;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Pattern META_LEADER = leader("meta_cluster");
  private static final Pattern STREAM_LEADER = leader("cluster");
  private static final Pattern CONNECTIONS = Pattern.compile("\"num_connections\"\\s*:\\s*(\\d+)");
  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  private final List<SocketChannel> reserved = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();
  private final List<Integer> routes = new ArrayList<>();
  private final List<Integer> monitors = new ArrayList<>();
  private final List<@Nullable Process> processes = new ArrayList<>();
  private final Path folder;
  private final String program;
  private String more;
  private final List<Place> places;
  private final @Nullable Configuration configuration;

  /**
   * Where a server runs.
   *
   * @param host where it is reached
   * @param before what its command begins with, such as one that enters a network namespace
   */
  public record Place(String host, List<String> before) {}

  /** What a server is told in place of what they are told otherwise. */
  public interface Configuration {
    /** The text for a server; another file beside it may be written first. */
    String of(NatsCluster cluster, int server) throws IOException;
  }

  private NatsCluster(
      List<Place> places, String more, String program, @Nullable Configuration configuration)
      throws IOException {
    this.configuration = configuration;
    this.program = program;
    this.folder = Files.createTempDirectory("penstock-nats");
    this.places = List.copyOf(places);
    this.more = more;
    for (int i = 0; i < places.size(); i++) {
      ports.add(reserve());
      routes.add(reserve());
      monitors.add(reserve());
      processes.add(null);
    }
  }

  /** Starts servers on this machine; the test is skipped where there is no program. */
  public static NatsCluster start(int size) throws Exception {
    return start(size, "127.0.0.1", "");
  }

  /**
   * Starts servers that are reached at a host.
   *
   * @param more of their configuration
   */
  public static NatsCluster start(int size, String host, String more) throws Exception {
    return start(size, host, more, program());
  }

  /** Starts servers of a program, such as one that {@link #program(String)} gives. */
  public static NatsCluster start(int size, String host, String more, Path program)
      throws Exception {
    return start(Collections.nCopies(size, new Place(host, List.of())), more, program);
  }

  /** Starts a server in each place. */
  public static NatsCluster start(List<Place> places) throws Exception {
    return start(places, "", program());
  }

  /** Starts servers on this machine with a configuration of the caller's. */
  public static NatsCluster start(int size, Configuration configuration) throws Exception {
    return start(
        Collections.nCopies(size, new Place("127.0.0.1", List.of())), "", program(), configuration);
  }

  private static NatsCluster start(List<Place> places, String more, Path program) throws Exception {
    return start(places, more, program, null);
  }

  private static NatsCluster start(
      List<Place> places, String more, Path program, @Nullable Configuration configuration)
      throws Exception {
    NatsCluster made = new NatsCluster(places, more, program.toString(), configuration);
    try {
      for (int i = 0; i < places.size(); i++) {
        made.restart(i);
      }
    } catch (Exception | AssertionError e) {
      made.close();
      throw e;
    }
    return made;
  }

  /** The program; the test is skipped where there is none. */
  public static Path program() throws IOException {
    String named = System.getProperty("penstock.nats.server", "");
    return named.isEmpty() ? program("") : usable(named);
  }

  /**
   * The program of another version; the test is skipped where it cannot be had.
   *
   * @param suite of Debian, such as {@code sid}
   */
  public static Path program(String suite) throws IOException {
    Path root = Path.of("").toAbsolutePath();
    while (root != null && !Files.isDirectory(root.resolve(".ci"))) {
      root = root.getParent();
    }
    String named = "";
    if (root != null) {
      List<String> command = new ArrayList<>();
      command.add(root.resolve("config/nats-server").toString());
      if (!suite.isEmpty()) {
        command.add(suite);
      }
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (BufferedReader told = process.inputReader(StandardCharsets.UTF_8)) {
        String line = told.readLine();
        named = line == null ? "" : line.strip();
      }
    }
    return usable(named);
  }

  private static Path usable(String named) {
    Assumptions.assumeTrue(
        !named.isEmpty() && Files.isExecutable(Path.of(named)),
        "no server of NATS is here; penstock.nats.server names its program");
    return Path.of(named);
  }

  /**
   * A port that the system gives to no one else until all are closed: a server may be killed and
   * come back at any time. A socket that is bound and does not listen keeps it, and lets a server
   * have it.
   */
  private int reserve() throws IOException {
    SocketChannel socket = SocketChannel.open();
    reserved.add(socket);
    socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return socket.socket().getLocalPort();
  }

  /** How many there are. */
  public int size() {
    return ports.size();
  }

  /** The port of a server. */
  public int port(int server) {
    return ports.get(server);
  }

  /** The port at which a server hears the others. */
  public int route(int server) {
    return routes.get(server);
  }

  /** Where the configurations of all are. */
  public Path folder() {
    return folder;
  }

  private String host(int server) {
    return places.get(server).host();
  }

  /**
   * A connection of a test's own. On a busy machine an answer of several servers takes longer than
   * the library waits by default.
   */
  public static Connection connect(String... servers) throws IOException, InterruptedException {
    return Nats.connect(new Options.Builder().servers(servers).connectionTimeout(PATIENCE).build());
  }

  /** Where to connect to. */
  public String url(int server) {
    return "nats://" + host(server) + ":" + ports.get(server);
  }

  /** Where to connect to, of all. */
  public List<String> urls() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < size(); i++) {
      all.add(url(i));
    }
    return all;
  }

  /** Where to connect to, of all, as one text with commas. */
  public String servers() {
    return String.join(",", urls());
  }

  private String text(int server) throws IOException {
    if (configuration != null) {
      return configuration.of(this, server);
    }
    StringBuilder text = new StringBuilder();
    text.append("server_name: s").append(server).append('\n');
    String host = host(server);
    text.append("listen: \"").append(host).append(':').append(port(server)).append("\"\n");
    text.append("http: \"").append(host).append(':').append(monitors.get(server)).append("\"\n");
    text.append("jetstream { store_dir: \"").append(store(server)).append("\" }\n");
    if (size() > 1) {
      text.append("cluster { name: c, listen: \"").append(host).append(':');
      text.append(routes.get(server)).append("\", routes: [");
      for (int i = 0; i < size(); i++) {
        text.append("\"nats://").append(host(i)).append(':').append(routes.get(i)).append("\", ");
      }
      text.append("], no_advertise: true }\n");
    }
    return text.append(more).toString();
  }

  /** Starts one that was killed with the store that it had, and waits until clients can connect. */
  public void restart(int server) throws Exception {
    Path file = folder.resolve("server" + server + ".conf");
    Files.writeString(file, text(server));
    Path log = folder.resolve("server" + server + ".log");
    List<String> command = new ArrayList<>(places.get(server).before());
    command.addAll(List.of(program, "-c", file.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    processes.set(server, process);
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    Thread reader = new Thread(() -> copy(process, log, ready), "log of server " + server);
    reader.setDaemon(true);
    reader.start();
    boolean started = ready.completeOnTimeout(false, SOON, TimeUnit.SECONDS).get();
    assertTrue(started, () -> "a server does not start; the end of " + log + ":\n" + end(log));
  }

  /** Starts those that do not run, and waits until streams can be made on all. */
  public void restartKilled() throws Exception {
    for (int i = 0; i < size(); i++) {
      if (processes.get(i) == null) {
        restart(i);
      }
    }
    awaitReady();
  }

  private static Pattern leader(String of) {
    return Pattern.compile("\"" + of + "\"\\s*:\\s*\\{[^}\\[]*?\"leader\"\\s*:\\s*\"s(\\d+)\"");
  }

  /**
   * Waits until streams can be made on all that run. Servers with a login are ready when one leads.
   */
  public void awaitReady() throws InterruptedException {
    long running = processes.stream().filter(each -> each != null).count();
    if (size() > 1) {
      int unused = leader(META_LEADER, "/jsz", "no server leads");
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SOON);
    while (!hasMade((int) running)) {
      assertTrue(System.nanoTime() < end, "no stream can be made: see " + folder);
      boolean unused = new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
    }
  }

  /** A leader knows for a moment less servers than there are. */
  @SuppressWarnings("try")
  private boolean hasMade(int replicas) throws InterruptedException {
    Options options = new Options.Builder().servers(urls().toArray(String[]::new)).build();
    try (Connection connection = Nats.connect(options)) {
      JetStreamManagement management = connection.jetStreamManagement();
      Object unused =
          management.addStream(
              StreamConfiguration.builder()
                  .name("READY")
                  .subjects("penstock.ready")
                  .storageType(StorageType.Memory)
                  .replicas(replicas)
                  .build());
      return management.deleteStream("READY");
    } catch (AuthenticationException e) {
      return true;
    } catch (IOException | JetStreamApiException e) {
      return false;
    }
  }

  /** Waits until a stream of several servers has a leader, and says which server that is. */
  public int leaderOf(String stream) throws InterruptedException {
    Pattern of =
        Pattern.compile(
            "\"name\"\\s*:\\s*\""
                + Pattern.quote(stream)
                + "\"\\s*,\\s*\"created\".*?"
                + STREAM_LEADER.pattern(),
            Pattern.DOTALL);
    return leader(of, "/jsz?streams=1", "the stream " + stream + " has no leader");
  }

  /**
   * Asks those that run in turn, for nothing tells. Only the leader itself is believed: the others
   * name one that has gone for a while.
   */
  private int leader(Pattern wanted, String page, String otherwise) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SOON);
    while (true) {
      for (int i = 0; i < size(); i++) {
        Process process = processes.get(i);
        Matcher found = wanted.matcher(process == null ? "" : told(i, page));
        if (found.find() && Integer.parseInt(found.group(1)) == i) {
          return i;
        }
      }
      assertTrue(System.nanoTime() < end, otherwise + ": see " + folder);
      boolean unused = new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
    }
  }

  /** Waits until a server has so many connections with clients, and none more. */
  public void awaitConnections(int server, int wanted) throws InterruptedException {
    Pattern count = Pattern.compile("\"num_connections\"\\s*:\\s*" + wanted + "\\b");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SOON);
    for (String told = ""; !count.matcher(told).find(); told = told(server, "/connz")) {
      String now = told;
      assertTrue(System.nanoTime() < end, () -> wanted + " are expected: " + now);
      boolean unused = new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
    }
  }

  /** How many connections with clients a server has now; -1 if it does not tell. */
  public int connections(int server) {
    Matcher found = CONNECTIONS.matcher(told(server, "/connz"));
    return found.find() ? Integer.parseInt(found.group(1)) : -1;
  }

  /** What a server shows to its operators; empty if it does not answer now. */
  private String told(int server, String page) {
    try {
      URI uri = URI.create("http://" + host(server) + ":" + monitors.get(server) + page);
      HttpURLConnection asked = (HttpURLConnection) uri.toURL().openConnection();
      asked.setConnectTimeout((int) TimeUnit.SECONDS.toMillis(1));
      asked.setReadTimeout((int) TimeUnit.SECONDS.toMillis(1));
      try (var body = asked.getInputStream()) {
        return new String(body.readAllBytes(), StandardCharsets.UTF_8);
      }
    } catch (IOException e) {
      return "";
    }
  }

  private static void copy(Process process, Path log, CompletableFuture<Boolean> ready) {
    try (BufferedReader told = process.inputReader(StandardCharsets.UTF_8);
        var to =
            Files.newBufferedWriter(
                log,
                java.nio.file.StandardOpenOption.CREATE,
                java.nio.file.StandardOpenOption.APPEND)) {
      for (String line = told.readLine(); line != null; line = told.readLine()) {
        to.write(line);
        to.newLine();
        to.flush();
        if (line.contains("Server is ready")) {
          boolean unused = ready.complete(true);
        }
      }
    } catch (IOException e) {
      // The process has gone, or the folder.
    } finally {
      boolean unused = ready.complete(false);
    }
  }

  private static String end(Path log) {
    try {
      List<String> lines = Files.readAllLines(log);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** What a server has stored is there. */
  public Path store(int server) {
    return folder.resolve("store" + server);
  }

  /** Kills one as a loss of power would, and waits until it has gone. */
  public void kill(int server) throws InterruptedException {
    Process process = processes.get(server);
    if (process != null) {
      assertTrue(process.destroyForcibly().waitFor(SOON, TimeUnit.SECONDS));
      processes.set(server, null);
    }
  }

  /** Kills several in the same moment, and waits until they have gone. */
  public void kill(List<Integer> servers) throws InterruptedException {
    for (int each : servers) {
      Process process = processes.get(each);
      if (process != null) {
        Object unused = process.destroyForcibly();
      }
    }
    for (int each : servers) {
      kill(each);
    }
  }

  /** How much memory of the machine's one has now, in bytes. */
  public long memory(int server) throws IOException {
    Process process = processes.get(server);
    assertTrue(process != null, "the server does not run");
    Path status = Path.of("/proc", "" + process.pid(), "status");
    Assumptions.assumeTrue(Files.exists(status), "the system does not tell how much memory it has");
    Matcher found = RESIDENT.matcher(Files.readString(status));
    assertTrue(found.find(), () -> status + " has no VmRSS");
    return Long.parseLong(found.group(1)) << 10;
  }

  /** Ends one as an operator does, and waits until it has gone. */
  public void stop(int server) throws InterruptedException {
    Process process = processes.get(server);
    if (process != null) {
      process.destroy();
      assertTrue(process.waitFor(SOON, TimeUnit.SECONDS));
      processes.set(server, null);
    }
  }

  /** Stops one without ending it: it keeps its connections and answers nothing. */
  public void pause(int server) throws Exception {
    signal(server, "STOP");
    Process process = processes.get(server);
    Path threads = Path.of("/proc", process == null ? "" : "" + process.pid(), "task");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SOON);
    // They stop one after the other, and some may still answer meanwhile.
    while (Files.isDirectory(threads) && !haveStopped(threads)) {
      assertTrue(System.nanoTime() < end, "a server goes on although it was stopped");
      boolean unused = new CountDownLatch(1).await(1, TimeUnit.MILLISECONDS);
    }
  }

  private static boolean haveStopped(Path threads) throws IOException {
    try (Stream<Path> all = Files.list(threads)) {
      for (Path each : all.toList()) {
        String stat = Files.readString(each.resolve("stat"));
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
          return false;
        }
      }
      return true;
    }
  }

  /** Lets a paused one go on. */
  public void resume(int server) throws Exception {
    signal(server, "CONT");
  }

  /** Stops one without ending it, by the signal STOP, or lets it go on, by CONT. */
  public void signal(int server, String name) throws Exception {
    Process process = processes.get(server);
    assertTrue(
        process != null
            && new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor() == 0);
  }

  /** Gives all the rest of a configuration, from their next start on. */
  public void configure(String rest) {
    more = rest;
  }

  private Path remembered(int server) {
    return folder.resolve("remembered" + server);
  }

  /** Keeps aside what one that was stopped has stored. */
  public void remember(int server) throws IOException {
    copy(store(server), remembered(server));
  }

  /** Gives one that was stopped what was kept aside, in place of what it has stored. */
  public void rewind(int server) throws IOException {
    forget(server);
    copy(remembered(server), store(server));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path unused = Files.copy(each, to.resolve(from.relativize(each)));
      }
    }
  }

  /** Takes all that one has stored. */
  public void forget(int server) throws IOException {
    delete(store(server));
  }

  /** Kills all, and deletes what they have stored. */
  @Override
  public void close() {
    try {
      for (int i = 0; i < size(); i++) {
        kill(i);
      }
      for (SocketChannel each : reserved) {
        each.close();
      }
      delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes what) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure)
              throws IOException {
            Files.deleteIfExists(each);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
