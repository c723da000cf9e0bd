// SPDX-License-Identifier: Apache-2.0
package io.penstock.karaf.commands;

import io.penstock.operator.OperatorCommands;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.apache.karaf.shell.api.console.CommandLine;
import org.apache.karaf.shell.api.console.Completer;
import org.apache.karaf.shell.api.console.Session;
import org.apache.karaf.shell.support.completers.ArgumentCommandLine;
import org.apache.karaf.shell.support.completers.StringsCompleter;

/**
 * Completes a command and what stands behind it. Karaf asks the completers of all commands about
 * each line. Any threads may call it.
 *
 * @param name of the command
 * @param scoped whether the user has entered our scope, so that the command is written without it
 * @param commands know what may stand where
 */
record KarafCompleter(String name, boolean scoped, OperatorCommands commands) implements Completer {
  @Override
  public int complete(Session session, CommandLine line, List<String> candidates) {
    String[] words = line.getArguments();
    int index = line.getCursorArgumentIndex();
    String whole = KarafCommand.SCOPE + ":" + name;
    if (index == 0) {
      return choose(session, line, scoped ? List.of(name) : List.of(whole, name), candidates);
    }
    // Another bundle's command may have the same name: only one of them is meant without its scope.
    if (!words[0].equals(whole) && !session.resolveCommand(words[0]).equals(whole)) {
      return -1;
    }
    List<String> before = new ArrayList<>(Arrays.asList(words).subList(0, index));
    before.set(0, name);
    before.add("");
    return choose(session, line, commands.complete(before), candidates);
  }

  private static int choose(
      Session session, CommandLine line, Collection<String> among, List<String> candidates) {
    String word = line.getCursorArgument();
    int cursor = line.getArgumentPosition();
    int from =
        new StringsCompleter(among, true)
            .complete(
                session, new ArgumentCommandLine(word == null ? "" : word, cursor), candidates);
    return from < 0 ? from : line.getBufferPosition() - cursor;
  }
}
