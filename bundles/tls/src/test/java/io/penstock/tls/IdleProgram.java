// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A program that has much open and nothing to do, and says on standard error what its threads did
 * meanwhile: a virtual machine of its own, in which nobody else's threads count. The arguments:
 *
 * <ul>
 *   <li>{@code idle SECONDS FOLDER}: every kind, in pollers, relays and calls that wait
 *   <li>{@code planted SECONDS FOLDER}: the same, and a loop that looks every 100 ms
 *   <li>{@code threads FEW MANY FOLDER}: connections in one poller, first few, then many
 * </ul>
 */
final class IdleProgram {
  private static final Wait LONG = Wait.upTo(Duration.ofHours(1));
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();

  /** What anything here waits for: bytes that came somewhere. */
  private static final Semaphore CAME = new Semaphore(0);

  private static final List<Object> KEPT = new ArrayList<>();

  private final Poller poller = Bench.PENSTOCK.poller();
  private final Path folder;

  private IdleProgram(Path folder) {
    this.folder = folder;
  }

  /** Runs. */
  public static void main(String[] args) throws Exception {
    IdleProgram program = new IdleProgram(Path.of(args[args.length - 1]));
    switch (args[0]) {
      case "idle", "planted" -> program.idle(args[0].equals("planted"), Integer.parseInt(args[1]));
      case "threads" -> program.threads(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.exit(0);
  }

  // ---- everything open

  private void idle(boolean planted, int seconds) throws Exception {
    poller.start(new Watcher());
    waitInAPollerOfItsOwn();
    openSockets("tcp-listen://127.0.0.1:0");
    openSockets(Bench.listening().toString());
    openSockets("unix-listen:" + folder.resolve("s"));
    openSockets("mem-listen:idle");
    relay();
    pipes();
    fifo();
    child();
    Channel stdio = Bench.CHANNELS.open(Endpoint.parse("stdio:"), PLAIN, Bench.SOON);
    watch(stdio.source());
    if (planted) {
      background("planted", () -> look(Bench.PENSTOCK.poller()));
    }
    settle();
    Map<Integer, Long> before = switches();
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(seconds));
    Map<Integer, Long> after = switches();
    long all = 0;
    StringBuilder who = new StringBuilder();
    for (Map.Entry<Integer, Long> each : after.entrySet()) {
      long more = each.getValue() - before.getOrDefault(each.getKey(), 0L);
      all += more;
      if (more > 0) {
        who.append(' ').append(name(each.getKey())).append('=').append(more);
      }
    }
    System.err.println("threads " + ours());
    System.err.println("switches " + all + who);
  }

  private static void look(Poller other) throws IOException {
    while (true) {
      other.poll(Wait.upTo(Duration.ofMillis(100)), new ChannelHandler() {});
    }
  }

  private void waitInAPollerOfItsOwn() throws Exception {
    Poller other = Bench.PENSTOCK.poller();
    ChannelPair pair = Bench.CHANNELS.pair(PLAIN);
    KEPT.add(pair);
    other.register(
        pair.left().source(),
        Framing.lines(100)
            .withFrameTimeout(Duration.ofHours(1))
            .withIdleTimeout(Duration.ofHours(1)));
    background(
        "polls",
        () -> {
          while (true) {
            other.poll(LONG, new Watcher());
          }
        });
    pass(pair.right().sink());
  }

  /** One connection in the poller, one whose ends are waited for by threads. */
  private void openSockets(String endpoint) throws Exception {
    Listener listener = Bench.CHANNELS.listen(Endpoint.parse(endpoint), PLAIN);
    Channel watched = connect(listener);
    Channel server = listener.accept(Bench.SOON);
    watch(server.source());
    watch(watched.source());
    pass(watched.sink());
    pass(server.sink());
    Channel waiting = connect(listener);
    Channel other = listener.accept(Bench.SOON);
    waitForBytes(waiting.source());
    waitForBytes(other.source());
    pass(waiting.sink());
    pass(other.sink());
    // Half of a frame waits, with a limit.
    watched.sink().writeFully("part", Bench.SOON);
    poller.register(listener, Framing.bytes());
    Listener second =
        Bench.CHANNELS.listen(Endpoint.parse(endpoint.replaceFirst("(idle|s)$", "$12")), PLAIN);
    background("accepts", () -> KEPT.add(second.accept(Wait.forever())));
  }

  private static Channel connect(Listener listener) throws IOException {
    Channel channel =
        listener.endpoint().scheme().startsWith("tls")
            ? Bench.connect(listener)
            : Bench.CHANNELS.open(connecting(listener), PLAIN, Bench.SOON);
    KEPT.add(channel);
    return channel;
  }

  private static Endpoint connecting(Listener listener) {
    return Endpoint.parse(listener.endpoint().toString().replaceFirst("-listen", ""));
  }

  private void relay() throws Exception {
    Relay relay =
        Bench.PENSTOCK
            .relays()
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                Endpoint.parse("echo:"),
                RelayOptions.defaults()
                    .withFork(true)
                    .withRate(1 << 20)
                    .withIdle(LONG)
                    .withTotal(LONG));
    relay.start();
    Channel client = Bench.CHANNELS.open(connecting(relay.listeners().get(0)), PLAIN, Bench.SOON);
    watch(client.source());
    pass(client.sink());
  }

  private void pipes() throws Exception {
    for (boolean in : new boolean[] {true, false}) {
      Pipe pipe = Bench.PENSTOCK.pipes().create(PipeOptions.defaults());
      KEPT.add(pipe);
      if (in) {
        watch(pipe.source());
      } else {
        waitForBytes(pipe.source());
      }
      pass(pipe.sink());
    }
    Pipe named = Bench.PENSTOCK.pipe("idle", PipeOptions.defaults());
    Channel channel =
        Bench.CHANNELS.open(
            Endpoint.parse("pipe:idle"), PLAIN.withDirection(Direction.INPUT), Bench.SOON);
    watch(channel.source());
    pass(named.sink());
  }

  private void fifo() throws Exception {
    Path path = folder.resolve("fifo");
    if (new ProcessBuilder("mkfifo", path.toString()).start().waitFor() != 0) {
      throw new IOException("mkfifo failed");
    }
    Endpoint endpoint = Endpoint.parse("fifo:" + path);
    Channel reader = Bench.CHANNELS.connect(endpoint, PLAIN.withDirection(Direction.INPUT));
    Channel writer =
        Bench.CHANNELS.open(endpoint, PLAIN.withDirection(Direction.OUTPUT), Bench.SOON);
    reader.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
    watch(reader.source());
    pass(writer.sink());
  }

  /** Three streams: each output is read by the poller or by a thread. */
  private void child() throws Exception {
    for (boolean in : new boolean[] {true, false}) {
      Channel child =
          Bench.CHANNELS.open(
              Endpoint.parse("shell:while read x; do echo $x; echo $x >&2; done"),
              PLAIN.with("stderr", "pipe"),
              Bench.SOON);
      ByteSource errors = child.facet(ProcessFacet.class).orElseThrow().errorSource().orElseThrow();
      if (in) {
        watch(child.source());
        watch(errors);
      } else {
        waitForBytes(child.source());
        waitForBytes(errors);
      }
      pass(child.sink());
      came();
    }
  }

  /** Notes that bytes came, and from which peer. */
  private static final class Watcher implements ChannelHandler {
    @Override
    public void opened(Registration listener, Channel channel, Registration client) {
      KEPT.add(channel);
      CAME.release();
    }

    @Override
    public void data(Registration registration, ByteBuffer frame) {
      CAME.release();
    }

    @Override
    public void ended(Registration registration) {
      fatal(new IOException(registration + " has ended"));
    }

    @Override
    public void failed(Registration registration, Throwable cause) {
      fatal(cause);
    }
  }

  private void watch(ByteSource source) {
    poller.register(
        source,
        Framing.lines(100)
            .withFrameTimeout(Duration.ofHours(1))
            .withIdleTimeout(Duration.ofHours(1)));
  }

  private static void waitForBytes(ByteSource source) {
    background(
        "reads",
        () -> {
          while (true) {
            if (source.read(ByteBuffer.allocate(100), Wait.forever()) < 0) {
              throw new IOException("has ended");
            }
            CAME.release();
          }
        });
  }

  /** So that everything was used once. */
  private static void pass(ByteSink sink) throws Exception {
    KEPT.add(sink);
    sink.writeFully("line\n", Bench.SOON);
    came();
  }

  private static void came() throws InterruptedException {
    if (!CAME.tryAcquire(20, TimeUnit.SECONDS)) {
      throw new AssertionError("nothing came");
    }
  }

  // ---- threads

  private interface Task {
    void run() throws Exception;
  }

  private static void background(String name, Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (Exception e) {
                fatal(e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void fatal(Throwable cause) {
    cause.printStackTrace();
    System.exit(3);
  }

  /** The names of the threads that are not the virtual machine's, and how many have each. */
  private static Map<String, Integer> ours() {
    Map<String, Integer> names = new TreeMap<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      ThreadGroup group = thread.getThreadGroup();
      boolean waits = thread.getName().equals("process reaper");
      if (waits || (group != null && group.getName().equals("main") && !isMain(thread))) {
        names.merge(thread.getName().replaceFirst("-\\d+$", ""), 1, Integer::sum);
      }
    }
    return names;
  }

  private static boolean isMain(Thread thread) {
    return thread.getName().equals("main") || thread.getName().equals("DestroyJavaVM");
  }

  /**
   * Waits until threads that only had something to do a while ago are gone, and until the system is
   * not asked anew any more for what is waited for.
   */
  private static void settle() {
    Map<String, Integer> last = Map.of();
    long since = System.nanoTime();
    while (System.nanoTime() - since < TimeUnit.SECONDS.toNanos(9)) {
      Map<String, Integer> now = ours();
      if (!now.equals(last)) {
        last = now;
        since = System.nanoTime();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  /** How often each of those threads was switched to, by its number. */
  private static Map<Integer, Long> switches() throws IOException {
    Set<String> names = new HashSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (ours().containsKey(thread.getName().replaceFirst("-\\d+$", ""))) {
        // So much the system keeps of a name.
        names.add(thread.getName().substring(0, Math.min(15, thread.getName().length())));
      }
    }
    Map<Integer, Long> found = new HashMap<>();
    List<Path> tasks;
    try (Stream<Path> all = Files.list(Path.of("/proc/self/task"))) {
      tasks = all.toList();
    }
    for (Path task : tasks) {
      int number = Integer.parseInt(String.valueOf(task.getFileName()));
      if (names.contains(name(number))) {
        long sum = 0;
        for (String line : Files.readAllLines(task.resolve("status"))) {
          if (line.contains("voluntary_ctxt_switches")) {
            sum += Long.parseLong(line.replaceAll("\\D", ""));
          }
        }
        found.put(number, sum);
      }
    }
    if (found.isEmpty()) {
      throw new AssertionError("found none of " + names);
    }
    return found;
  }

  private static String name(int task) {
    try {
      return Files.readString(Path.of("/proc/self/task/" + task + "/comm")).strip();
    } catch (NoSuchFileException e) {
      // One of the virtual machine's own, such as a compiler's, has ended meanwhile.
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- many connections

  private void threads(int few, int many) throws Exception {
    checkDescriptors(6 * many + 200);
    poller.start(new Watcher());
    List<Listener> listeners = new ArrayList<>();
    for (String endpoint :
        List.of(
            "tcp-listen://127.0.0.1:0",
            Bench.listening().toString(),
            "unix-listen:" + folder.resolve("s"))) {
      listeners.add(Bench.CHANNELS.listen(Endpoint.parse(endpoint), PLAIN));
      poller.register(Objects.requireNonNull(listeners.get(listeners.size() - 1)));
    }
    open(listeners, few);
    settle();
    System.err.println("few " + ours());
    open(listeners, many - few);
    settle();
    System.err.println("many " + ours());
  }

  private static void checkDescriptors(int needed) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.startsWith("Max open files")) {
        String most = line.replaceFirst("Max open files +", "").replaceFirst(" .*", "");
        if (!most.equals("unlimited") && Integer.parseInt(most) < needed) {
          throw new IOException(
              "needs " + needed + " descriptors, 'ulimit -n' allows " + most + "; raise it");
        }
      }
    }
  }

  /** Each says something once, so that it was read. */
  private static void open(List<Listener> listeners, int count) throws Exception {
    for (Listener listener : listeners) {
      for (int i = 0; i < count; i++) {
        Channel channel = connect(listener);
        came();
        pass(channel.sink());
      }
    }
  }
}
