// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.channel.Channel;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.ExitException;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.relay.RelayOptions;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What goes between a peer that has asked for a program and the program, beside the two directions:
 * standard error and how it ended one way, the size of the terminal and signals the other.
 */
final class PassThrough implements RelayDirection.Owner {
  private static final System.Logger LOG = Messages.log("relay");
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** What begins so is ours to say. */
  private static final String OWN = "PENSTOCK_";

  /** Signals that wait for the program to be told of those before them. */
  private static final int MAX_SIGNALS = 16;

  /** The observer of this object. */
  interface Listener {
    /** Bytes of standard error went across. */
    void moved();

    /** Whether the conversation is over. */
    boolean over();

    /** Standard error has ended and was delivered. */
    void errorsDone();

    /** The program's standard error could not be read. */
    void errorsFailed(IOException cause);

    /** The peer waits for the program no more. */
    void callerGone(@Nullable Throwable cause);
  }

  private final Engine engine;
  private final Channel callers;
  private final CallerFacet caller;
  private final ProgramFacet program;
  private final @Nullable RelayDirection errors;
  private final Listener listener;
  private final Executor serial;

  // Peers may say more than programs keep up with, and nothing but these bounds what waits.
  private final AtomicBoolean sizeDue = new AtomicBoolean();
  private final Semaphore signals = new Semaphore(MAX_SIGNALS);

  private PassThrough(
      Engine engine,
      Channel callers,
      CallerFacet caller,
      ProgramFacet program,
      boolean carriesErrors,
      BufferPool buffers,
      Traffic traffic,
      long rate,
      Listener listener) {
    this.engine = engine;
    this.callers = callers;
    this.caller = caller;
    this.program = program;
    this.listener = listener;
    this.serial = engine.serial();
    ByteSource source = program.errorSource().orElse(null);
    this.errors =
        source == null || !carriesErrors
            ? null
            : new RelayDirection(
                engine,
                (SourceEnd) source,
                (SinkEnd) caller.errorSink(),
                buffers,
                traffic,
                0,
                rate,
                this);
  }

  /**
   * Between two channels, if one of them is a caller's and the other a program's.
   *
   * @param callers the one that may be a caller's
   * @param programs the one that may be a program's
   * @param carriesErrors whether what the program writes goes to the caller
   * @param rate how fast its standard error may be, in bytes a second; 0 for no limit
   */
  static @Nullable PassThrough between(
      Engine engine,
      Channel callers,
      Channel programs,
      boolean carriesErrors,
      BufferPool buffers,
      Traffic traffic,
      long rate,
      Listener listener) {
    CallerFacet caller = callers.facet(CallerFacet.class).orElse(null);
    ProgramFacet program = programs.facet(ProgramFacet.class).orElse(null);
    return caller == null || program == null
        ? null
        : new PassThrough(
            engine, callers, caller, program, carriesErrors, buffers, traffic, rate, listener);
  }

  /** What a channel's peer asks of a program, with the variables that are let through. */
  static @Nullable ProgramRequest request(@Nullable Channel callers, RelayOptions options) {
    CallerFacet caller = callers == null ? null : callers.facet(CallerFacet.class).orElse(null);
    if (caller == null) {
      return null;
    }
    ProgramRequest request = caller.request();
    Map<String, String> let = new TreeMap<>(request.environment());
    List<Pattern> patterns = options.variables().stream().map(PassThrough::pattern).toList();
    let.keySet()
        .removeIf(
            name ->
                !VARIABLE.matcher(name).matches()
                    || name.startsWith(OWN)
                    || patterns.stream().noneMatch(pattern -> pattern.matcher(name).matches()));
    return request.withEnvironment(let);
  }

  private static Pattern pattern(String glob) {
    return Pattern.compile(glob.replace("?", ".").replace("*", ".*"));
  }

  /** What carries standard error across; null for nothing. */
  @Nullable RelayDirection errors() {
    return errors;
  }

  /** Begins; what carries standard error is begun with the other directions. */
  void begin() {
    if (errors == null) {
      program.errorSource().ifPresent(PassThrough::drop);
    }
    callers.gone().whenComplete((done, failure) -> listener.callerGone(failure));
    caller.onSignal(this::signalled);
    caller.onResize(size -> resized());
    // It may have changed while the program was started.
    resized();
  }

  private void resized() {
    if (sizeDue.compareAndSet(false, true)) {
      serial.execute(
          () -> {
            sizeDue.set(false);
            resize();
          });
    }
  }

  private void signalled(String name) {
    if (signals.tryAcquire()) {
      serial.execute(
          () -> {
            signals.release();
            signal(name);
          });
    } else {
      LOG.log(Level.DEBUG, "{0}: a signal was dropped: too many wait", callers.name());
    }
  }

  /** It has no reader: bytes that still come must not stall the program. */
  private static void drop(ByteSource source) {
    try {
      source.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "standard error that nobody wants could not be closed", e);
    }
  }

  private void resize() {
    try {
      TerminalFacet terminal = program.terminal().orElse(null);
      if (terminal != null) {
        terminal.resize(caller.request().size());
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: the program''s terminal keeps its size", callers.name(), e);
    }
  }

  private void signal(String name) {
    try {
      program.signal(name);
    } catch (IOException e) {
      // Peers can bring it about as often as they like.
      LOG.log(Level.DEBUG, "{0}: a signal did not reach the program", callers.name(), e);
    }
  }

  /** Tells the peer how the program has ended; false if that cannot be told. */
  boolean exited(ExitException how) {
    return tell(callers, caller, how);
  }

  /** Tells a channel's peer of success, if it has asked for a program. */
  static void succeeded(Channel callers) {
    CallerFacet caller = callers.facet(CallerFacet.class).orElse(null);
    if (caller != null) {
      boolean unused =
          tell(callers, caller, new ExitException(callers.name(), 0, "exited with status 0"));
    }
  }

  private static boolean tell(Channel callers, CallerFacet caller, ExitException how) {
    try {
      caller.exited(how);
      return true;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: nobody is there to be told how it ended", callers.name(), e);
      return false;
    }
  }

  // ---- standard error

  @Override
  public void moved() {
    listener.moved();
  }

  @Override
  public boolean over() {
    return listener.over();
  }

  @Override
  public long muchBack(RelayDirection direction) {
    return 0;
  }

  @Override
  public void sourceEnded(RelayDirection direction) {
    try {
      direction.sink().end();
    } catch (IOException e) {
      sinkFailed(direction, e);
      return;
    }
    direction.sink().whenSent(() -> engine.execute(listener::errorsDone));
  }

  @Override
  public void sourceFailed(RelayDirection direction, IOException cause) {
    listener.errorsFailed(cause);
  }

  @Override
  public void heldTooMuch(RelayDirection direction, IOException cause) {
    listener.errorsFailed(cause);
  }

  @Override
  public void sinkFailed(RelayDirection direction, IOException cause) {
    listener.callerGone(cause);
  }
}
