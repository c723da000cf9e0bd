// SPDX-License-Identifier: Apache-2.0
package io.penstock.gogo;

import io.penstock.operator.OperatorCommands;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.osgi.service.component.annotations.Component;

/**
 * Tells each session of Gogo's shell how our commands are completed: a session has its own table,
 * which its first command finds empty. Any threads may call it.
 */
@Component(service = CommandSessionListener.class)
public final class GogoCompletion implements CommandSessionListener {
  private static final Logger LOG = Messages.log("operator");

  /** The table of a session, which only a shell with a terminal has. */
  private static final String TABLE = ".completions";

  /** Set in sessions that know of our commands. */
  private static final String TOLD = ".penstock.completions";

  private static final Set<String> OPTIONS =
      Set.of("sort", "json", "watch", "name", "fork", "one-way", "buffer");

  @Override
  public void beforeExecute(CommandSession session, CharSequence line) {
    if (session.get(TABLE) instanceof Map<?, ?> table && session.get(TOLD) != table) {
      // Before the commands below, for which this method is called as well.
      Object unused = session.put(TOLD, table);
      try {
        for (String name : OperatorCommands.names()) {
          if (!name.equals("help")) {
            tell(session, name);
          }
        }
      } catch (Exception e) {
        // Whatever a shell of another kind throws: completion is a convenience.
        LOG.log(Level.DEBUG, "the shell does not take completions", e);
      }
    }
  }

  private static void tell(CommandSession session, String name) throws Exception {
    String command = "complete -c " + GogoCommands.SCOPE + ":" + name;
    Object unused = session.execute(command + " -e");
    unused =
        session.execute(
            command
                + " -a '"
                + GogoCommands.SCOPE
                + ":"
                + GogoCommands.COMPLETE
                + " ($.commandLine words) ($.commandLine wordIndex)'");
    for (String option : OPTIONS) {
      if (OperatorCommands.description(name).contains("[--" + option)) {
        unused = session.execute(command + " -l " + option);
      }
    }
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Exception failure) {
    // Nothing is left to do.
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Object result) {
    // Nothing is left to do.
  }
}
