// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.ProgramFacet;
import io.penstock.channel.TerminalFacet;
import io.penstock.channel.TerminalSize;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A child as the program that it is. Its signals go to it alone or, where it has a terminal, to the
 * group of processes that it leads.
 */
final class ChildProgram implements ProgramFacet {
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
  private final @Nullable Terminal terminal;
  private final Optional<ByteSource> errorSource;
  private final PosixAccess posix;

  ChildProgram(
      String name,
      Running process,
      @Nullable Terminal terminal,
      Optional<ByteSource> errorSource,
      PosixAccess posix) {
    this.name = name;
    this.process = process;
    this.terminal = terminal;
    this.errorSource = errorSource;
    this.posix = posix;
  }

  @Override
  public Optional<ByteSource> errorSource() {
    return errorSource;
  }

  @Override
  public boolean hasTerminal() {
    return terminal != null;
  }

  @Override
  public void resize(TerminalSize size) throws IOException {
    if (terminal == null) {
      return;
    }
    try {
      terminal.resize(
          measure(size.columns(), terminal.columns()), measure(size.rows(), terminal.rows()));
    } catch (StreamClosedException e) {
      if (process.isAlive()) {
        throw e;
      }
    }
  }

  private static int measure(int wanted, int present) {
    return wanted == 0 ? present : Math.min(wanted, TerminalFacet.MOST);
  }

  @Override
  public void signal(String signal) throws IOException {
    Integer number = NUMBERS.get(signal);
    if (number == null) {
      // Not named: whoever has sent it has chosen it.
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
}
