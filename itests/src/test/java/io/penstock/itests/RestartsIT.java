// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Keys;
import io.penstock.itests.support.OpenFiles;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.stream.ByteSequence;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;

/** The bundle stops with channels of every kind open, and starts again, a hundred times. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = {"com.sun.jna", "io.penstock.tls"})
class RestartsIT {
  private static final int ROUNDS = 100;
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions OPTIONS = ChannelOptions.defaults();

  /** Short, for the path of a socket must be. */
  @TempDir Path folder;

  @TempDir Path keyFolder;

  @Test
  void nothingIsLeftOfAnyRound(BundleContext context) throws Exception {
    Keys keys = Keys.selfSigned(keyFolder);
    // The first use opens what the JDK keeps for good.
    for (int i = 0; i < 3; i++) {
      round(context, keys);
    }
    Set<String> before = OpenFiles.channels();
    int children = children();
    for (int i = 0; i < ROUNDS; i++) {
      round(context, keys);
    }
    for (Thread thread : threads()) {
      thread.join(10_000);
    }
    assertEquals(List.of(), threads().stream().map(Thread::getName).toList());
    Set<String> channels = OpenFiles.channels();
    channels.removeAll(before);
    assertEquals(Set.of(), channels);
    assertTrue(children() <= children, "children are left");
    Penstock.implementation(context).start();
  }

  private static int children() {
    return (int) ProcessHandle.current().children().filter(ProcessHandle::isAlive).count();
  }

  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("penstock-"))
        .toList();
  }

  private void round(BundleContext context, Keys keys) throws Exception {
    Penstock.implementation(context).start();
    Set<ProcessHandle> started = use(context, keys);
    Penstock.implementation(context).stop();
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.filter(file -> !file.endsWith("fifo")).toList());
    }
    for (ProcessHandle child : started) {
      child.onExit().get();
    }
  }

  /** Opens one of each kind and has one poller hear from all of them. */
  private Set<ProcessHandle> use(BundleContext context, Keys keys) throws Exception {
    ChannelFactory factory = Services.any(context, ChannelFactory.class, "");
    Poller poller =
        context
            .getServiceObjects(Services.reference(context, Poller.class, "", any -> true))
            .getService();
    List<Channel> peers = new ArrayList<>();
    String name = Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36);
    for (String endpoint :
        List.of(
            "tcp-listen://127.0.0.1:0",
            "unix-listen:" + folder.resolve("s"),
            "unix-listen:@penstock-" + name,
            "mem-listen:" + name,
            "tls-listen://127.0.0.1:0?" + keys.ofServer())) {
      Listener listener = factory.listen(Endpoint.parse(endpoint), OPTIONS);
      String bound =
          endpoint.startsWith("tls")
              ? "tls:" + listener.endpoint().address() + "?" + keys.ofClient()
              : listener.endpoint().toString().replace("-listen", "");
      peers.add(factory.open(Endpoint.parse(bound), OPTIONS, SOON));
      poller.register(listener.accept(SOON).source(), Framing.lines(80));
    }
    Endpoint fifo = Endpoint.parse("fifo:" + folder.resolve("fifo") + "?create=0600");
    Channel reader = factory.open(fifo, OPTIONS.withDirection(Direction.INPUT), SOON);
    poller.register(reader.source(), Framing.lines(80));
    peers.add(factory.open(fifo, OPTIONS.withDirection(Direction.OUTPUT), SOON));
    HandlePair pipe = factory.handles().pipe();
    poller.register(pipe.source().channel(OPTIONS).source(), Framing.lines(80));
    peers.add(pipe.sink().channel(OPTIONS));
    // Nobody uses these two.
    assertTrue(factory.handles().pipe().source().isOpen());
    Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
    Channel child = factory.open(Endpoint.parse("exec:cat"), OPTIONS, SOON);
    Channel terminal =
        factory.open(
            Endpoint.parse("shell:stty -echo; echo; cat"), OPTIONS.with("pty", "true"), SOON);
    // It does not show what is typed any more.
    terminal.source().readUntil(ByteSequence.LF, 9, SOON);
    Set<ProcessHandle> started = ProcessHandle.current().children().collect(Collectors.toSet());
    started.removeAll(before);
    for (Channel each : List.of(child, terminal)) {
      poller.register(each.source(), Framing.lines(80));
      peers.add(each);
    }
    Set<String> expected = new TreeSet<>();
    for (int i = 0; i < peers.size(); i++) {
      peers.get(i).sink().writeFully("line " + i + "\n", SOON);
      expected.add("line " + i);
    }
    assertEquals(expected, lines(poller, expected.size()));
    assertFalse(started.isEmpty());
    return started;
  }

  private static Set<String> lines(Poller poller, int count) throws IOException {
    Set<String> lines = new TreeSet<>();
    while (lines.size() < count) {
      for (PollEvent event : poller.poll(SOON)) {
        if (event instanceof PollEvent.Data data) {
          lines.add(StandardCharsets.UTF_8.decode(data.bytes()).toString().strip());
        }
      }
    }
    return lines;
  }
}
