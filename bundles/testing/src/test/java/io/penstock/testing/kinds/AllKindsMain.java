// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.PathName;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * A program that waits for every kind at once in one thread, and says what it has heard, which
 * threads it has and what waiting takes. Its standard input and output are one of the kinds: each
 * line that it prints is answered by one.
 */
final class AllKindsMain {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final Duration IDLE = Duration.ofSeconds(2);
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults();
  private static final int ROUNDS = 3;

  private final Penstock penstock;
  private final Path folder;
  private final Map<String, ByteSource> sources = new TreeMap<>();
  private final Map<String, ByteSink> sinks = new TreeMap<>();

  private AllKindsMain(Penstock penstock, Path folder) {
    this.penstock = penstock;
    this.folder = folder;
  }

  public static void main(String[] args) throws Exception {
    try (Penstock penstock = Penstock.open()) {
      new AllKindsMain(penstock, Path.of(args[0])).run();
    }
  }

  private Channel open(String endpoint, ChannelOptions options) throws Exception {
    return penstock.channels().open(Endpoint.parse(endpoint), options, SOON);
  }

  private void add(String kind, Channel from, Channel to) {
    sources.put(kind, from.source());
    sinks.put(kind, to.sink());
  }

  private void listening(String kind, String endpoint) throws Exception {
    Listener listener = penstock.channels().listen(Endpoint.parse(endpoint), OPTIONS);
    String bound = listener.endpoint().toString().replace("-listen", "");
    add(kind, open(bound, OPTIONS), listener.accept(SOON));
  }

  private void openAll() throws Exception {
    listening("tcp", "tcp-listen://127.0.0.1:0");
    listening("unix", "unix-listen:" + folder.resolve("s"));
    listening("abstract", "unix-listen:@penstock-" + ProcessHandle.current().pid());
    listening("mem", "mem-listen:all");
    String fifo = "fifo:" + folder.resolve("fifo") + "?create=0600";
    Channel reader = open(fifo, OPTIONS.withDirection(Direction.INPUT));
    add("fifo", reader, open(fifo, OPTIONS.withDirection(Direction.OUTPUT)));
    Posix calls = new PosixAccess(null).calls("test", "a test");
    String second = "fifo:" + folder.resolve("second") + "?create=0600";
    Channel first = open(second, OPTIONS.withDirection(Direction.INPUT));
    Channel writer = open(second, OPTIONS.withDirection(Direction.OUTPUT));
    int flags = Linux.O_RDONLY | Linux.O_NONBLOCK;
    int fd = Linux.check("open", PathName.open(calls, folder.resolve("second"), flags));
    add("fd", open("fd:" + fd + "?own=true", OPTIONS), writer);
    first.close();
    Channel child = open("exec:cat", OPTIONS);
    add("child", child, child);
    Channel terminal = open("shell:stty -echo; echo; cat", OPTIONS.with("pty", "true"));
    // It does not show what is typed any more.
    terminal.source().readUntil(ByteSequence.LF, 9, SOON);
    add("terminal", terminal, terminal);
    Pipe pipe = penstock.pipes().create(PipeOptions.defaults());
    sources.put("pipe", pipe.source());
    sinks.put("pipe", pipe.sink());
    Channel stdio = open("stdio:", OPTIONS);
    add("stdio", stdio, stdio);
  }

  private void run() throws Exception {
    openAll();
    try (Poller poller = penstock.poller()) {
      for (ByteSource source : sources.values()) {
        poller.register(source, Framing.lines(80));
      }
      for (int round = 0; round < ROUNDS; round++) {
        for (Map.Entry<String, ByteSink> each : sinks.entrySet()) {
          each.getValue().writeFully(each.getKey() + " " + round + "\n", SOON);
        }
        Set<String> expected = new TreeSet<>();
        for (String kind : sources.keySet()) {
          expected.add(kind + " " + round);
        }
        Set<String> heard = new TreeSet<>();
        while (heard.size() < expected.size()) {
          for (PollEvent event : poller.poll(SOON)) {
            PollEvent.Data data = (PollEvent.Data) event;
            heard.add(StandardCharsets.UTF_8.decode(data.bytes()).toString().strip());
          }
        }
        check(heard.equals(expected), "heard " + heard);
      }
      Set<String> threads = threads();
      check(threads.isEmpty(), "threads " + threads);
      long before = cpuTime();
      List<PollEvent> events = poller.poll(Wait.upTo(IDLE));
      // Whose thread has ended takes its time along.
      long took = Math.max(0, cpuTime() - before);
      check(events.isEmpty(), "events " + events);
      sinks.get("stdio").writeFully("idle " + took / 1_000_000 + " ms\n", SOON);
    }
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  /** Of the program's threads, without what the virtual machine does beside them. */
  private static long cpuTime() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return LongStream.of(threads.getAllThreadIds())
        .map(threads::getThreadCpuTime)
        .filter(time -> time > 0)
        .sum();
  }

  /** Those that wait for something, and not for work. */
  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("penstock-"))
        .filter(name -> !name.matches("penstock-(worker|timer|reactor|keeper).*"))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
