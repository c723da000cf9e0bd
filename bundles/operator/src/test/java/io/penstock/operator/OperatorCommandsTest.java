// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.relay.RelayFactory;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.Tap;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OperatorCommandsTest {
  private final Penstock penstock = Penstock.open();
  private final ChannelFactory channels = penstock.channels();
  private final RelayFactory relays = penstock.relays();
  private final FakeControl control = new FakeControl();
  private final OperatorCommands commands =
      new OperatorCommands(Samples::runtime, control, channels, relays, "1.2.3");
  private final Shown out = new Shown();

  @AfterEach
  void close() {
    penstock.close();
  }

  private String run(String... words) throws Exception {
    commands.run(List.of(words), out);
    return out.take();
  }

  private String refused(String... words) {
    var refused =
        assertThrows(IllegalArgumentException.class, () -> commands.run(List.of(words), out));
    return String.valueOf(refused.getMessage());
  }

  @Test
  void pipesAreATableWithAlignedColumns() throws Exception {
    assertEquals(
        """
        ID  NAME     STATE  FILL  BUFFERED  CAPACITY       IN/S       IN  OUT/S  OUT  WAITS         FAULT
        #1  orders   open     0%       0 B  64.0 KiB  1.5 MiB/s  3.0 MiB      -  0 B  reader 3 min
        #2  parcels  open    25%  16.0 KiB  64.0 KiB  1.5 MiB/s  3.0 MiB      -  0 B
        """,
        run("pipes"));
  }

  @Test
  void whatIsAwaitedAndWhatFailedAreInTheTables() throws Exception {
    String table = run("channels");
    assertTrue(table.contains("awaited"), table);
    assertTrue(table.contains("refused (9 tries, 2 h)"), table);
    // What a peer has sent cannot control the terminal.
    assertTrue(table.contains("reset \\u001b[31m \"by\" peer (3 times, 5 s ago)"), table);
    assertTrue(run("handlers").contains("not served"), table);
    assertTrue(run("listeners").contains("2 of 10"), table);
    assertTrue(run("relays").contains("paused"), table);
    assertTrue(run("pollers").contains("2 s"), table);
  }

  @Test
  void remotesTellWhatIsFrozenAndWhatIsKnown() throws Exception {
    String table = run("remotes");
    assertTrue(table.contains("frozen"), table);
    assertTrue(table.contains("nats://r:4222"), table);
    assertTrue(table.contains("connection refused"), table);
    assertTrue(table.contains("tcp://b:7000"), table);
    assertTrue(table.contains("alive"), table);
    assertTrue(table.contains("tier=1,zone=eu"), table);
    assertTrue(run("remotes", "--json").contains("\"state\":\"ALIVE\""));
    assertTrue(run("report").contains("remotes (2)"));
  }

  @ParameterizedTest
  @CsvSource({
    "name, orders parcels",
    "-name, parcels orders",
    "fill, parcels orders",
    "-fill, orders parcels"
  })
  void rowsAreSorted(String key, String order) throws Exception {
    List<String> names = new ArrayList<>();
    for (String line : run("pipes", "--sort", key).split("\n", -1)) {
      if (line.startsWith("#")) {
        names.add(line.split(" +", -1)[1]);
      }
    }
    assertEquals(order, String.join(" ", names));
  }

  @Test
  void rowsAreFilteredByAnyColumnOrOne() throws Exception {
    assertFalse(run("pipes", "PARC").contains("orders"));
    assertFalse(run("pipes", "waits=reader").contains("parcels"));
    assertEquals("no pipes\n", run("pipes", "name=reader"));
    assertTrue(run("channels", "tcp://h:7000").contains("line"));
    assertFalse(run("pipes", "WAITS=reader").contains("parcels"));
    assertTrue(run("pipes", "waits=reader", "in/s=").contains("orders"));
    assertEquals("no channels\n", run("channels", "in/s=no number"));
  }

  @Test
  void jsonHasTheSameRows() throws Exception {
    String json = run("pipes", "--json", "orders");
    assertTrue(json.startsWith("{\"at\":1795383000000,\"pipes\":[{\"id\":1,"), json);
    assertFalse(json.contains("parcels"), json);
  }

  @Test
  void watchDrawsUntilTheUserHasGone() throws Exception {
    Shown terminal =
        new Shown() {
          @Override
          public boolean terminal() {
            return true;
          }

          @Override
          public void print(String text) {
            super.print(text);
            if (text().split("NAME", -1).length > 2) {
              gone.complete(null);
            }
          }
        };
    commands.run(List.of("pipes", "--watch"), terminal);
    assertTrue(terminal.text().startsWith("\033[H\033[2JID"), terminal.text());
  }

  /** Closes the commands as soon as one of them shows something. */
  private final class Closing extends Shown {
    @Override
    public void print(String text) {
      super.print(text);
      commands.close();
    }
  }

  @Test
  void aCloseEndsAWatch() throws Exception {
    Shown closing = new Closing();
    commands.run(List.of("pipes", "--watch"), closing);
    assertTrue(closing.take().contains("orders"));
    // One that comes too late shows what there is, and does not go on.
    commands.run(List.of("pipes", "--watch"), out);
    assertTrue(out.take().contains("orders"));
  }

  @Test
  void aCloseEndsATap() throws Exception {
    try (Pipe read = penstock.pipes().create(PipeOptions.defaults());
        Pipe written = penstock.pipes().create(PipeOptions.defaults())) {
      read.sink().writeFully("in");
      control.tap = new FakeTap(read.source(), written.source());
      Shown closing = new Closing();
      commands.run(List.of("tap", "orders"), closing);
      assertTrue(closing.text().contains("|in|"), closing::text);
    }
  }

  @Test
  void watchEndsWhenInterrupted() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> commands.run(List.of("relays", "--watch"), out));
  }

  @Test
  void infoTellsAllOfAnObject() throws Exception {
    String text = run("info", "orders");
    assertTrue(text.startsWith("kind: pipe\nid: 1\nname: orders\nowner: -\n"), text);
    assertTrue(text.contains("capacity: 64.0 KiB (65536 bytes)\n"), text);
    assertTrue(text.contains("  bytes: 3.0 MiB, 1.5 MiB/s now, 1.0 KiB/s over a minute\n"), text);
    assertTrue(text.contains("    reader-1 waits for 3 min\n      at a.B.read(B.java:1)\n"), text);
    assertEquals(text, run("info", "#1"));
    assertTrue(run("info", "echo").contains("  c-1 of /1.2.3.4:9, for 9 s, 7 frames"));
    assertEquals(run("info", "echo"), run("info", "handler#20"));
    assertTrue(run("info", "--json", "uplink").startsWith("[{\"name\":\"uplink\","));
  }

  @Test
  void namesAreFoundOrProposed() {
    assertEquals(
        "there is no object named 'order'; did you mean 'orders'?", refused("info", "order"));
    assertEquals(
        "there is no channel or pipe named 'door'; 'door' is a listener", refused("peek", "door"));
    assertEquals(
        "there is no channel or listener or pipe or relay named 'uplink'; 'uplink' is configured,"
            + " and not there",
        refused("close", "uplink"));
  }

  @Test
  void badWordsAreNamed() {
    assertTrue(refused().startsWith("no command given; expected pipes, channels"));
    assertTrue(refused("pipe").endsWith("did you mean 'pipes'?"));
    assertEquals("peek: an argument is missing; expected peek NAME [N]", refused("peek"));
    assertEquals(
        "peek: 'x' is too much; expected peek NAME [N]", refused("peek", "orders", "1", "x"));
    assertTrue(refused("pipes", "--sorted", "name").endsWith("did you mean '--sort'?"));
    assertTrue(refused("pipes", "--sort").startsWith("pipes: --sort has no value"));
    assertTrue(refused("pipes", "--json=x").startsWith("pipes: --json takes no value"));
    assertTrue(
        refused("pipes", "--sort=fil").startsWith("pipes: there is no column 'fil'; expected id,"));
    assertTrue(refused("pipes", "--sort=bufered").endsWith("did you mean 'buffered'?"));
    assertEquals(
        "trace: 'onn' is not allowed; expected on or off; did you mean 'on'?",
        refused("trace", "orders", "onn"));
    assertEquals("N: '0' is not allowed; expected 1 B to 1.0 MiB", refused("peek", "orders", "0"));
    assertTrue(refused("peek", "orders", "x").startsWith("N: 'x' is not a size"));
    assertTrue(refused("relay", "tcp://h:1", "nothing").contains("nothing"));
  }

  @Test
  void controlIsAskedByNumber() throws Exception {
    run("close", "orders");
    run("pause", "line");
    run("resume", "#4");
    run("trace", "parcels", "on");
    run("trace", "parcels", "off");
    assertEquals("orders waits.\n", run("why", "orders"));
    run("why", "uplink");
    run("why", "echo");
    run("why", "handler#21");
    assertEquals(
        List.of(
            "close #1",
            "pause #3",
            "resume #4",
            "trace #2 true",
            "trace #2 false",
            "why #1",
            "why uplink",
            "why handler#20",
            "why handler#21"),
        control.calls);
  }

  @Test
  void peekShowsHexAndText() throws Exception {
    control.bytes = StandardCharsets.ISO_8859_1.encode("tea\nand some more\u00e9");
    assertEquals(
        """
        00000000  74 65 61 0a 61 6e 64 20  73 6f 6d 65 20 6d 6f 72  |tea.and some mor|
        00000010  65 e9                                             |e.|
        """,
        run("peek", "orders", "1KiB"));
    assertEquals(List.of("peek #1 1024"), control.calls);
    control.bytes = ByteBuffer.allocate(0);
    assertEquals("no bytes wait to be read\n", run("peek", "orders"));
  }

  @Test
  void tapShowsBothDirectionsAndWhatWasDropped() throws Exception {
    PipeFactory pipes = penstock.pipes();
    try (Pipe read = pipes.create(PipeOptions.defaults());
        Pipe written = pipes.create(PipeOptions.defaults())) {
      control.tap = new FakeTap(read.source(), written.source());
      written.sink().writeFully("out");
      written.sink().end();
      read.sink().writeFully("in");
      Shown reader =
          new Shown() {
            @Override
            public void print(String text) {
              super.print(text);
              if (text().contains("< ") && text().contains("> ")) {
                gone.complete(null);
              }
            }
          };
      commands.run(List.of("tap", "orders", "--buffer", "1KiB"), reader);
      String text = reader.text();
      assertTrue(text.contains("< 00000000  69 6e "), text);
      assertTrue(text.contains("> 00000000  6f 75 74 "), text);
      assertTrue(text.contains("dropped 9 bytes, which were not shown in time\n"), text);
      assertEquals(List.of("tap #1 1024"), control.calls);
    }
  }

  @Test
  void tapEndsWhenInterrupted() throws Exception {
    PipeFactory pipes = penstock.pipes();
    try (Pipe read = pipes.create(PipeOptions.defaults());
        Pipe written = pipes.create(PipeOptions.defaults())) {
      control.tap = new FakeTap(read.source(), written.source());
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> commands.run(List.of("tap", "orders"), out));
      assertFalse(Thread.interrupted(), "the exception stands for the flag");
    }
  }

  @Test
  void relayJoinsUntilItsConnectionEnds() throws Exception {
    OperatorCommands real =
        new OperatorCommands(penstock.runtime(), control, channels, relays, "1");
    try (var listener = channels.listen("tcp-listen://127.0.0.1:0")) {
      String to = listener.endpoint().toString().replace("tcp-listen:", "tcp:");
      real.run(List.of("relay", "--name", "mine", "echo:", to), out);
      assertEquals("relay mine goes on until its connection ends\n", out.take());
      try (var peer = listener.accept(Wait.millis(20_000))) {
        peer.sink().writeFully("ping\n");
        assertEquals("ping", peer.source().readLine(StandardCharsets.UTF_8, 99));
        real.run(List.of("relays"), out);
        assertTrue(out.take().contains("mine"));
        real.run(List.of("channels", "--sort", "name"), out);
        assertTrue(out.take().contains("127.0.0.1"));
      }
    }
  }

  @Test
  void relayThatFailsAtOnceFailsTheCommand() throws Exception {
    int closed;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = free.getLocalPort();
    }
    String to = "tcp://127.0.0.1:" + closed;
    IOException refused =
        assertThrows(IOException.class, () -> commands.run(List.of("relay", "echo:", to), out));
    assertTrue(refused.getMessage().startsWith(to + " "), refused::getMessage);
    assertTrue(refused.getMessage().contains("refused"), refused::getMessage);
    assertEquals("", out.take());
    // It goes a moment after it has failed.
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!penstock.runtime().runtime().relays().isEmpty() && System.nanoTime() < end) {
      LockSupport.parkNanos(200_000);
    }
    assertEquals(List.of(), penstock.runtime().runtime().relays());
  }

  @Test
  void logSaysWhyAConnectionOfARelayHasFailed() throws Exception {
    int closed;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = free.getLocalPort();
    }
    String to = "tcp://127.0.0.1:" + closed;
    Logged many = new Logged("many: a connection of a command's relay has failed: " + to + " ");
    Logged single = new Logged("single: the relay of a command has failed: " + to + " ");
    Logger logger = Logger.getLogger("io.penstock.operator");
    logger.addHandler(many);
    logger.addHandler(single);
    try {
      assertEquals(
          "relay many goes on until it is closed\n",
          run("relay", "--fork", "--name", "many", "mem-listen:many", to));
      assertEquals(
          "relay single goes on until its connection ends\n",
          run("relay", "--name", "single", "mem-listen:single", to));
      try (Channel one = channels.open("mem:many");
          Channel two = channels.open("mem:single")) {
        assertTrue(one.isOpen() && two.isOpen());
        many.found.get(20, TimeUnit.SECONDS);
        single.found.get(20, TimeUnit.SECONDS);
      }
    } finally {
      logger.removeHandler(many);
      logger.removeHandler(single);
    }
  }

  @Test
  void reportHasAllAndNothingOfTheEnvironment() throws Exception {
    String text = run("report");
    for (String part :
        List.of(
            "Penstock at 2026-11-22T21:30:00Z",
            "penstock: 1.2.3",
            "java: ",
            "descriptors: ?",
            "pipes (2)\nID",
            "handlers (2)",
            "pipe orders source: reader-1 waits for 3 min\n  at a.B.read(B.java:1)\n")) {
      assertTrue(text.contains(part), () -> part + " is not in " + text);
    }
    assertTrue(run("report", "--json").startsWith("{\"facts\":{\"penstock\":\"1.2.3\","));
  }

  @Test
  void wordsAreCompleted() {
    assertEquals(OperatorCommands.names(), commands.complete(List.of("")));
    assertEquals(List.of("line", "orders", "parcels"), commands.complete(List.of("peek", "")));
    assertEquals(List.of("on", "off"), commands.complete(List.of("trace", "orders", "")));
    assertEquals(List.of("--sort", "--watch"), commands.complete(List.of("pipes", "--json", "")));
    assertTrue(commands.complete(List.of("pipes", "--sort", "")).contains("-fill"));
    List<String> ends = commands.complete(List.of("relay", "--name", "x", ""));
    assertTrue(ends.contains("tcp-listen:") && ends.contains("tcp://h:7000"), ends::toString);
    assertEquals(List.of(), commands.complete(List.of("nothing", "")));
    assertTrue(commands.complete(List.of("why", "")).contains("uplink"));
  }

  @Test
  void eachCommandHasHelp() {
    for (String name : OperatorCommands.names()) {
      assertTrue(OperatorCommands.help().contains(name + " "), name);
      assertTrue(OperatorCommands.description(name).startsWith(name), name);
    }
  }

  /** Waits for a line of the log. */
  private static final class Logged extends Handler {
    final CompletableFuture<String> found = new CompletableFuture<>();
    private final String start;

    Logged(String start) {
      this.start = start;
    }

    @Override
    public void publish(LogRecord entry) {
      String line = new SimpleFormatter().formatMessage(entry);
      if (line.startsWith(start) && entry.getLevel().equals(Level.WARNING)) {
        found.complete(line);
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  /** Keeps what is printed. */
  private static class Shown implements CommandOutput {
    final CompletableFuture<Object> gone = new CompletableFuture<>();
    private final StringBuilder text = new StringBuilder();

    @Override
    public void print(String more) {
      text.append(more);
    }

    @Override
    public CompletionStage<?> gone() {
      return gone;
    }

    String text() {
      return text.toString();
    }

    String take() {
      String all = text.toString();
      text.setLength(0);
      return all;
    }
  }

  private record FakeTap(ByteSource read, ByteSource written) implements Tap {
    @Override
    public long dropped() {
      return 9;
    }

    @Override
    public void close() {
      try {
        read.close();
        written.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class FakeControl implements PenstockControl {
    final List<String> calls = new ArrayList<>();
    ByteBuffer bytes = ByteBuffer.allocate(0);
    @Nullable Tap tap;

    @Override
    public String why(String name) {
      calls.add("why " + name);
      return "orders waits.";
    }

    @Override
    public void close(String name) {
      calls.add("close " + name);
    }

    @Override
    public void pause(String name) {
      calls.add("pause " + name);
    }

    @Override
    public void resume(String name) {
      calls.add("resume " + name);
    }

    @Override
    public ByteBuffer peek(String name, int max) {
      calls.add("peek " + name + " " + max);
      return bytes;
    }

    @Override
    public Tap tap(String name, int capacity) {
      calls.add("tap " + name + " " + capacity);
      return Objects.requireNonNull(tap);
    }

    @Override
    public void trace(String name, boolean on) {
      calls.add("trace " + name + " " + on);
    }
  }
}
