// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.ProgramRequest;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.HandleLimitException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import io.penstock.stream.Units;
import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Child processes: {@code exec:} with a program and its arguments, {@code shell:} with a command
 * for {@code /bin/sh -c}.
 *
 * <p>Options: {@code cwd}, the folder to run in; {@code env.NAME}, a variable of its environment,
 * beside ours unless {@code clearEnv} is true; {@code stderr}, {@code inherit} (the default: it is
 * ours) or {@code pipe} (a source of its own, {@link
 * io.penstock.channel.facet.ProgramFacet#errorSource()}); {@code readAhead}, how many bytes of one
 * output are kept while the other is waited for (16 MiB); {@code pty}, whether the child gets a
 * session and a terminal of its own, {@code columns} (80) and {@code rows} (24) large, which is its
 * input, its output and its standard error.
 *
 * <p>With a {@link ChannelOptions#withProgram request} the child gets what the peer has asked for
 * as the variable {@code PENSTOCK_COMMAND} or {@code PENSTOCK_SUBSYSTEM}, and the peer's variables;
 * {@code pty} is true by default if the peer wants a terminal, of that size, and {@code stderr} is
 * {@code pipe} by default otherwise.
 */
public final class ProcessProvider implements ChannelProvider {
  private static final String EXEC = "exec";
  private static final String SHELL = "shell";
  private static final String CWD = "cwd";
  private static final String STDERR = "stderr";
  private static final String CLEAR = "clearEnv";
  private static final String AHEAD = "readAhead";
  private static final String ENVIRONMENT = "env.";
  private static final long MAX_AHEAD = 1L << 30;
  private static final Pattern ERROR_NUMBER = Pattern.compile("error[=:] ?(\\d+)");

  /** Starts a child. */
  @FunctionalInterface
  interface Starter {
    Child start(Child.Plan plan) throws IOException;
  }

  private final Starter starter;
  private final PosixAccess posix;

  /**
   * Makes a provider.
   *
   * @param posix makes native calls, by which children are started; without them the JDK does so
   */
  public ProcessProvider(PosixAccess posix) {
    this(Child::start, posix);
  }

  ProcessProvider(Starter starter, PosixAccess posix) {
    this.starter = starter;
    this.posix = posix;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(EXEC, SHELL);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Set.of(
        CWD,
        STDERR,
        AHEAD,
        CLEAR,
        ENVIRONMENT,
        TerminalStart.PTY,
        TerminalStart.COLUMNS,
        TerminalStart.ROWS);
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    List<String> unusedCommand = command(endpoint);
    boolean unusedFlag = Options.flag(options, CLEAR, false);
    boolean unusedErrors = errors(options);
    TerminalStart unusedTerminal = TerminalStart.of(options);
    long unusedBytes = readAhead(options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    List<String> command = command(endpoint);
    ProcessBuilder builder = new ProcessBuilder(command);
    if (Options.flag(options, CLEAR, false)) {
      builder.environment().clear();
    }
    Options.text(options, CWD).ifPresent(folder -> builder.directory(new File(folder)));
    Optional<ProgramRequest> requested = options.program();
    requested.ifPresent(request -> Requested.variables(request, builder.environment()));
    options
        .extra()
        .forEach(
            (key, value) -> {
              if (key.startsWith(ENVIRONMENT) && key.length() > ENVIRONMENT.length()) {
                builder.environment().put(key.substring(ENVIRONMENT.length()), value);
              }
            });
    if (requested.isPresent()) {
      Requested.program(context.name(), requested.get(), builder.environment());
    }
    TerminalStart terminal = TerminalStart.of(options);
    boolean errors = errors(options);
    Child.Plan plan =
        new Child.Plan(
            context, builder, errors && terminal == null, readAhead(options), options, posix);
    CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
    context
        .executor()
        .execute(
            () -> {
              if (result.isDone()) {
                return;
              }
              try {
                Child child = start(plan, terminal, endpoint);
                ProcessDriver driver =
                    new ProcessDriver(context, child, options.closeTimeout(), posix);
                if (!result.complete(driver)) {
                  driver.abort(new CancellationException("cancelled while starting"));
                }
              } catch (NotSupportedException e) {
                result.completeExceptionally(e);
              } catch (IOException e) {
                result.completeExceptionally(failed(endpoint, command, builder.directory(), e));
              } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }

  private Child start(Child.Plan plan, @Nullable TerminalStart terminal, Endpoint endpoint)
      throws IOException {
    if (terminal == null) {
      return starter.start(plan);
    }
    Posix calls = posix.calls(endpoint.name(), "a terminal for a child");
    return Child.start(plan, terminal, calls);
  }

  /** Whether standard error is a source of its own. */
  private static boolean errors(ChannelOptions options) {
    String stderr =
        Options.text(options, STDERR).orElse(options.program().isPresent() ? "pipe" : "inherit");
    boolean errors =
        switch (stderr) {
          case "inherit" -> false;
          case "pipe" -> true;
          default -> throw Options.refused(STDERR, stderr, "inherit or pipe");
        };
    if (errors
        && Options.flag(options, TerminalStart.PTY, false)
        && Options.text(options, STDERR).isPresent()) {
      throw new IllegalArgumentException(
          "stderr: pipe is not allowed with pty=true: a terminal has one output");
    }
    return errors;
  }

  private static long readAhead(ChannelOptions options) {
    String text = Options.text(options, AHEAD).orElse("16MiB");
    long bytes;
    try {
      bytes = Units.bytes(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(AHEAD + ": " + e.getMessage(), e);
    }
    if (bytes > MAX_AHEAD) {
      throw Options.refused(AHEAD, text, "0 to 1GiB");
    }
    return bytes;
  }

  private static List<String> command(Endpoint endpoint) throws AddressException {
    String text = endpoint.address();
    try {
      if (endpoint.scheme().equals(EXEC)) {
        return Words.split(text);
      }
      if (text.isBlank()) {
        throw new IllegalArgumentException("expected a command, there is none");
      }
      return List.of("/bin/sh", "-c", text);
    } catch (IllegalArgumentException e) {
      throw new AddressException(Kind.INVALID, endpoint.name(), String.valueOf(e.getMessage()), e);
    }
  }

  private static IOException failed(
      Endpoint endpoint, List<String> command, @Nullable File folder, IOException failure) {
    String shown = endpoint.name();
    String program = command.get(0);
    if (folder != null && !folder.isDirectory()) {
      return new AddressException(
          Kind.NOT_FOUND,
          shown,
          "the folder '" + folder + "' (option cwd) does not exist",
          failure);
    }
    String message = String.valueOf(failure.getMessage());
    if (Linux.isLimit(failure)) {
      return new HandleLimitException(
          shown,
          "the child cannot be started for want of descriptors ("
              + message
              + "); allow this process more (ulimit -n), or fewer connections at a time",
          0,
          failure);
    }
    Matcher number = ERROR_NUMBER.matcher(message);
    return switch (number.find() ? number.group(1) : "") {
      case "2" ->
          new AddressException(
              Kind.NOT_FOUND,
              shown,
              program.contains("/")
                  ? "there is no program '" + program + "'"
                  : "there is no program '" + program + "' on the PATH",
              failure);
      case "13" ->
          new AddressException(
              Kind.ACCESS, shown, "'" + program + "' may not be executed", failure);
      case "8" ->
          new AddressException(Kind.INVALID, shown, "'" + program + "' is not a program", failure);
      default -> new IOException(shown + ": cannot be started: " + message, failure);
    };
  }
}
