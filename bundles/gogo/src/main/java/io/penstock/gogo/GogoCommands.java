// SPDX-License-Identifier: Apache-2.0
package io.penstock.gogo;

import io.penstock.channel.ChannelFactory;
import io.penstock.operator.CommandOutput;
import io.penstock.operator.OperatorCommands;
import io.penstock.relay.RelayFactory;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockRuntime;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Process;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** The commands as Gogo finds them: a method for each, by its name. Any threads may call it. */
@Component(
    service = GogoCommands.class,
    property = {
      "osgi.command.scope=" + GogoCommands.SCOPE,
      "osgi.command.function=pipes",
      "osgi.command.function=channels",
      "osgi.command.function=listeners",
      "osgi.command.function=relays",
      "osgi.command.function=pollers",
      "osgi.command.function=handlers",
      "osgi.command.function=remotes",
      "osgi.command.function=info",
      "osgi.command.function=why",
      "osgi.command.function=peek",
      "osgi.command.function=tap",
      "osgi.command.function=relay",
      "osgi.command.function=close",
      "osgi.command.function=pause",
      "osgi.command.function=resume",
      "osgi.command.function=trace",
      "osgi.command.function=report",
      "osgi.command.function=" + GogoCommands.COMPLETE
    })
public final class GogoCommands {
  static final String SCOPE = "penstock";

  /** Not shown where commands are completed, as it begins with an underscore. */
  static final String COMPLETE = "__complete";

  /** The number of a standard stream. */
  private static final int STANDARD_OUTPUT = 1;

  /** How the types of terminals begin that show text only. */
  private static final String DUMB = "dumb";

  private final OperatorCommands commands;

  /**
   * Has the commands.
   *
   * @param context tells the version
   * @param runtime tells what there is
   * @param control does what a command asks for
   * @param channels tells which schemes there are
   * @param relays makes relays, which end with this bundle
   */
  @Activate
  public GogoCommands(
      BundleContext context,
      @Reference PenstockRuntime runtime,
      @Reference PenstockControl control,
      @Reference ChannelFactory channels,
      @Reference RelayFactory relays) {
    this(
        new OperatorCommands(
            runtime, control, channels, relays, context.getBundle().getVersion().toString()));
  }

  GogoCommands(OperatorCommands commands) {
    this.commands = commands;
  }

  /** Ends the commands that go on: their threads would keep this bundle. */
  @Deactivate
  void deactivate() {
    commands.close();
  }

  private void run(CommandSession session, String command, String... arguments)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(arguments));
    words.add(0, command);
    commands.run(words, new Console(session));
  }

  /** Where a session shows text; within a pipeline of commands, where the next one reads. */
  private record Console(CommandSession session) implements CommandOutput {
    @Override
    public void print(String text) throws IOException {
      Process process = Process.Utils.current();
      PrintStream out = process == null ? session.getConsole() : process.out();
      out.print(text);
      out.flush();
      if (out.checkError()) {
        throw new IOException("the session's output cannot be written any more");
      }
    }

    @Override
    public boolean terminal() {
      Process process = Process.Utils.current();
      Object terminal = session.get(".terminal");
      return terminal != null
          && !isDumb(terminal)
          && (process == null || process.isTty(STANDARD_OUTPUT));
    }

    /**
     * Whether a terminal of JLine shows text only, such as that of a command without a terminal,
     * which Gogo takes for a terminal all the same. This bundle does not import JLine.
     */
    private static boolean isDumb(Object terminal) {
      try {
        Object type = terminal.getClass().getMethod("getType").invoke(terminal);
        return String.valueOf(type).startsWith(DUMB);
      } catch (ReflectiveOperationException e) {
        // Not JLine's, so it tells no type.
        return false;
      }
    }
  }

  /**
   * What may stand at a place of a line, for the completion of Gogo's shell.
   *
   * @param words of the line
   * @param index which of them is completed
   * @return the words
   */
  @Descriptor("completes names and endpoints")
  public List<String> __complete(List<String> words, int index) {
    List<String> line = new ArrayList<>(words.subList(0, Math.min(index, words.size())));
    line.add("");
    // As typed, the command may have its scope before it.
    line.set(0, line.get(0).substring(line.get(0).indexOf(':') + 1));
    return commands.complete(line);
  }

  /**
   * The command {@code pipes}: lists pipes.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists pipes")
  public void pipes(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "pipes", arguments);
  }

  /**
   * The command {@code channels}: lists channels.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists channels")
  public void channels(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "channels", arguments);
  }

  /**
   * The command {@code listeners}: lists listeners.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists listeners")
  public void listeners(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "listeners", arguments);
  }

  /**
   * The command {@code relays}: lists relays.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists relays")
  public void relays(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "relays", arguments);
  }

  /**
   * The command {@code pollers}: lists pollers.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists pollers")
  public void pollers(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "pollers", arguments);
  }

  /**
   * The command {@code handlers}: lists handlers, served or not.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists handlers, served or not")
  public void handlers(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "handlers", arguments);
  }

  /**
   * The command {@code remotes}: lists endpoints of other containers, and what is published.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lists endpoints of other containers, and what is published")
  public void remotes(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "remotes", arguments);
  }

  /**
   * The command {@code info}: tells all of an object, with the stacks of waiting callers.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("tells all of an object, with the stacks of waiting callers")
  public void info(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "info", arguments);
  }

  /**
   * The command {@code why}: tells what an object waits for and what would release it.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("tells what an object waits for and what would release it")
  public void why(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "why", arguments);
  }

  /**
   * The command {@code peek}: shows the bytes that wait to be read; takes none.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("shows the bytes that wait to be read; takes none")
  public void peek(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "peek", arguments);
  }

  /**
   * The command {@code tap}: shows a copy of what goes by, until Ctrl-C.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("shows a copy of what goes by, until Ctrl-C")
  public void tap(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "tap", arguments);
  }

  /**
   * The command {@code relay}: joins two endpoints for one connection, or with --fork for many.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("joins two endpoints for one connection, or with --fork for many")
  public void relay(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "relay", arguments);
  }

  /**
   * The command {@code close}: closes an object.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("closes an object")
  public void close(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "close", arguments);
  }

  /**
   * The command {@code pause}: holds an object until it is resumed.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("holds an object until it is resumed")
  public void pause(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "pause", arguments);
  }

  /**
   * The command {@code resume}: lets an object go on.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("lets an object go on")
  public void resume(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "resume", arguments);
  }

  /**
   * The command {@code trace}: logs each operation of an object.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("logs each operation of an object")
  public void trace(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "trace", arguments);
  }

  /**
   * The command {@code report}: tells everything, to be attached to a report of a bug.
   *
   * @param session of the user
   * @param arguments after the command
   * @throws IOException as {@link OperatorCommands#run}
   * @throws InterruptedException as there
   */
  @Descriptor("tells everything, to be attached to a report of a bug")
  public void report(CommandSession session, String... arguments)
      throws IOException, InterruptedException {
    run(session, "report", arguments);
  }
}
