// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.facet.ProcessFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A child as the program that it is. Its signals go to it alone or, where it has a terminal, to the
 * group of processes that it leads.
 */
final class ChildProgram implements ProcessFacet {
  /** Those that a peer may send, by the numbers of the machines of {@link Linux#isHere}. */
  private static final Map<String, Integer> NUMBERS =
      Map.ofEntries(
          Map.entry("HUP", 1),
          Map.entry("INT", 2),
          Map.entry("QUIT", 3),
          Map.entry("ILL", 4),
          Map.entry("ABRT", 6),
          Map.entry("FPE", 8),
          Map.entry("KILL", 9),
          Map.entry("USR1", 10),
          Map.entry("SEGV", 11),
          Map.entry("USR2", 12),
          Map.entry("PIPE", 13),
          Map.entry("ALRM", 14),
          Map.entry("TERM", 15));

  private final String name;
  private final Running process;
  private final @Nullable ChildTerminal terminal;
  private final Optional<ByteSource> errorSource;
  private final PosixAccess posix;
  private final CompletableFuture<Integer> exit;

  /** What a caller waits for: the exit, or a close of ours. */
  private final CompletableFuture<Integer> heard;

  ChildProgram(
      String name,
      Running process,
      @Nullable ChildTerminal terminal,
      Optional<ByteSource> errorSource,
      PosixAccess posix) {
    this.name = name;
    this.process = process;
    this.terminal = terminal;
    this.errorSource = errorSource;
    this.posix = posix;
    this.exit = process.exit();
    this.heard = exit.copy();
  }

  /** The channel is closed here: a caller that waits for the exit is told. */
  void closing() {
    boolean unused = heard.completeExceptionally(new StreamClosedException(name));
  }

  @Override
  public Optional<ByteSource> errorSource() {
    return errorSource;
  }

  @Override
  public Optional<TerminalFacet> terminal() {
    return Optional.ofNullable(terminal);
  }

  @Override
  public void signal(String signal) throws IOException {
    Integer number = NUMBERS.get(signal);
    if (number == null) {
      // Not named: the peer has chosen it.
      throw new NotSupportedException(
          name, "a signal of another name", "use one of " + String.join(", ", NUMBERS.keySet()));
    }
    if (!process.isAlive()) {
      return;
    }
    if (terminal == null && signal.equals("TERM")) {
      process.terminate();
    } else if (terminal == null && signal.equals("KILL")) {
      process.kill();
    } else {
      send(number);
    }
  }

  private void send(int number) throws IOException {
    Posix calls = posix.calls(name, "sending a signal other than TERM and KILL");
    int result = terminal == null ? -Linux.ESRCH : process.signal(calls, number, true);
    if (result == -Linux.ESRCH) {
      // It leads no group, or none yet.
      result = process.signal(calls, number, false);
    }
    if (result != -Linux.ESRCH) {
      Linux.check("kill", result);
    }
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public OptionalInt exitStatus(Wait wait) throws IOException {
    boolean over = exit.isDone();
    if (!over && wait.kind() == Wait.Kind.NONE) {
      return OptionalInt.empty();
    }
    // An exit is told also after a close of ours.
    CompletableFuture<Integer> asked = over ? exit : heard;
    boolean waits = !asked.isDone();
    if (waits) {
      Callers.waits(name);
    }
    try {
      if (over || wait.kind() == Wait.Kind.FOREVER) {
        return OptionalInt.of(asked.get());
      }
      long nanos = wait.kind() == Wait.Kind.UNTIL ? wait.nanos() - System.nanoTime() : wait.nanos();
      return OptionalInt.of(asked.get(nanos, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      throw new StreamTimeoutException(
          name, "the child still runs, the limit of this wait was " + wait, 0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupt =
          new InterruptedIOException(name + ": interrupted while waiting for the child");
      interrupt.initCause(e);
      throw interrupt;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StreamClosedException) {
        throw waits ? new StreamClosedWhileWaitingException(name) : new StreamClosedException(name);
      }
      throw new IOException(name + ": the child's exit status was lost", e.getCause());
    }
  }

  @Override
  public void terminate() {
    process.terminate();
  }
}
