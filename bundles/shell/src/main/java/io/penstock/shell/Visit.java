// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import io.penstock.channel.Channel;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.error.BufferFullException;
import io.penstock.error.ExitException;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import java.io.BufferedOutputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.impl.DumbTerminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.jspecify.annotations.Nullable;

/**
 * One peer's session: a shell on a terminal, or commands without one. A thread of its own runs it,
 * another one carries changes of the terminal to it.
 */
final class Visit {
  private static final Logger LOG = Messages.log("shell");
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  /** How many bytes of commands are read from the input. */
  private static final int MAX_INPUT = 1 << 20;

  /** Commands that would read keys from a terminal for ever. */
  private static final List<String> ON_TERMINALS = List.of("less", "nano");

  /** Keys that make a signal. */
  private static final List<ControlChar> INTERRUPTING =
      List.of(ControlChar.VINTR, ControlChar.VQUIT, ControlChar.VSUSP);

  private static final int FAILED = 1;
  private static final int UNKNOWN = 127;
  private static final int INTERRUPTED = 130;

  /** A call of {@code exit} in a command skips the rest of the command. */
  static final class Exit extends Exception {
    private static final long serialVersionUID = 1L;

    Exit() {
      super("exit", null, false, false);
    }
  }

  /** Code that runs commands with the streams of a session. */
  private interface Run {
    void run(CommandSession session) throws Exception;
  }

  private final Channel channel;
  private final CallerFacet caller;
  private final Commands commands;
  private final Consumer<Visit> over;
  private final Thread thread;
  private final ThreadPoolExecutor events;
  private final RunningLine line = new RunningLine();
  private volatile @Nullable CommandSession session;
  private volatile @Nullable Shell shell;
  private volatile @Nullable Terminal terminal;
  private volatile boolean gone;
  private volatile boolean exited;
  private volatile int status;

  /**
   * Serves a peer.
   *
   * @param over told when it is over
   */
  Visit(Channel channel, CallerFacet caller, Commands commands, Consumer<Visit> over) {
    this.channel = channel;
    this.caller = caller;
    this.commands = commands;
    this.over = over;
    String name = "penstock-shell-" + NUMBERS.incrementAndGet();
    this.thread = daemon(this::serve, name);
    this.events =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> daemon(task, name + "-events"),
            new ThreadPoolExecutor.DiscardPolicy());
    events.allowCoreThreadTimeOut(true);
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  void start() {
    thread.start();
  }

  /** Ends it, whatever runs. */
  void cut() {
    channel.abort(new IOException("the shell has ended"));
  }

  private void serve() {
    String peer = channel.peer().map(Object::toString).orElse("somebody");
    LOG.log(Level.INFO, "{0}: {1} has come to the shell", channel.name(), LogField.peer(peer));
    channel.gone().whenComplete((done, failure) -> events.execute(this::left));
    channel.closed().whenComplete((done, failure) -> events.execute(this::left));
    try {
      serve(caller.request());
      finish();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the session was lost", channel.name(), e);
      channel.abort(e);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "{0}: the session has failed", channel.name(), e);
      channel.abort(e);
    } finally {
      events.shutdown();
      LOG.log(Level.INFO, "{0}: {1} has left the shell", channel.name(), LogField.peer(peer));
      over.accept(this);
    }
  }

  private void finish() throws IOException {
    // A close by itself says nothing of success.
    caller.exited(new ExitException(channel.name(), status, "exited with status " + status));
    channel.close();
  }

  /** The peer is not there any more: neither commands nor the shell are to go on. */
  private void left() {
    gone = true;
    Shell running = shell;
    if (running != null) {
      running.stop();
    }
    interrupt();
    CommandSession mine = session;
    if (mine != null) {
      mine.close();
    }
  }

  private void interrupt() {
    CommandSession mine = session;
    if (mine != null) {
      line.interrupt(mine);
    }
  }

  private void serve(ProgramRequest request) throws IOException {
    switch (request.kind()) {
      case SUBSYSTEM ->
          refuse("there are no subsystems here; ask for a shell or a command", UNKNOWN);
      case COMMAND -> {
        String command = StandardCharsets.UTF_8.decode(request.bytes()).toString();
        if (request.term().isPresent()) {
          onTerminal(request, (mine, terminal) -> execute(mine, command));
        } else {
          plain(mine -> execute(mine, command));
        }
      }
      case SHELL -> {
        if (request.term().isPresent()) {
          onTerminal(request, this::converse);
        } else {
          ByteBuffer input;
          try {
            input = channel.source().readAll(MAX_INPUT, Wait.forever());
          } catch (BufferFullException e) {
            refuse("there are more than " + MAX_INPUT + " bytes of commands", FAILED);
            return;
          }
          String text = StandardCharsets.UTF_8.decode(input).toString();
          plain(mine -> execute(mine, text));
        }
      }
    }
  }

  private void refuse(String why, int code) throws IOException {
    caller.errorSink().writeFully("penstock: " + why + "\n", Wait.forever());
    status = code;
  }

  // ---- commands

  private static void execute(CommandSession mine, String text) throws Exception {
    Object result = mine.execute(text);
    if (result != null) {
      mine.getConsole().println(mine.format(result, Converter.INSPECT));
    }
  }

  private void plain(Run run) throws IOException {
    PrintStream out = new PrintStream(channel.sink().outputStream(), false, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(caller.errorSink().outputStream(), true, StandardCharsets.UTF_8);
    CommandSession mine =
        commands.processor().createSession(channel.source().inputStream(), out, err);
    session = mine;
    caller.onSignal(name -> events.execute(this::interrupt));
    // Commands assume a terminal, and color their text if it can show colors: this one cannot.
    try (Terminal none =
        new DumbTerminal(
            "penstock",
            Terminal.TYPE_DUMB,
            channel.source().inputStream(),
            out,
            StandardCharsets.UTF_8)) {
      none.setSize(size(TerminalSize.of(0, 0)));
      Object unused = mine.put(Shell.VAR_TERMINAL, none);
      for (String name : ON_TERMINALS) {
        Commands.define(mine, name, (any, arguments) -> missing(name));
      }
      run(mine, run, err);
      none.flush();
    } finally {
      mine.close();
      out.flush();
      err.flush();
    }
  }

  private void run(CommandSession mine, Run run, PrintStream err) throws IOException {
    Commands.belong(mine, this);
    Commands.before(mine, line::enter);
    Object unused = mine.put(Shell.VAR_SCOPE, "gogo:*");
    // The session is set before: if this does not see that the peer has gone, left() sees the
    // session and interrupts it.
    checkPeer();
    try {
      run.run(mine);
    } catch (Exit e) {
      LOG.log(Level.DEBUG, "exit was called");
    } catch (InterruptedException e) {
      if (!exited) {
        status = INTERRUPTED;
      }
    } catch (IOError e) {
      // How the line editor reports a terminal that is lost.
      throw new IOException("the terminal is lost", e);
    } catch (Exception e) {
      // Whatever a command throws is shown to its user.
      if (!exited && line.isInterrupted()) {
        status = INTERRUPTED;
      } else if (!exited) {
        err.println(describe(e));
        status = FAILED;
      }
    }
    checkPeer();
  }

  private void checkPeer() throws IOException {
    if (gone) {
      throw new IOException("the peer has gone");
    }
  }

  private static Object missing(String command) {
    throw new IllegalArgumentException(command + ": there is no terminal; ssh -t asks for one");
  }

  private static String describe(Exception e) {
    String message = e.getMessage();
    return "penstock: " + (message == null || message.isBlank() ? e.toString() : message);
  }

  /**
   * Ends the session with a status: at once where there is a command, after the line where there is
   * a shell, which would report a throw.
   *
   * @param from the calling session, or the session of a shell within it
   */
  @Nullable Object exit(CommandSession from, List<Object> arguments) throws Exit {
    String text = arguments.isEmpty() ? "0" : String.valueOf(arguments.get(0)).strip();
    if (!text.matches("\\d{1,3}") || Integer.parseInt(text) > 255) {
      throw new IllegalArgumentException("exit: '" + text + "' is not a status from 0 to 255");
    }
    status = Integer.parseInt(text);
    exited = true;
    Shell running = shell;
    if (running != null) {
      running.stop();
    }
    if (from != session) {
      endInput();
    }
    if (running == null) {
      if (from != session) {
        events.execute(this::interrupt);
      }
      throw new Exit();
    }
    return null;
  }

  /** Leaves a command out from here on, if {@code exit} was called in a shell within it. */
  void leaveCommand() throws Exit {
    if (exited && shell == null) {
      throw new Exit();
    }
  }

  /** No shell within the session has anything to read any more. */
  private void endInput() {
    Terminal mine = terminal;
    if (mine != null) {
      try {
        mine.input().close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: the terminal''s input", channel.name(), e);
      }
    }
  }

  // ---- a terminal

  private interface OnTerminal {
    void run(CommandSession session, Terminal terminal) throws Exception;
  }

  /** One on which Ctrl-C interrupts the line, and not only what runs at that moment. */
  private final class PeersTerminal extends ExternalTerminal {
    private final SignalHandler leaving = signal -> interrupt();
    private volatile boolean ofShell;

    PeersTerminal(String type) throws IOException {
      super(
          "penstock",
          type,
          channel.source().inputStream(),
          // The terminal writes each byte by itself, and flushes.
          new BufferedOutputStream(channel.sink().outputStream()),
          StandardCharsets.UTF_8);
      Object unused = handle(Signal.INT, leaving);
    }

    /**
     * Discards what was typed before a key that makes a signal, as every terminal does (POSIX,
     * 11.1.9): the next line would begin with it.
     */
    @Override
    protected boolean doProcessInputByte(int c) throws IOException {
      if (attributes.getLocalFlag(LocalFlag.ISIG)
          && !attributes.getLocalFlag(LocalFlag.NOFLSH)
          && INTERRUPTING.stream().anyMatch(key -> c == attributes.getControlChar(key))) {
        while (slaveInput.available() > 0 && slaveInput.read(1L) >= 0) {
          // Until nothing is left.
        }
      }
      return super.doProcessInputByte(c);
    }

    @Override
    public SignalHandler handle(Signal signal, SignalHandler handler) {
      if (signal != Signal.INT || handler == leaving) {
        return super.handle(signal, handler);
      }
      // The first shell's; those within it interrupt what they run themselves.
      if (!ofShell && handler.getClass().getName().startsWith(Shell.class.getName())) {
        ofShell = true;
        return super.handle(signal, leaving);
      }
      // A program reads keys.
      line.begin();
      return super.handle(signal, handler);
    }
  }

  private void onTerminal(ProgramRequest request, OnTerminal use) throws IOException {
    // Programs that look a terminal up use the name as a part of a file name.
    String type =
        request
            .term()
            .filter(term -> term.matches("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"))
            .orElse("dumb");
    try (Terminal terminal = new PeersTerminal(type)) {
      this.terminal = terminal;
      terminal.setSize(size(request.size()));
      CommandSession mine =
          commands
              .processor()
              .createSession(terminal.input(), terminal.output(), terminal.output());
      session = mine;
      Object unused = mine.put(Shell.VAR_TERMINAL, terminal);
      caller.onResize(
          size ->
              events.execute(
                  () -> {
                    terminal.setSize(size(size));
                    terminal.raise(Signal.WINCH);
                  }));
      caller.onSignal(name -> events.execute(() -> raise(terminal, name)));
      // It may have changed meanwhile.
      terminal.setSize(size(caller.request().size()));
      PrintStream err = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
      try {
        run(mine, same -> use.run(same, terminal), err);
      } finally {
        mine.close();
        terminal.flush();
      }
    }
  }

  private void converse(CommandSession mine, Terminal terminal) throws Exception {
    Shell fresh = commands.shell();
    shell = fresh;
    if (gone) {
      return;
    }
    Object unused = fresh.gosh(mine, new String[] {"--login", "--noshutdown", "--nohistory"});
  }

  private static Size size(TerminalSize size) {
    return new Size(size.columns() == 0 ? 80 : size.columns(), size.rows() == 0 ? 24 : size.rows());
  }

  private void raise(Terminal terminal, String name) {
    switch (name.toUpperCase(Locale.ROOT)) {
      case "INT" -> terminal.raise(Signal.INT);
      case "QUIT" -> terminal.raise(Signal.QUIT);
      case "TSTP" -> terminal.raise(Signal.TSTP);
      case "HUP", "TERM", "KILL" -> cut();
      default -> LOG.log(Level.DEBUG, "{0}: a signal that means nothing here", channel.name());
    }
  }
}
