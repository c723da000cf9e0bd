// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.karaf.shell.api.console.Candidate;
import org.apache.karaf.shell.api.console.Command;
import org.apache.karaf.shell.api.console.CommandLine;
import org.apache.karaf.shell.api.console.Session;
import org.apache.karaf.shell.api.console.SessionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The commands in a session of Karaf's own shell. */
@InContainer(
    value = ContainerKind.KARAF,
    features = "shell",
    bundles = {"io.penstock.operator", "io.penstock.karaf.commands"})
class KarafCommandsIT {
  private static final List<String> NAMES =
      List.of(
          "channels",
          "close",
          "handlers",
          "info",
          "listeners",
          "pause",
          "peek",
          "pipes",
          "pollers",
          "relay",
          "relays",
          "remotes",
          "report",
          "resume",
          "tap",
          "trace",
          "why");

  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  private SessionFactory factory;
  private Session session;
  private Pipe pipe;

  @BeforeEach
  void begin(BundleContext context) throws Exception {
    factory = Services.any(context, SessionFactory.class, "");
    PipeFactory pipes = Services.any(context, PipeFactory.class, "");
    pipe = pipes.create(PipeOptions.defaults().withName("stalled").withCapacity(16));
    pipe.sink().writeFully("0123456789abcdef", Wait.none());
    Bundle commands = Penstock.bundle(context, "io.penstock.karaf.commands");
    // All that it needs is there: with its start the commands are as well.
    commands.stop();
    assertEquals(List.of(), commands());
    commands.start();
    PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
    session = factory.create(new ByteArrayInputStream(new byte[0]), out, out);
  }

  @AfterEach
  void end() throws Exception {
    session.close();
    pipe.close();
  }

  @Test
  void eachCommandIsThereOnce() {
    assertEquals(NAMES, commands());
    for (Command each : factory.getRegistry().getCommands()) {
      if (each.getScope().equals("penstock")) {
        assertFalse(each.getDescription().contains(":"), each.getDescription());
      }
    }
  }

  @Test
  void tablesAreKarafs() throws Exception {
    List<String> table = run("penstock:pipes --sort -name").lines().toList();
    assertTrue(table.get(0).matches(" *ID [|│] NAME +[|│] STATE .*"), table::toString);
    assertTrue(table.get(1).matches("[-─]+[+┼].*"), table::toString);
    assertTrue(
        table.get(2).matches(" *#\\d+ [|│] stalled [|│] open +[|│] +100% .*"), table::toString);
    assertTrue(run("penstock:relays").endsWith("no relays\n"));
    assertTrue(run("penstock:pipes --json").startsWith("{\"at\":"));
  }

  @Test
  void pipelinesGetWhatIsShown() throws Exception {
    List<String> lines = run("penstock:pipes | grep --color=never stalled").lines().toList();
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(lines.get(0).contains("stalled"), lines::toString);
  }

  @Test
  void objectsAreToldAndSteered() throws Exception {
    assertTrue(run("penstock:why stalled").contains("stalled"));
    assertTrue(run("penstock:info stalled").startsWith("kind: pipe\n"));
    assertTrue(run("penstock:peek stalled 4").contains("30 31 32 33"));
    assertTrue(run("penstock:report").startsWith("Penstock at "));
    run("penstock:trace stalled on");
    run("penstock:trace stalled off");
    run("penstock:pause stalled");
    assertTrue(run("penstock:pipes name=stalled").contains("paused"));
    run("penstock:resume stalled");
    String relay = run("penstock:relay --name joined tcp-listen://127.0.0.1:0 echo:");
    assertEquals("relay joined goes on until its connection ends\n", relay);
    run("penstock:close joined");
    run("penstock:close stalled");
    assertTrue(run("penstock:pipes name=stalled").endsWith("no pipes\n"));
  }

  @Test
  void whatIsRefusedSaysWhy() throws Exception {
    Exception refused = assertThrows(Exception.class, () -> run("penstock:info stalle"));
    // By that name Karaf's shell tells it without a stack in the log.
    assertEquals("CommandException", refused.getClass().getSimpleName());
    assertEquals(
        "there is no object named 'stalle'; did you mean 'stalled'?", refused.getMessage());
    assertTrue(run("penstock:pipes --help").startsWith("pipes [FILTER…] [--sort COLUMN]"));
  }

  @Test
  void tapShowsWhatGoesByUntilItIsInterrupted() throws Exception {
    BlockingQueue<String> pieces = new LinkedBlockingQueue<>();
    PrintStream out =
        new PrintStream(
            new ByteArrayOutputStream() {
              @Override
              public void write(byte[] bytes, int at, int length) {
                pieces.add(new String(bytes, at, length, StandardCharsets.UTF_8));
              }
            },
            true,
            StandardCharsets.UTF_8);
    try (Session tapping = factory.create(new ByteArrayInputStream(new byte[0]), out, out)) {
      CompletableFuture<Object> ended = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  ended.complete(tapping.execute("penstock:tap stalled"));
                } catch (Exception problem) {
                  ended.completeExceptionally(problem);
                }
              },
              "test-tap");
      thread.setDaemon(true);
      thread.start();
      // Until the tap is there, nothing of what goes by is copied.
      String text = null;
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (text == null && System.nanoTime() < end) {
        pipe.source().take(1, Wait.none());
        pipe.sink().writeFully("z", Wait.none());
        text = pieces.poll(50, TimeUnit.MILLISECONDS);
      }
      assertTrue(text != null && text.matches("(?s)[<>] .*"), text);
      thread.interrupt();
      ExecutionException failure =
          assertThrows(ExecutionException.class, () -> ended.get(20, TimeUnit.SECONDS));
      // Of which Karaf's shell shows nothing.
      assertEquals(InterruptedException.class, failure.getCause().getClass());
    }
  }

  @Test
  void namesAndEndpointsAreCompleted() {
    assertEquals(List.of("penstock:pipes"), completed("penstock:pip"));
    assertEquals(List.of("stalled"), completed("penstock:peek", "st"));
    assertEquals(List.of("off", "on"), completed("penstock:trace", "stalled", "o"));
    assertTrue(completed("penstock:pipes", "--").contains("--sort"));
    assertTrue(completed("penstock:relay", "tc").contains("tcp:"));
    assertEquals(List.of("stalled"), completed("peek", "st"));
    // This one is a command of Karaf's own as well.
    assertFalse(completed("info", "st").contains("stalled"));
    // Words of ours stand behind our commands only.
    assertFalse(completed("bundle:info", "st").contains("stalled"));
  }

  private String run(String line) throws Exception {
    shown.reset();
    Object result = session.execute(line);
    assertTrue(result == null || result instanceof Boolean, () -> line + " gave " + result);
    return shown.toString(StandardCharsets.UTF_8);
  }

  private List<String> commands() {
    return factory.getRegistry().getCommands().stream()
        .filter(each -> each.getScope().equals("penstock"))
        .map(Command::getName)
        .sorted()
        .toList();
  }

  /** What all completers propose for the last word: Karaf's shell asks them all, and chooses. */
  private List<String> completed(String... words) {
    List<Candidate> candidates = new ArrayList<>();
    for (Command each : factory.getRegistry().getCommands()) {
      var completer = each.getCompleter(false);
      if (completer != null) {
        completer.completeCandidates(session, new Line(words), candidates);
      }
    }
    String begun = words[words.length - 1];
    return candidates.stream()
        .map(Candidate::value)
        .filter(each -> each.startsWith(begun))
        .sorted()
        .toList();
  }

  /** A line that ends at the cursor. */
  private record Line(String... words) implements CommandLine {
    @Override
    public int getCursorArgumentIndex() {
      return words.length - 1;
    }

    @Override
    public String getCursorArgument() {
      return words[words.length - 1];
    }

    @Override
    public int getArgumentPosition() {
      return getCursorArgument().length();
    }

    @Override
    public String[] getArguments() {
      return words.clone();
    }

    @Override
    public int getBufferPosition() {
      return getBuffer().length();
    }

    @Override
    public String getBuffer() {
      return String.join(" ", Stream.of(words).toList());
    }
  }
}
