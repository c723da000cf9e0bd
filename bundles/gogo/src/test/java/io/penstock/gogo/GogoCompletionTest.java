// SPDX-License-Identifier: Apache-2.0
package io.penstock.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.operator.OperatorCommands;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Parser;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;
import org.jline.builtins.Completers.CompletionData;
import org.jline.builtins.Completers.CompletionEnvironment;
import org.jline.reader.Candidate;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser.ParseContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What Gogo's own shell, and JLine below it, offers in a line with one of our commands. */
class GogoCompletionTest {
  private final Penstock penstock = Penstock.open();
  private final ThreadIOImpl streams = new ThreadIOImpl();
  private final CommandProcessorImpl processor = new CommandProcessorImpl(streams);
  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
  private CommandSession session;

  @BeforeEach
  void open() throws Exception {
    streams.start();
    penstock.pipes().create(PipeOptions.defaults().withName("orders"));
    penstock.pipes().create(PipeOptions.defaults().withName("parcels"));
    GogoCommands commands =
        new GogoCommands(
            new OperatorCommands(
                penstock.runtime(),
                penstock.control(),
                penstock.channels(),
                penstock.relays(),
                "1"));
    for (String name : OperatorCommands.names()) {
      processor.addCommand(GogoCommands.SCOPE, commands, name);
    }
    processor.addCommand(GogoCommands.SCOPE, commands, GogoCommands.COMPLETE);
    processor.addCommand("gogo", new Builtin(), "complete");
    processor.addListener(new GogoCompletion());
    PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
    session = processor.createSession(new ByteArrayInputStream(new byte[0]), out, out);
  }

  @AfterEach
  void close() {
    session.close();
    streams.stop();
    penstock.close();
  }

  /** As Gogo's shell does it. The shell's own class for it needs a terminal. */
  private final class Environment implements CompletionEnvironment {
    @Override
    public Map<String, List<CompletionData>> getCompletions() {
      return Shell.getCompletions(session);
    }

    @Override
    public Set<String> getCommands() {
      return getCompletions().keySet();
    }

    @Override
    public String resolveCommand(String command) {
      return command.indexOf(':') < 0 ? GogoCommands.SCOPE + ":" + command : command;
    }

    @Override
    public String commandName(String command) {
      return command.substring(command.indexOf(':') + 1);
    }

    @Override
    public Object evaluate(LineReader reader, ParsedLine line, String function) throws Exception {
      Object unused = session.put(".commandLine", line);
      return session.execute(function);
    }
  }

  /** What is offered at the end of a line, and what of it begins as the line ends. */
  private Set<String> offered(String line) throws Exception {
    ParsedLine parsed = new Parser().parse(line, line.length(), ParseContext.COMPLETE);
    List<Candidate> candidates = new ArrayList<>();
    new org.jline.builtins.Completers.Completer(new Environment())
        .complete(null, parsed, candidates);
    return candidates.stream()
        .map(Candidate::value)
        .filter(value -> value.startsWith(parsed.word()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void namesAndOptionsAreOfferedInAShell() throws Exception {
    Object unused = session.put(Shell.VAR_COMPLETIONS, new HashMap<>());
    // Any command makes the session known to us.
    unused = session.execute("penstock:pollers");
    assertEquals(Set.of("orders"), offered("penstock:peek o"));
    assertEquals(Set.of("orders", "parcels"), offered("why "));
    assertEquals(Set.of("on", "off"), offered("penstock:trace orders o"));
    assertTrue(offered("penstock:relay unix").contains("unix-listen:"));
    assertEquals(Set.of("--json", "--sort", "--watch"), offered("penstock:pipes --"));
    assertEquals(Set.of("--fork", "--name", "--one-way"), offered("penstock:relay --"));
    assertEquals(Set.of("--buffer"), offered("penstock:tap --"));
    assertEquals(Set.of(), offered("penstock:close --"));
    // Told once, or each command of the session would tell all of it again.
    Map<?, ?> told = Shell.getCompletions(session);
    int before = told.values().stream().mapToInt(each -> ((List<?>) each).size()).sum();
    unused = session.execute("penstock:pollers");
    assertEquals(before, told.values().stream().mapToInt(each -> ((List<?>) each).size()).sum());
  }

  @Test
  void aSessionWithoutATerminalIsLeftAlone() throws Exception {
    Object unused = session.execute("penstock:pipes --json");
    String text = shown.toString(StandardCharsets.UTF_8);
    assertTrue(text.startsWith("{\"at\":"), text);
    assertFalse(text.contains("complete"), text);
    assertEquals(null, session.get(".penstock.completions"));
  }

  @Test
  void aShellThatDoesNotTakeCompletionsRunsCommandsAllTheSame() throws Exception {
    processor.removeCommand("gogo", "complete");
    Object unused = session.put(Shell.VAR_COMPLETIONS, new HashMap<>());
    unused = session.execute("penstock:pipes --sort name orders");
    String text = shown.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("orders"), text);
    assertFalse(text.contains("parcels"), text);
  }
}
