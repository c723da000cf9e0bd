// SPDX-License-Identifier: Apache-2.0
package io.penstock.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.operator.OperatorCommands;
import io.penstock.pipe.PipeOptions;
import io.penstock.runtime.PenstockControl;
import io.penstock.standalone.Penstock;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.Test;

/** The commands in a session of the real Gogo. */
class GogoCommandsTest {
  /** A command that reads what the one before it in a pipeline shows. */
  public static final class Counter {
    public void count(CommandSession session) throws IOException {
      Process process = Process.Utils.current();
      String text = new String(process.in().readAllBytes(), StandardCharsets.UTF_8);
      process.out().print(text.lines().count() + " lines\n");
    }
  }

  @Test
  void commandsRunAndNamesAreCompletedInGogo() throws Exception {
    ThreadIOImpl streams = new ThreadIOImpl();
    streams.start();
    try (Penstock penstock = Penstock.open();
        var pipe = penstock.pipes().create(PipeOptions.defaults().withName("orders"))) {
      PenstockControl control =
          (PenstockControl)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {PenstockControl.class},
                  (proxy, method, arguments) -> "asked " + arguments[0]);
      GogoCommands commands =
          new GogoCommands(
              new OperatorCommands(
                  penstock.runtime(), control, penstock.channels(), penstock.relays(), "1"));
      CommandProcessorImpl processor = new CommandProcessorImpl(streams);
      for (String name : OperatorCommands.names()) {
        processor.addCommand(GogoCommands.SCOPE, commands, name);
      }
      processor.addCommand(GogoCommands.SCOPE, commands, GogoCommands.COMPLETE);
      processor.addCommand("test", new Counter(), "count");
      ByteArrayOutputStream shown = new ByteArrayOutputStream();
      PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
      try (CommandSession session =
          processor.createSession(new ByteArrayInputStream(new byte[0]), out, out)) {
        Object unused = session.execute("penstock:pipes --sort name orders");
        assertTrue(
            shown.toString(StandardCharsets.UTF_8).contains("orders  open"), shown::toString);
        shown.reset();
        unused = session.execute("penstock:pipes | test:count");
        assertEquals("2 lines\n", shown.toString(StandardCharsets.UTF_8));
        shown.reset();
        unused = session.execute("penstock:why orders");
        assertTrue(shown.toString(StandardCharsets.UTF_8).startsWith("asked #"), shown::toString);
        var refused = assertThrows(Exception.class, () -> session.execute("penstock:info order"));
        assertTrue(
            String.valueOf(refused.getMessage()).contains("did you mean 'orders'?"),
            refused::toString);
        assertEquals(List.of("orders"), session.execute("penstock:__complete [penstock:peek o] 1"));
      }
      assertTrue(pipe.sink().isOpen());
    } finally {
      streams.stop();
    }
  }

  private static <T> T fake(Class<T> type, Object answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> method.getName().equals("getConsole") ? answer : null));
  }

  @Test
  void aWatchEndsWithItsComponent() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    ExecutorService user = Executors.newSingleThreadExecutor();
    try (Penstock penstock = Penstock.open()) {
      GogoCommands commands =
          new GogoCommands(
              new OperatorCommands(
                  () -> {
                    asked.countDown();
                    return penstock.runtime().runtime();
                  },
                  penstock.control(),
                  penstock.channels(),
                  penstock.relays(),
                  "1"));
      PrintStream out = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
      CommandSession session = fake(CommandSession.class, out);
      Future<?> watch =
          user.submit(
              () -> {
                commands.pipes(session, "--watch");
                return null;
              });
      assertTrue(asked.await(20, TimeUnit.SECONDS));
      commands.deactivate();
      watch.get(20, TimeUnit.SECONDS);
    } finally {
      user.shutdownNow();
    }
  }

  /** What a watch shows in a session on a terminal of a type, until its component has gone. */
  private static String watched(String type) throws Exception {
    ThreadIOImpl streams = new ThreadIOImpl();
    streams.start();
    CountDownLatch asked = new CountDownLatch(1);
    ExecutorService user = Executors.newSingleThreadExecutor();
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
    CommandProcessorImpl processor = new CommandProcessorImpl(streams);
    try (Penstock penstock = Penstock.open();
        CommandSession session =
            processor.createSession(new ByteArrayInputStream(new byte[0]), out, out);
        Terminal terminal =
            new DumbTerminal(
                "test",
                type,
                new ByteArrayInputStream(new byte[0]),
                new ByteArrayOutputStream(),
                StandardCharsets.UTF_8)) {
      GogoCommands commands =
          new GogoCommands(
              new OperatorCommands(
                  () -> {
                    asked.countDown();
                    return penstock.runtime().runtime();
                  },
                  penstock.control(),
                  penstock.channels(),
                  penstock.relays(),
                  "1"));
      processor.addCommand(GogoCommands.SCOPE, commands, "pipes");
      Object unused = session.put(".terminal", terminal);
      Future<?> watch = user.submit(() -> session.execute("penstock:pipes --watch"));
      assertTrue(asked.await(20, TimeUnit.SECONDS));
      commands.deactivate();
      watch.get(20, TimeUnit.SECONDS);
      return shown.toString(StandardCharsets.UTF_8);
    } finally {
      user.shutdownNow();
      streams.stop();
    }
  }

  @Test
  void aWatchDrawsInPlaceOnATerminalThatCanDoThat() throws Exception {
    assertTrue(watched("xterm").contains("\033"));
    for (String dumb : List.of(Terminal.TYPE_DUMB, Terminal.TYPE_DUMB_COLOR)) {
      String shown = watched(dumb);
      assertTrue(shown.contains("no pipes"), shown);
      assertFalse(shown.contains("\033"), shown);
    }
  }

  @Test
  void whatGogoFindsIsEachCommand() {
    List<String> methods =
        List.of(GogoCommands.class.getMethods()).stream().map(m -> m.getName()).toList();
    for (String name : OperatorCommands.names()) {
      assertTrue(name.equals("help") || methods.contains(name), name);
    }
  }
}
