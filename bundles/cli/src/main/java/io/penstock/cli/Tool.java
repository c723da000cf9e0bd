// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.ExitException;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayObserver;
import io.penstock.spi.Messages;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Reads the arguments and does what they say. {@link #stop} may be called by any thread. */
final class Tool {
  static final int SUCCESS = 0;
  static final int FAILURE = 1;
  static final int BAD_ARGUMENTS = 2;

  private static final Set<String> LEVELS =
      Set.of("trace", "debug", "info", "warn", "error", "off");

  /** What is more is for the bundle of the page, which may be another version. */
  private static final Pattern PAGE = Pattern.compile(".+:[0-9]{1,5}");

  private static final String PAGE_EXPECTED =
      "HOST:PORT of this machine, such as 127.0.0.1:8090; port 0 lets the system choose";

  private static final String OFF = "off";
  private static final String CONTROL_EXPECTED = "the path of a socket file that is made, or off";

  private static final String CONF_EXPECTED = "a folder of configurations";
  private static final String SOCKET_EXPECTED = "the path of a container's control socket";

  private static final String SEE_HELP = "; see 'penstock --help'";

  /**
   * The environment of the program, in addition to the services.
   *
   * @param version of this product
   * @param framework name and version of the OSGi framework
   * @param out standard output
   * @param err standard error
   * @param terminal whether standard error is a terminal
   * @param screen whether standard output is one
   * @param control where the control socket may be, if nothing else is said; the first one is made
   * @param further the schemes of installed bundles that were not started, because no argument
   *     names them
   * @param inherited the descriptors that the program was given beside the standard streams; null
   *     where they were not recorded
   * @param ending whether the virtual machine is shutting down
   * @param container keeps the container running and returns the exit status
   */
  record Surroundings(
      String version,
      String framework,
      PrintStream out,
      PrintStream err,
      boolean terminal,
      boolean screen,
      List<Path> control,
      Set<String> further,
      @Nullable SortedSet<Integer> inherited,
      BooleanSupplier ending,
      Function<Map<String, String>, Integer> container) {}

  private final Surroundings surroundings;
  private final ChannelFactory channels;
  private final RelayFactory relays;
  private final AtomicReference<@Nullable Relay> current = new AtomicReference<>();
  private final AtomicReference<@Nullable ControlClient> client = new AtomicReference<>();
  private final CountDownLatch stopped = new CountDownLatch(1);

  /**
   * Makes one.
   *
   * @param surroundings what there is beside the services
   * @param channels tells which schemes there are
   * @param relays makes the relay
   */
  Tool(Surroundings surroundings, ChannelFactory channels, RelayFactory relays) {
    this.surroundings = surroundings;
    this.channels = channels;
    this.relays = relays;
  }

  /** Ends a relay, or a command of a container, in progress. From now on nothing is reported. */
  void stop() {
    stopped.countDown();
    ControlClient asking = client.get();
    if (asking != null) {
      asking.close();
    }
    Relay relay = current.get();
    if (relay != null) {
      relay.close();
    }
  }

  private boolean isStopped() {
    return stopped.getCount() == 0;
  }

  private boolean isEnding() {
    return isStopped() || surroundings.ending().getAsBoolean();
  }

  /**
   * Runs one command line. Waits until it is done.
   *
   * @param args the arguments
   * @return the exit status
   */
  int run(String... args) {
    CommandLine commandLine = Syntax.commandLine();
    ParseResult root;
    try {
      root = commandLine.parseArgs(args);
    } catch (ParameterException e) {
      return refuse(complaint(e) + "; see '" + commandName(e.getCommandLine()) + " --help'");
    }
    ParseResult parsed = root.hasSubcommand() ? root.subcommand() : root;
    boolean verbose =
        root.hasMatchedOption(Syntax.VERBOSE) || parsed.hasMatchedOption(Syntax.VERBOSE);
    if (root.isUsageHelpRequested() || parsed.isUsageHelpRequested()) {
      return usage((root.isUsageHelpRequested() ? root : parsed).commandSpec().commandLine());
    }
    if (root.hasMatchedOption(Syntax.VERSION)) {
      printVersion(verbose);
      return SUCCESS;
    }
    for (String pair : parsed.matchedOptionValue(Syntax.LOG, List.<String>of())) {
      int equals = pair.indexOf('=');
      if (equals < 1) {
        return refuse(Syntax.LOG + ": '" + pair + "' is not LOGGER=LEVEL");
      }
      String level = pair.substring(equals + 1);
      if (!LEVELS.contains(level.toLowerCase(Locale.ROOT))) {
        String words = "trace, debug, info, warn, error or off";
        return refuse(Reporter.describe(Messages.refused(Syntax.LOG, level, words)));
      }
    }
    return switch (parsed.commandSpec().name()) {
      case Syntax.RELAY -> relay(parsed, verbose);
      case Syntax.RUN -> stay(parsed, verbose);
      case Syntax.CTL -> ctl(parsed);
      case Syntax.HELP -> help(parsed, commandLine);
      default ->
          refuse(
              "no command given; known: "
                  + String.join(", ", commandLine.getSubcommands().keySet())
                  + SEE_HELP);
    };
  }

  private int usage(CommandLine asked) {
    asked.usage(surroundings.out(), asked.getColorScheme());
    return SUCCESS;
  }

  private int help(ParseResult parsed, CommandLine all) {
    String name = parsed.matchedPositionalValue(0, (String) null);
    CommandLine asked = name == null ? all : all.getSubcommands().get(name);
    return asked == null ? refuse(unknownCommand(name, all) + SEE_HELP) : usage(asked);
  }

  private static String unknownCommand(String name, CommandLine all) {
    return "unknown command '"
        + name
        + "'; known: "
        + String.join(", ", all.getSubcommands().keySet())
        + Messages.didYouMean(name, all.getSubcommands().keySet());
  }

  private int refuse(String complaint) {
    surroundings
        .err()
        .print("penstock: " + Messages.visible(complaint.replaceAll("\\R", " ")) + "\n");
    surroundings.err().flush();
    return BAD_ARGUMENTS;
  }

  private static String commandName(CommandLine command) {
    return command.getCommandSpec().qualifiedName();
  }

  /** The parser's complaint in our words, naming what is known. */
  private static String complaint(ParameterException e) {
    CommandLine command = e.getCommandLine();
    if (e instanceof UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().get(0);
      if (unmatched.isUnknownOption()) {
        List<String> known = optionNames(command);
        int equals = first.indexOf('=');
        return "unknown option '"
            + first
            + "'; known: "
            + String.join(", ", known)
            + Messages.didYouMean(equals < 0 ? first : first.substring(0, equals), known);
      }
      if (!command.getSubcommands().isEmpty()) {
        return unknownCommand(first, command);
      }
      return "unexpected argument '"
          + first
          + "'"
          + (command.getCommandSpec().positionalParameters().isEmpty()
              ? ""
              : " after FROM and TO; an endpoint with spaces in it is quoted");
    }
    if (e instanceof MissingParameterException missing && !isOption(missing.getMissing())) {
      // The parser names the first one only.
      List<PositionalParamSpec> all = command.getCommandSpec().positionalParameters();
      List<String> labels =
          all.subList(all.indexOf(missing.getMissing().get(0)), all.size()).stream()
              .filter(ArgSpec::required)
              .map(ArgSpec::paramLabel)
              .toList();
      return String.join(" and ", labels) + (labels.size() > 1 ? " are missing" : " is missing");
    }
    return Reporter.describe(e);
  }

  private static boolean isOption(List<ArgSpec> missing) {
    return missing.isEmpty() || missing.stream().anyMatch(ArgSpec::isOption);
  }

  private static List<String> optionNames(CommandLine command) {
    return command.getCommandSpec().options().stream()
        .map(option -> option.longestName())
        .sorted()
        .toList();
  }

  private void printVersion(boolean verbose) {
    PrintStream out = surroundings.out();
    out.println("penstock " + surroundings.version());
    if (verbose) {
      out.println(
          "java "
              + System.getProperty("java.runtime.version")
              + " ("
              + System.getProperty("java.vendor")
              + ", "
              + System.getProperty("java.vm.name")
              + ")");
      out.println("framework " + surroundings.framework());
      out.println("native calls " + channels.nativeMode());
      out.println("schemes " + String.join(", ", schemes()));
      out.println(
          "system "
              + System.getProperty("os.name")
              + " "
              + System.getProperty("os.version")
              + " "
              + System.getProperty("os.arch"));
    }
    out.flush();
  }

  /** Those of all bundles that are there, whether they were started or not. */
  private SortedSet<String> schemes() {
    SortedSet<String> all = new TreeSet<>(channels.schemes());
    all.addAll(surroundings.further());
    return all;
  }

  private int stay(ParseResult parsed, boolean verbose) {
    Map<String, String> options = new HashMap<>();
    File folder = parsed.matchedOptionValue(Syntax.CONF, (File) null);
    if (folder != null) {
      if (folder.getPath().isEmpty()) {
        // It would be the current folder.
        return refuse(Reporter.describe(Messages.refused(Syntax.CONF, "", CONF_EXPECTED)));
      }
      options.put("conf", folder.getPath());
    }
    String page = parsed.matchedOptionValue(Syntax.PAGE, (String) null);
    if (page != null) {
      if (!PAGE.matcher(page).matches()) {
        return refuse(Reporter.describe(Messages.refused(Syntax.PAGE, page, PAGE_EXPECTED)));
      }
      options.put("page", page);
    }
    String control = parsed.matchedOptionValue(Syntax.CONTROL, (String) null);
    if (control == null) {
      options.put("control", surroundings.control().get(0).toString());
    } else if (control.isEmpty()) {
      return refuse(Reporter.describe(Messages.refused(Syntax.CONTROL, control, CONTROL_EXPECTED)));
    } else if (!control.equals(OFF)) {
      options.put("control", control);
    }
    options.put("log", verbose ? "info" : "warn");
    return surroundings.container().apply(options);
  }

  private int ctl(ParseResult parsed) {
    String given = parsed.matchedOptionValue(Syntax.SOCKET, (String) null);
    if (given != null && given.isEmpty()) {
      return refuse(Reporter.describe(Messages.refused(Syntax.SOCKET, given, SOCKET_EXPECTED)));
    }
    Path socket = given == null ? ControlPath.existing(surroundings.control()) : Path.of(given);
    if (given == null && ControlPath.isForeign(socket, System.getProperty("user.name", "?"))) {
      return refuse(socket + " is another user's; expected --socket PATH of your own container's");
    }
    List<String> words = new ArrayList<>();
    words.add(parsed.matchedPositionalValue(0, ""));
    words.addAll(parsed.matchedPositionalValue(1, List.<String>of()));
    try (ControlClient asking =
        new ControlClient(channels, surroundings.out(), surroundings.err())) {
      client.set(asking);
      return isStopped() ? FAILURE : asking.run(socket, words, surroundings.screen());
    } finally {
      client.set(null);
    }
  }

  private int relay(ParseResult parsed, boolean verbose) {
    RelayArguments arguments;
    try {
      arguments = RelayArguments.of(parsed, schemes(), surroundings.inherited());
    } catch (IllegalArgumentException e) {
      return refuse(Reporter.describe(e));
    }
    boolean fork = arguments.options().fork();
    // Closed before this method reports the outcome, which is the last line.
    Reporter reporter =
        new Reporter(surroundings.err(), surroundings.terminal(), verbose, fork, this::isEnding);
    try (reporter) {
      return relay(arguments, reporter);
    }
  }

  private int relay(RelayArguments arguments, Reporter reporter) {
    if (arguments.saysSize()) {
      return relay(arguments, reporter, reporter);
    }
    try (WindowSize window = new WindowSize(reporter)) {
      return relay(arguments, reporter, window);
    }
  }

  private int relay(RelayArguments arguments, Reporter reporter, RelayObserver observer) {
    Relay relay;
    try {
      relay =
          relays.create(
              arguments.from(), arguments.to(), arguments.options().withObserver(observer));
    } catch (IllegalArgumentException e) {
      return refuse(Reporter.describe(e));
    } catch (IOException e) {
      return isMalformed(e) ? refuse(Reporter.describe(e)) : fail(reporter, e);
    }
    try (relay) {
      current.set(relay);
      if (isStopped()) {
        return FAILURE;
      }
      for (Listener listener : relay.listeners()) {
        reporter.line("listening " + listener.endpoint().withoutOptions());
      }
      reporter.follow(relay);
      relay.start();
      return await(relay, reporter);
    } finally {
      current.set(null);
    }
  }

  private int await(Relay relay, Reporter reporter) {
    try {
      relay.completed().toCompletableFuture().get();
      reporter.close();
      if (!isEnding()) {
        reporter.summary(relay);
      }
      return SUCCESS;
    } catch (ExecutionException e) {
      reporter.close();
      Throwable failure = e.getCause() == null ? e : e.getCause();
      awaitOwnSignal(failure);
      int unused = fail(reporter, failure);
      return status(failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return FAILURE;
    }
  }

  /** Waits, where a signal may have ended a child before it has reached this program. */
  private void awaitOwnSignal(Throwable failure) {
    if (SharedSignal.mayExplain(failure)) {
      try {
        // The result does not count: the caller asks whether the program is ending.
        var unused = stopped.await(SharedSignal.GRACE_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Whether an address can be none, whatever the system has. */
  private static boolean isMalformed(Throwable failure) {
    return failure instanceof AddressException address
        && (address.kind() == AddressException.Kind.INVALID
            || address.kind() == AddressException.Kind.NAME_TOO_LONG);
  }

  /** As {@code ssh} does, that of the program at the other end, if there is one. */
  private static int status(Throwable failure) {
    // A kind that looks at its options only when it is opened.
    if (failure instanceof RelayException
        && failure.getCause() instanceof IllegalArgumentException) {
      return BAD_ARGUMENTS;
    }
    if (failure instanceof RelayException relay
        && relay.endpoint().scheme().equals("ssh")
        && relay.getCause() instanceof ExitException exit
        && (exit.status() & 0xff) != 0) {
      return exit.status() & 0xff;
    }
    return FAILURE;
  }

  private int fail(Reporter reporter, Throwable failure) {
    if (!isEnding()) {
      reporter.failure(failure);
    }
    return FAILURE;
  }
}
