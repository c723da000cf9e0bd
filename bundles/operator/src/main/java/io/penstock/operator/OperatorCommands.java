// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Endpoint;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The commands of operators, for any shell. Any number of threads may run commands at once, and any
 * thread may close this.
 *
 * <p>A command that is refused throws {@link IllegalArgumentException}, whose message names what
 * was wrong, what is expected and, if something is near, what the user may have meant.
 */
@ProviderType
public final class OperatorCommands implements AutoCloseable {
  private static final int PEEKED = 256;
  private static final int MOST_PEEKED = 1 << 20;
  private static final int TAPPED = 256 * 1024;
  private static final int MOST_TAPPED = 16 << 20;

  /** The cursor to the top, and everything deleted. */
  private static final String CLEAR = "\033[H\033[2J";

  private final PenstockRuntime runtime;
  private final PenstockControl control;
  private final ChannelFactory channels;
  private final RelayFactory relays;
  private final String version;

  /** One for each command that runs, after a key of its own; completes when it is to end. */
  private final Map<Object, CompletableFuture<@Nullable Object>> running =
      new ConcurrentHashMap<>();

  private volatile boolean closed;

  /**
   * Makes them.
   *
   * @param runtime tells what there is
   * @param control does what a command asks for
   * @param channels tells which schemes there are
   * @param relays makes what the command of that name asks for, which lives as long as this factory
   * @param version of this product, for {@code report}
   */
  public OperatorCommands(
      PenstockRuntime runtime,
      PenstockControl control,
      ChannelFactory channels,
      RelayFactory relays,
      String version) {
    this.runtime = runtime;
    this.control = control;
    this.channels = channels;
    this.relays = relays;
    this.version = version;
  }

  /**
   * The commands with their arguments and what they do, for help.
   *
   * @return lines, each with a line feed
   */
  public static String help() {
    return Verb.help();
  }

  /**
   * The names of all commands.
   *
   * @return in the order of {@link #help()}; unmodifiable
   */
  public static List<String> names() {
    return Verb.names();
  }

  /**
   * What a command takes and does.
   *
   * @param command its name, one of {@link #names()}
   * @return one line without a line feed
   * @throws IllegalArgumentException if there is no such command
   */
  public static String description(String command) {
    return Verb.of(command).description();
  }

  /**
   * What may stand at the place of the last word of an unfinished command.
   *
   * @param words the command and its arguments; the last one is unfinished, and may be empty
   * @return the words that are allowed there, whether they begin as the last word does or not;
   *     unmodifiable
   */
  public List<String> complete(List<String> words) {
    return Completions.of(words, runtime.runtime(), channels.schemes());
  }

  /**
   * Runs a command. {@code --watch} and {@code tap} go on until the user has gone, {@link #close()}
   * is called or the calling thread is interrupted. {@code relay} without {@code --fork} waits up
   * to a second for endpoints that are opened at once. Nothing else waits.
   *
   * @param words the command and its arguments
   * @param out where it writes to
   * @throws IllegalArgumentException if the command is refused
   * @throws IOException if the output cannot be written, or if the object's bytes cannot be told,
   *     or if an endpoint of a relay cannot be opened
   * @throws InterruptedException if the calling thread is interrupted
   */
  public void run(List<String> words, CommandOutput out) throws IOException, InterruptedException {
    if (words.isEmpty()) {
      throw new IllegalArgumentException(
          "no command given; expected " + String.join(", ", Verb.names()));
    }
    Verb verb = Verb.of(words.get(0));
    Arguments arguments = Arguments.of(verb, words.subList(1, words.size()));
    // A future of the command's own: one that all share would keep what each has left there.
    CompletableFuture<@Nullable Object> end = new CompletableFuture<>();
    Object key = new Object();
    running.put(key, end);
    try {
      if (closed) {
        end.complete(null);
      }
      run(verb, arguments, out, end);
    } finally {
      running.remove(key);
    }
  }

  /**
   * Ends commands that go on, such as {@code --watch} and {@code tap}. What needs these commands no
   * longer calls it, so that no thread stays in them. Does not wait. Idempotent.
   */
  @Override
  public void close() {
    closed = true;
    running.values().forEach(end -> end.complete(null));
  }

  private void run(
      Verb verb, Arguments arguments, CommandOutput out, CompletableFuture<@Nullable Object> end)
      throws IOException, InterruptedException {
    switch (verb) {
      case PIPES, CHANNELS, LISTENERS, RELAYS, POLLERS, HANDLERS, REMOTES ->
          list(verb, arguments, out, end);
      case INFO -> info(arguments, out);
      case WHY -> out.print(control.why(known(verb, arguments)) + "\n");
      case PEEK -> peek(arguments, out);
      case TAP -> tap(arguments, out, end);
      case RELAY -> relay(arguments, out, end);
      case CLOSE -> control.close(known(verb, arguments));
      case PAUSE -> control.pause(known(verb, arguments));
      case RESUME -> control.resume(known(verb, arguments));
      case TRACE -> trace(arguments);
      case REPORT -> report(arguments, out);
      case HELP -> out.print(help());
    }
  }

  private void list(
      Verb verb, Arguments arguments, CommandOutput out, CompletableFuture<@Nullable Object> end)
      throws IOException, InterruptedException {
    if (!arguments.has(Arguments.WATCH)) {
      show(verb, arguments, out);
      return;
    }
    CountDownLatch gone = new CountDownLatch(1);
    var unused = end.thenRun(gone::countDown);
    var unusedToo = out.gone().whenComplete((done, failure) -> end.complete(null));
    boolean first = true;
    do {
      if (out.terminal()) {
        out.print(CLEAR);
      } else if (!first && !arguments.has(Arguments.JSON)) {
        out.print("\n");
      }
      first = false;
      show(verb, arguments, out);
    } while (!gone.await(1, TimeUnit.SECONDS));
  }

  private void show(Verb verb, Arguments arguments, CommandOutput out) throws IOException {
    RuntimeDTO now = runtime.runtime();
    ReportTable table = RuntimeTables.of(verb.word(), now).filtered(arguments.words());
    if (arguments.has(Arguments.SORT)) {
      table = table.sorted(arguments.value(Arguments.SORT));
    }
    if (arguments.has(Arguments.JSON)) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("at", now.at());
      all.put(verb.word(), table.rows().stream().map(ReportTable.Row::object).toList());
      out.print(RuntimeJson.value(all) + "\n");
    } else {
      out.table(table);
    }
  }

  private void info(Arguments arguments, CommandOutput out) throws IOException {
    RuntimeDTO now = runtime.runtime();
    List<Named> found = Named.find(now, arguments.word(0), Verb.INFO.kinds());
    if (arguments.has(Arguments.JSON)) {
      out.print(RuntimeJson.value(found.stream().map(Named::object).toList()) + "\n");
      return;
    }
    StringBuilder text = new StringBuilder();
    for (Named each : found) {
      text.append(text.isEmpty() ? "" : "\n").append(ObjectDetails.text(each, now.at()));
    }
    out.print(text.toString());
  }

  /** The first argument, if there is an object of that name that the command is for. */
  private String known(Verb verb, Arguments arguments) {
    String name = arguments.word(0);
    List<Named> found = Named.find(runtime.runtime(), name, verb.kinds());
    // What is unique among those that the command is for may be named by its name.
    return found.size() == 1 ? found.get(0).reference() : name;
  }

  private void peek(Arguments arguments, CommandOutput out) throws IOException {
    int max = arguments.words().size() < 2 ? PEEKED : bytes("N", arguments.word(1), MOST_PEEKED);
    ByteBuffer bytes = control.peek(known(Verb.PEEK, arguments), max);
    out.print(bytes.hasRemaining() ? HexDump.of("", 0, bytes) : "no bytes wait to be read\n");
  }

  private void tap(Arguments arguments, CommandOutput out, CompletableFuture<@Nullable Object> end)
      throws IOException, InterruptedException {
    int capacity =
        arguments.has(Arguments.BUFFER)
            ? bytes(Arguments.BUFFER, arguments.value(Arguments.BUFFER), MOST_TAPPED)
            : TAPPED;
    try {
      var unused = out.gone().whenComplete((done, failure) -> end.complete(null));
      TapReader.copy(control.tap(known(Verb.TAP, arguments), capacity), out, end);
    } catch (InterruptedIOException interrupt) {
      // Streams leave the flag set.
      if (!Thread.interrupted()) {
        throw interrupt;
      }
      InterruptedException told = new InterruptedException(interrupt.getMessage());
      told.initCause(interrupt);
      throw told;
    }
  }

  private static int bytes(String what, String text, int most) {
    long bytes;
    try {
      bytes = Units.bytes(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(what + ": " + e.getMessage(), e);
    }
    if (bytes < 1 || bytes > most) {
      throw Messages.refused(what, text, "1 B to " + Units.text(most));
    }
    return (int) bytes;
  }

  private void relay(
      Arguments arguments, CommandOutput out, CompletableFuture<@Nullable Object> end)
      throws IOException, InterruptedException {
    Endpoint from = Endpoint.parse(arguments.word(0));
    Endpoint to = Endpoint.parse(arguments.word(1));
    RelayOptions options =
        RelayOptions.defaults()
            .withFork(arguments.has(Arguments.FORK))
            .withOneWay(arguments.has(Arguments.ONE_WAY));
    if (arguments.has(Arguments.NAME)) {
      options = options.withName(arguments.value(Arguments.NAME));
    }
    CommandedRelay relay = new CommandedRelay(relays, from, to, options);
    relay.start(end);
    out.print(
        "relay "
            + Messages.visible(relay.name())
            + " goes on until "
            + (options.fork() ? "it is closed\n" : "its connection ends\n"));
  }

  private void trace(Arguments arguments) {
    boolean on =
        switch (arguments.word(1)) {
          case "on" -> true;
          case "off" -> false;
          default -> throw Messages.refused("trace", arguments.word(1), "on or off");
        };
    control.trace(known(Verb.TRACE, arguments), on);
  }

  private void report(Arguments arguments, CommandOutput out) throws IOException {
    Map<String, String> facts = Report.facts(version, channels.nativeMode());
    RuntimeDTO now = runtime.runtime();
    out.print(
        arguments.has(Arguments.JSON) ? Report.json(facts, now) + "\n" : Report.text(facts, now));
  }
}
