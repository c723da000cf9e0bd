// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Converters;
import org.apache.felix.gogo.jline.Posix;
import org.apache.felix.gogo.jline.Procedural;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.gogo.runtime.CommandSessionImpl;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/**
 * The processor of commands, and the commands that come with the shell. Safe for use by any thread.
 */
final class Commands {
  static final String EXIT = "exit";

  /** The commands that run a shell within a session. */
  private static final List<String> WITHIN = List.of("sh", "gosh");

  private static final String SCOPE = "gogo";

  private static final String ECHO = "echo";

  /** Shells hand variables that begin like this one on to the shells in them. */
  private static final String VISIT = ".PENSTOCK.VISIT";

  private static final List<String> SHELL = List.of("gosh", "sh", "source", "help");
  private static final List<String> PROCEDURAL =
      List.of("each", "if", "not", "throw", "try", "until", "while", "break", "continue");
  private static final List<String> BUILTIN =
      List.of(
          "format",
          "getopt",
          "new",
          "set",
          "tac",
          "type",
          "jobs",
          "fg",
          "bg",
          "keymap",
          "setopt",
          "unsetopt",
          "complete",
          "history",
          "widget",
          "__files",
          "__directories",
          "__usage_completion");
  private static final List<String> POSIX =
      List.of(
          "cat", "echo", "grep", "sort", "sleep", "cd", "pwd", "ls", "less", "watch", "nano",
          "head", "tail", "clear", "wc", "date");

  private final CommandProcessor processor;
  private final Function<String, @Nullable String> properties;
  private final List<ServiceRegistration<?>> provided = new CopyOnWriteArrayList<>();

  /**
   * Uses a processor.
   *
   * @param properties what the shell asks for by name, such as {@code user.dir}
   */
  Commands(CommandProcessor processor, Function<String, @Nullable String> properties) {
    this.processor = processor;
    this.properties = properties;
  }

  CommandProcessor processor() {
    return processor;
  }

  /** A shell of its own, for one session; the container stays when it ends. */
  Shell shell() {
    return new Shell(
        new Shell.Context() {
          @Override
          public @Nullable String getProperty(String name) {
            return properties.apply(name);
          }

          @Override
          public void exit() {
            // Does nothing: an exit ends the session only, never the container.
          }
        },
        processor);
  }

  /**
   * Registers {@code exit}, and the commands of the shell's own bundle, unless that has done it: it
   * is not started where there is no terminal, which it would take.
   */
  void provide(BundleContext context) {
    provided.add(
        context.registerService(
            org.apache.felix.service.command.Function.class,
            Commands::exit,
            FrameworkUtil.asDictionary(
                Map.of(
                    CommandProcessor.COMMAND_SCOPE,
                    SCOPE,
                    CommandProcessor.COMMAND_FUNCTION,
                    EXIT))));
    Bundle bundle = FrameworkUtil.getBundle(Shell.class);
    if (bundle != null && (bundle.getState() & (Bundle.ACTIVE | Bundle.STARTING)) != 0) {
      return;
    }
    BundleContext system = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getBundleContext();
    provided.add(
        context.registerService(
            Converter.class, new Converters(system), FrameworkUtil.asDictionary(Map.of())));
    standard()
        .forEach(
            (target, functions) ->
                provided.add(
                    context.registerService(
                        target.getClass().getName(),
                        target,
                        FrameworkUtil.asDictionary(
                            Map.of(
                                CommandProcessor.COMMAND_SCOPE,
                                SCOPE,
                                CommandProcessor.COMMAND_FUNCTION,
                                functions.toArray(String[]::new))))));
  }

  /** The commands of the shell's own bundle, by what runs them. */
  Map<Object, List<String>> standard() {
    return Map.of(
        new Builtin(),
        BUILTIN,
        new Procedural(),
        PROCEDURAL,
        new Posix(processor),
        POSIX,
        shell(),
        SHELL);
  }

  /** Takes back what was registered. */
  void withdraw() {
    provided.forEach(ServiceRegistration::unregister);
    provided.clear();
  }

  /**
   * Has a session, and the sessions of shells within it, belong to a visit: {@code exit} ends that
   * and nothing else.
   */
  static void belong(CommandSession session, Visit visit) {
    Object unused = session.put(VISIT, visit);
    define(session, EXIT, Commands::exit);
    for (String name : WITHIN) {
      define(session, name, (from, arguments) -> within(visit, name, from, arguments));
    }
  }

  /**
   * Has something run before each command of a session, which asks then for the variable that says
   * whether commands are shown ({@code set -x}). The value of the variable does not change.
   */
  static void before(CommandSession session, Runnable task) {
    define(
        session,
        "#" + ECHO,
        (from, arguments) -> {
          task.run();
          return ((CommandSessionImpl) from).getVariables().get(ECHO);
        });
  }

  /** A shell within a command: a call of {@code exit} in it also leaves the command. */
  private static @Nullable Object within(
      Visit visit, String name, CommandSession from, List<Object> arguments) throws Exception {
    if (!(from.get(SCOPE + ":" + name)
        instanceof org.apache.felix.service.command.Function command)) {
      throw new IllegalStateException(name + ": there is no such command");
    }
    Object result = command.execute(from, arguments);
    visit.leaveCommand();
    return result;
  }

  /**
   * The command {@code exit}. Its scope comes first, before the one that shells make of {@code
   * System}, whose {@code exit} would end the container.
   */
  static @Nullable Object exit(CommandSession session, List<Object> arguments) throws Exception {
    if (session.get(VISIT) instanceof Visit visit) {
      return visit.exit(session, arguments);
    }
    // The terminal of the container itself.
    if (session.get("system:" + EXIT)
            instanceof org.apache.felix.service.command.Function everything
        && session.get(Shell.VAR_TERMINAL) != null) {
      return everything.execute(session, arguments);
    }
    throw new IllegalStateException("exit: there is no session to end");
  }

  /** Has a name stand for a command in one session only, before all others of that name. */
  static void define(
      CommandSession session, String name, org.apache.felix.service.command.Function command) {
    Object unused = session.put(name, command);
  }
}
