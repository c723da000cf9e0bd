// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.ChannelOptions;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.LingeringSource;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.kind.support.blocking.InputPump;
import io.penstock.impl.kind.support.blocking.OutputPump;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.posix.Spawn;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A child that runs, and our ends of its streams.
 *
 * @param process the child
 * @param stdin what it reads
 * @param stdout what it writes
 * @param stderr what it writes to standard error; null when that is ours, or the terminal
 * @param terminal its terminal; null when it has none
 * @param buffers those of its input and output; null for a terminal and for the JDK's streams
 */
record Child(
    Running process,
    AbortableSink stdin,
    LingeringSource stdout,
    @Nullable LingeringSource stderr,
    @Nullable ChildTerminal terminal,
    @Nullable SystemBuffers buffers) {
  private static final Logger LOG = Messages.log("process");
  private static final File NULL_DEVICE = new File("/dev/null");

  /**
   * How to start a child.
   *
   * @param context of its channel
   * @param builder knows the command
   * @param errors whether its standard error is a source of its own
   * @param readAhead how many bytes of one output are read while the other is waited for
   * @param options ask for the sizes of its pipes
   * @param posix makes native calls, which those take
   */
  record Plan(
      ProviderContext context,
      ProcessBuilder builder,
      boolean errors,
      long readAhead,
      ChannelOptions options,
      PosixAccess posix) {
    /** How many streams it has. */
    int count() {
      return errors ? 3 : 2;
    }

    String errorName() {
      return context.name() + " (standard error)";
    }
  }

  /** Starts a child over pipes of the system's, which can be selected. */
  static Child start(Plan plan) throws IOException {
    Posix calls = plan.posix().calls();
    if (calls != null && Spawn.isHere(calls)) {
      return spawn(plan, calls);
    }
    return Reserve.OF_PROCESS.inTurn(turn -> byJdk(plan, turn));
  }

  private static Child byJdk(Plan plan, Reserve.Turn turn) throws IOException {
    List<SystemPipe> pipes;
    try {
      pipes = SystemPipe.open(plan.count());
    } catch (IOException e) {
      if (Linux.isLimit(e)) {
        // What the JDK does then must not be tried.
        throw e;
      }
      LOG.log(Level.DEBUG, "using the streams of the JDK for a child", e);
      return overStreams(plan, turn);
    }
    try {
      SystemBuffers buffers = buffers(plan, pipes);
      ProcessBuilder builder = plan.builder();
      builder.redirectInput(Redirect.from(pipes.get(0).path().toFile()));
      builder.redirectOutput(Redirect.to(pipes.get(1).path().toFile()));
      builder.redirectError(
          plan.errors() ? Redirect.to(pipes.get(2).path().toFile()) : Redirect.INHERIT);
      Running process = new JdkChild(turn.start(builder));
      return over(plan, process, pipes, buffers);
    } catch (IOException | RuntimeException | Error e) {
      closeAll(pipes);
      throw e;
    }
  }

  private static Child spawn(Plan plan, Posix calls) throws IOException {
    List<SystemPipe> pipes = new ArrayList<>();
    try {
      for (int i = 0; i < plan.count(); i++) {
        pipes.add(SystemPipe.open(calls));
      }
      SystemBuffers buffers = buffers(plan, pipes);
      return started(
          plan.context(),
          calls,
          () ->
              Spawn.start(
                  calls,
                  plan.builder(),
                  pipes.get(0).source(),
                  pipes.get(1).sink(),
                  plan.errors() ? pipes.get(2).sink() : -1),
          process -> over(plan, process, pipes, buffers));
    } catch (IOException | RuntimeException | Error e) {
      closeAll(pipes);
      throw e;
    }
  }

  /** Starts a child. */
  @FunctionalInterface
  private interface Starting {
    int start() throws IOException;
  }

  /** Takes our ends of its streams. */
  @FunctionalInterface
  private interface Taking {
    Child take(Running process) throws IOException;
  }

  /** Starts a child and waits for it; there is none when this fails. */
  private static Child started(
      ProviderContext context, Posix calls, Starting starting, Taking taking) throws IOException {
    Spawn.expectChildren(calls);
    Carrier carrier = Carrier.open(calls);
    SpawnedChild process;
    try {
      process = new SpawnedChild(calls, starting.start());
    } catch (IOException | RuntimeException | Error e) {
      carrier.close();
      throw e;
    }
    try {
      Child child;
      try {
        child = taking.take(process);
      } catch (IOException | RuntimeException | Error e) {
        carrier.close();
        throw e;
      }
      process.await(carrier, context);
      return child;
    } catch (IOException | RuntimeException | Error e) {
      process.discard();
      throw e;
    }
  }

  private static Child over(
      Plan plan, Running process, List<SystemPipe> pipes, SystemBuffers buffers)
      throws IOException {
    // The ends that the child has are closed here: as long as we held them, too, nobody would
    // ever see an end.
    ChildInput in = new ChildInput(plan.context(), pipes.get(0).writingEnd());
    ChildOutput out = output(plan, plan.context().name(), pipes.get(1));
    ChildOutput err = null;
    if (plan.errors()) {
      err = output(plan, plan.errorName(), pipes.get(2));
      out.beside(err);
      err.beside(out);
    }
    return new Child(process, in, out, err, null, buffers);
  }

  private static void closeAll(List<SystemPipe> pipes) throws IOException {
    for (SystemPipe pipe : pipes) {
      pipe.close();
    }
  }

  /** The buffers of a child's pipes, as large as the options ask for, if we can. */
  private static SystemBuffers buffers(Plan plan, List<SystemPipe> pipes) throws IOException {
    boolean wanted = plan.options().receiveBuffer() > 0 || plan.options().sendBuffer() > 0;
    String name = plan.context().name();
    SystemBuffers buffers =
        new SystemBuffers(
            name,
            pipes.get(1).buffer(plan.posix(), name, true),
            pipes.get(0).buffer(plan.posix(), name, false));
    if (wanted && plan.posix().calls() != null) {
      buffers.apply(plan.options());
    }
    return buffers;
  }

  /** Starts a child on a terminal, which is its input, its output and its standard error. */
  static Child start(Plan plan, TerminalStart start, Posix calls) throws IOException {
    ProviderContext context = plan.context();
    ChildTerminal terminal = ChildTerminal.open(context, calls, start.columns(), start.rows());
    try {
      ProcessBuilder builder = plan.builder();
      if (Spawn.isHere(calls)) {
        return started(
            context,
            calls,
            () -> Spawn.start(calls, builder, terminal.path()),
            process -> on(context, process, terminal));
      }
      start.wrap(builder, terminal.path());
      // The shell opens the terminal in their places; what goes wrong before shows on
      // our standard error.
      builder.redirectInput(Redirect.from(NULL_DEVICE));
      builder.redirectOutput(Redirect.DISCARD);
      builder.redirectError(Redirect.INHERIT);
      Process process = Reserve.OF_PROCESS.inTurn(turn -> turn.start(builder));
      return on(context, new JdkChild(process), terminal);
    } catch (IOException | RuntimeException | Error e) {
      terminal.close();
      throw e;
    }
  }

  private static Child on(ProviderContext context, Running process, ChildTerminal terminal) {
    ChildOutput out = new ChildOutput(context, terminal.output());
    return new Child(process, new TerminalInput(context, terminal), out, null, terminal, null);
  }

  private static ChildOutput output(Plan plan, String name, SystemPipe pipe) throws IOException {
    SystemBuffers.Buffer size = pipe.buffer(plan.posix(), name, true);
    return new ChildOutput(plan.context(), name, pipe.readingEnd(), size, plan.readAhead());
  }

  /**
   * Starts a child over the JDK's streams, where the system does not show descriptors as paths,
   * with a thread for each. What a child leaves behind when it exits is then read by the JDK, and
   * any of its own children that still writes gets a broken pipe. While the JDK does so, our thread
   * may find an end where those last bytes were, up to a pipe full of them, and they are lost: the
   * JDK gives no sign of when it is done. That is why this is the last resort.
   */
  static Child startOverStreams(Plan plan) throws IOException {
    return Reserve.OF_PROCESS.inTurn(turn -> overStreams(plan, turn));
  }

  private static Child overStreams(Plan plan, Reserve.Turn turn) throws IOException {
    ProcessBuilder builder = plan.builder();
    builder.redirectInput(Redirect.PIPE);
    builder.redirectOutput(Redirect.PIPE);
    builder.redirectError(plan.errors() ? Redirect.PIPE : Redirect.INHERIT);
    Process process = turn.start(builder);
    String name = plan.context().name();
    String thread = "penstock-child-" + process.pid();
    String writer = thread + "-stdin";
    OutputPump in =
        new OutputPump(name, writer, new StreamOutput(name, writer, process.getOutputStream()));
    // These read ahead by themselves, whichever output a caller waits for.
    long window = plan.errors() ? plan.readAhead() : 0;
    InputPump out =
        new InputPump(
            name, thread + "-stdout", new StreamInput(process.getInputStream()), true, window);
    InputPump err = null;
    if (plan.errors()) {
      err =
          new InputPump(
              plan.errorName(),
              thread + "-stderr",
              new StreamInput(process.getErrorStream()),
              true,
              window);
      out.beside(err);
      err.beside(out);
    }
    return new Child(new JdkChild(process), in, out, err, null, null);
  }
}
