// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The syntax of the command line. Built with the programmatic API: reading annotations takes twice
 * the time at every start.
 */
final class Syntax {
  static final String RELAY = "relay";
  static final String RUN = "run";
  static final String CTL = "ctl";
  static final String HELP = "help";

  static final String VERSION = "--version";
  static final String VERBOSE = "--verbose";
  static final String LOG = "--log";

  static final String ONE_WAY = "-u";
  static final String CONNECT_TIMEOUT = "--connect-timeout";
  static final String IDLE_TIMEOUT = "--idle-timeout";
  static final String TOTAL_TIMEOUT = "--total-timeout";
  static final String LINGER = "--linger";
  static final String BUFFER = "--buffer";
  static final String FROM = "--from";
  static final String TO = "--to";
  static final String FORK = "--fork";
  static final String MAX_CONNECTIONS = "--max-connections";
  static final String MEMORY_LIMIT = "--memory-limit";
  static final String ACCEPT_ENV = "--accept-env";
  static final String REMOTE = "--remote";

  static final String CONF = "--conf";
  static final String PAGE = "--page";
  static final String CONTROL = "--control";
  static final String SOCKET = "--socket";

  /** The commands that a container takes, with what they do; in the order of its own help. */
  private static final List<String> COMMANDS =
      List.of(
          "pipes      lists pipes",
          "channels   lists channels",
          "listeners  lists listeners",
          "relays     lists relays",
          "pollers    lists pollers",
          "handlers   lists handlers, served or not",
          "remotes    lists endpoints of other containers, and what is published",
          "info       tells all of an object, with the stacks of waiting callers",
          "why        tells what an object waits for and what would release it",
          "peek       shows the first N bytes that wait to be read; takes none",
          "tap        shows a copy of what goes by, until Ctrl-C",
          "relay      joins two endpoints for one connection, or with --fork for many",
          "close      closes an object",
          "pause      holds an object until it is resumed",
          "resume     lets an object go on",
          "trace      logs each operation of an object",
          "report     tells everything, to be attached to a report of a bug",
          "help       lists the commands");

  /** How the endpoints begin that a relay of the command line may have; offered by completion. */
  static final List<String> ENDPOINTS =
      List.of(
          "durable:",
          "echo:",
          "exec:",
          "fd:",
          "fifo:",
          "remote:",
          "sftp-server:",
          "shell:",
          "ssh://",
          "ssh-forward-listen://",
          "ssh-listen://",
          "stdio:",
          "tcp://",
          "tcp-listen://",
          "tls://",
          "tls-listen://",
          "unix:",
          "unix-listen:");

  private Syntax() {}

  /** The whole command line. */
  static CommandLine commandLine() {
    CommandSpec root =
        common(CommandSpec.create().name("penstock"), "with --version: say what it runs on")
            .addOption(flag("Print the version and exit.", "-V", VERSION));
    root.usageMessage()
        .description("Byte plumbing: joins sockets, FIFOs, child processes and standard streams.")
        .footer("", "Exit status: 0 success, 1 failure, 2 bad arguments, 3 out of memory.");
    root.addSubcommand(RELAY, new CommandLine(relay()));
    root.addSubcommand(RUN, new CommandLine(run()));
    // What follows the command is for the container, which knows its own options.
    root.addSubcommand(CTL, new CommandLine(ctl()).setStopAtPositional(true));
    root.addSubcommand(HELP, new CommandLine(help()));
    CommandLine commandLine = new CommandLine(root);
    // Arguments are endpoints, commands and paths: they mean what they say.
    commandLine.setExpandAtFiles(false);
    commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    return commandLine;
  }

  private static CommandSpec relay() {
    CommandSpec spec =
        common(
            CommandSpec.create().name(RELAY),
            "progress on standard error; a failure's stack trace");
    spec.usageMessage()
        .description("Copies bytes between two endpoints, both ways, until both have ended.")
        .customSynopsis("penstock relay [OPTIONS] [--] FROM TO")
        .footer(
            "",
            "Endpoints: stdio: (or -), tcp://HOST:PORT, tcp-listen://HOST:PORT, unix:PATH,",
            "unix-listen:PATH, fifo:PATH, fd:N, exec:WORDS, shell:COMMAND, echo:,",
            "tls://HOST:PORT, tls-listen://HOST:PORT, ssh://USER@HOST, ssh-listen://HOST:PORT,",
            "ssh-forward-listen://USER@HOST, sftp-server:FOLDER, durable:file:PATH, remote:NAME.",
            "'penstock --version -v' names those that are installed. Durations are numbers",
            "with ms, s, m or h, or ISO-8601; sizes are bytes, or numbers with KiB, MiB or",
            "GiB.",
            "Exit status: 0 success, 1 failure, 2 bad arguments, 3 out of memory; with ssh: that of",
            "the program.");
    spec.addOption(log());
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .paramLabel("FROM")
            .type(String.class)
            .required(true)
            .completionCandidates(ENDPOINTS)
            .description("one endpoint; one that listens is accepted first")
            .build());
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("1")
            .paramLabel("TO")
            .type(String.class)
            .required(true)
            .completionCandidates(ENDPOINTS)
            .description("the other endpoint")
            .build());
    spec.addOption(flag("copy from FROM to TO only", ONE_WAY));
    spec.addOption(
        value("DURATION", "how long connecting may take (default: 10s)", CONNECT_TIMEOUT));
    spec.addOption(
        value(
            "DURATION",
            "fail when no byte went either way for so long (default: never)",
            IDLE_TIMEOUT));
    spec.addOption(
        value(
            "DURATION",
            "fail when a connection has not ended after so long (default: never)",
            TOTAL_TIMEOUT));
    spec.addOption(
        value(
            "DURATION",
            "how long the other direction may go on after one has ended (default: no limit)",
            LINGER));
    spec.addOption(
        value("SIZE", "the buffer of each direction, 1B to 1GiB (default: 256KiB)", BUFFER));
    spec.addOption(values("KEY=VALUE", "an option of FROM; may be repeated", FROM));
    spec.addOption(values("KEY=VALUE", "an option of TO; may be repeated", TO));
    spec.addOption(flag("go on accepting at FROM; each connection gets a TO of its own", FORK));
    spec.addOption(
        value(
            "N",
            "with --fork: how many connections at once (default: as many as descriptors and memory"
                + " suffice for)",
            MAX_CONNECTIONS));
    spec.addOption(
        value(
            "SIZE",
            "the memory of buffers that hold bytes, 64KiB or more (default: half of what Java may"
                + " have outside the heap)",
            MEMORY_LIMIT));
    spec.addOption(
        value(
            "NAMES",
            "variables of an SSH client that reach its program (default: LANG,LC_*)",
            ACCEPT_ENV));
    spec.addOption(
        value(
            "URL",
            "where remote:NAME is looked up: the addresses of a registry's servers, separated by"
                + " commas, or static:NAME=ENDPOINT;rank=NUMBER;TAG=VALUE",
            REMOTE));
    return spec;
  }

  private static CommandSpec run() {
    CommandSpec spec =
        common(CommandSpec.create().name(RUN), "log what happens (level INFO; otherwise WARN)");
    spec.usageMessage()
        .description(
            "Boots the container and stays until it is stopped, with a shell on a terminal.")
        .customSynopsis("penstock run [OPTIONS]");
    spec.addOption(
        OptionSpec.builder(CONF)
            // Not text, so that completion offers folders.
            .type(File.class)
            .paramLabel("DIR")
            .description(
                "a folder of configurations, *.json in the Configurator's form; read again when a"
                    + " file changes")
            .build());
    spec.addOption(
        value(
            "HOST:PORT",
            "the operator's page at that address of this machine; a line on standard error has its"
                + " URL with a token",
            PAGE));
    spec.addOption(
        value(
            "PATH|off",
            "where commands of 'penstock ctl' are taken; a line on standard error says so (default:"
                + " penstock.sock in $XDG_RUNTIME_DIR, or else penstock-USER.sock in the folder for"
                + " temporary files)",
            CONTROL));
    spec.addOption(log());
    return spec;
  }

  private static CommandSpec ctl() {
    CommandSpec spec = common(CommandSpec.create().name(CTL), "what the client itself logs");
    spec.usageMessage()
        .description("Runs a command in a container of 'penstock run', and shows its answer.")
        .customSynopsis("penstock ctl [OPTIONS] COMMAND [ARGUMENTS]")
        .footer(footer());
    spec.addOption(
        value(
            "PATH",
            "the container's control socket (default: where 'penstock run' of the same user has"
                + " its own)",
            SOCKET));
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .paramLabel("COMMAND")
            .type(String.class)
            .required(true)
            .completionCandidates(
                COMMANDS.stream().map(line -> line.substring(0, line.indexOf(' '))).toList())
            .description("what to do")
            .build());
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("1..*")
            .arity("0..*")
            .paramLabel("ARGUMENTS")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description("of the command; options such as --json follow it")
            .build());
    return spec;
  }

  private static String[] footer() {
    List<String> lines = new ArrayList<>(List.of("", "Commands:"));
    COMMANDS.forEach(line -> lines.add("  " + line));
    lines.addAll(
        List.of(
            "'penstock ctl help' asks the container what they take. Only the user of the",
            "container and root may send commands. Paths in them are the container's.",
            "Exit status: 0 success, 1 failure, 2 refused by the container, or bad arguments."));
    return lines.toArray(String[]::new);
  }

  private static OptionSpec log() {
    return values(
        "LOGGER=LEVEL",
        "what a logger and those below it print: trace, debug, info, warn, error or off, such as"
            + " io.penstock.tcp=debug; may be repeated",
        LOG);
  }

  private static CommandSpec help() {
    CommandSpec spec = CommandSpec.create().name(HELP);
    spec.usageMessage()
        .description("Prints what a command takes, or which commands there are.")
        .customSynopsis("penstock help [COMMAND]");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .paramLabel("COMMAND")
            .type(String.class)
            .completionCandidates(List.of(RELAY, RUN, CTL, HELP))
            .description("such as relay")
            .build());
    spec.addOption(helpOption());
    return spec;
  }

  private static OptionSpec helpOption() {
    return OptionSpec.builder("-h", "--help")
        .type(boolean.class)
        .usageHelp(true)
        .description("print this help and exit")
        .build();
  }

  private static CommandSpec common(CommandSpec spec, String verbose) {
    spec.usageMessage().abbreviateSynopsis(true).width(80);
    spec.addOption(flag(verbose, "-v", VERBOSE));
    spec.addOption(helpOption());
    return spec;
  }

  private static OptionSpec flag(String description, String... names) {
    return OptionSpec.builder(names).type(boolean.class).description(description).build();
  }

  private static OptionSpec value(String label, String description, String name) {
    return OptionSpec.builder(name)
        .type(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  private static OptionSpec values(String label, String description, String name) {
    return OptionSpec.builder(name)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }
}
