// SPDX-License-Identifier: Apache-2.0
package io.penstock.karaf.commands;

import io.penstock.operator.CommandOutput;
import io.penstock.operator.OperatorCommands;
import io.penstock.operator.ReportTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.felix.service.command.Process;
import org.apache.karaf.shell.api.console.Command;
import org.apache.karaf.shell.api.console.Completer;
import org.apache.karaf.shell.api.console.Parser;
import org.apache.karaf.shell.api.console.Session;
import org.apache.karaf.shell.api.console.Terminal;
import org.apache.karaf.shell.support.CommandException;
import org.apache.karaf.shell.support.table.Col;
import org.apache.karaf.shell.support.table.ShellTable;
import org.jspecify.annotations.Nullable;

/** A command as Karaf's shell knows it. Any threads may call it. */
final class KarafCommand implements Command {
  static final String SCOPE = "penstock";

  /** What Karaf's own command {@code help} asks each command for. */
  private static final String HELP = "--help";

  /** The number of a standard stream. */
  private static final int STANDARD_OUTPUT = 1;

  private final String name;
  private final OperatorCommands commands;

  KarafCommand(String name, OperatorCommands commands) {
    this.name = name;
    this.commands = commands;
  }

  @Override
  public String getScope() {
    return SCOPE;
  }

  @Override
  public String getName() {
    return name;
  }

  /** What it does, without how it is written: Karaf lists it beside the name. */
  @Override
  public String getDescription() {
    String description = OperatorCommands.description(name);
    return description.substring(description.indexOf(": ") + 2);
  }

  @Override
  public Completer getCompleter(boolean scoped) {
    return new KarafCompleter(name, scoped, commands);
  }

  /** Karaf's own. */
  @Override
  public @Nullable Parser getParser() {
    return null;
  }

  @Override
  public @Nullable Object execute(Session session, List<Object> arguments) throws Exception {
    List<String> words = new ArrayList<>();
    words.add(name);
    arguments.forEach(argument -> words.add(String.valueOf(argument)));
    Shown shown = new Shown(session);
    if (words.contains(HELP)) {
      shown.print(OperatorCommands.description(name) + "\n");
      return null;
    }
    try {
      commands.run(words, shown);
      return null;
    } catch (IllegalArgumentException | IOException problem) {
      // Karaf's shell shows it, and has the stack in the log for failures of another type only.
      throw new CommandException(problem.getMessage(), problem);
    }
  }

  /**
   * Where a session shows text; within a pipeline of commands, where the next one reads. For each
   * thread that runs a command, Karaf's shell has that as the standard output; the session itself
   * knows the user's end only.
   */
  private record Shown(Session session) implements CommandOutput {
    @Override
    public void print(String text) throws IOException {
      System.out.print(text);
      check();
    }

    @Override
    public void table(ReportTable table) throws IOException {
      ShellTable shown = new ShellTable().emptyTableText("no " + table.title());
      for (ReportTable.Column column : table.columns()) {
        Col header = shown.column(column.name().toUpperCase(Locale.ROOT));
        if (column.number()) {
          header.alignRight();
        }
      }
      for (ReportTable.Row row : table.rows()) {
        shown.addRow().addContent(row.cells().stream().map(ReportTable.Cell::text).toArray());
      }
      shown.print(System.out);
      check();
    }

    private static void check() throws IOException {
      // Flushes as well.
      if (System.out.checkError()) {
        throw new IOException("the session's output cannot be written any more");
      }
    }

    @Override
    public boolean terminal() {
      Terminal terminal = session.getTerminal();
      Process process = Process.Utils.current();
      return terminal != null
          && terminal.isAnsiSupported()
          && process != null
          && process.isTty(STANDARD_OUTPUT);
    }
  }
}
