// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.Capability;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.ExitException;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Counted;
import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.LingeringSource;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.posix.HangUp;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A child process.
 *
 * <p>A source that is closed drops what the child still writes, so that the child is not stalled.
 * When it exits, everything that it wrote is still delivered, then its output ends, even if a child
 * of its own still holds the other end; what that one writes later is not read. Closing ends its
 * input and lets it finish; half of the close limit later it is asked to end, and at the limit it
 * is killed. An abort asks it to end at once. Children of its own are left alone. A child with a
 * terminal is hung up on by either.
 */
final class ProcessDriver implements ChannelDriver, Counted {
  private static final Logger LOG = Messages.log("process");

  private static final Map<Integer, String> SIGNALS =
      Map.ofEntries(
          Map.entry(1, "SIGHUP"),
          Map.entry(2, "SIGINT"),
          Map.entry(3, "SIGQUIT"),
          Map.entry(4, "SIGILL"),
          Map.entry(5, "SIGTRAP"),
          Map.entry(6, "SIGABRT"),
          Map.entry(7, "SIGBUS"),
          Map.entry(8, "SIGFPE"),
          Map.entry(9, "SIGKILL"),
          Map.entry(10, "SIGUSR1"),
          Map.entry(11, "SIGSEGV"),
          Map.entry(12, "SIGUSR2"),
          Map.entry(13, "SIGPIPE"),
          Map.entry(14, "SIGALRM"),
          Map.entry(15, "SIGTERM"),
          Map.entry(24, "SIGXCPU"),
          Map.entry(25, "SIGXFSZ"));

  private final String name;
  private final Running process;
  private final Duration closeLimit;
  private final LingeringSource source;
  private final AbortableSink sink;
  private final @Nullable LingeringSource errors;
  private final @Nullable ChildTerminal terminal;
  private final @Nullable SystemBuffers buffers;
  private final ChildProgram program;
  private final CompletableFuture<Integer> exit;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private volatile boolean released;

  ProcessDriver(ProviderContext context, Child child, Duration closeLimit, PosixAccess posix) {
    this.name = context.name();
    this.process = child.process();
    this.closeLimit = closeLimit;
    this.source = child.stdout();
    this.sink = child.stdin();
    this.terminal = child.terminal();
    this.buffers = child.buffers();
    LingeringSource further = child.stderr();
    this.errors = further;
    Optional<ByteSource> errorSource =
        further == null
            ? Optional.empty()
            : Optional.of(context.source(name + " (standard error)", further));
    this.program = new ChildProgram(name, process, terminal, errorSource, posix);
    this.exit = process.exit();
    CompletableFuture<?> unused = exit.whenComplete(this::exited);
  }

  private void exited(@Nullable Integer status, @Nullable Throwable failure) {
    source.finish();
    if (errors != null) {
      errors.finish();
    }
    if (released) {
      cut();
    }
    if (status == null) {
      gone.completeExceptionally(
          new IOException(name + ": the child's exit status was lost", failure));
    } else if (status == 0) {
      gone.complete(null);
    } else {
      gone.completeExceptionally(ended(status));
    }
  }

  private ExitException ended(int status) {
    String signal = SIGNALS.get(status - 128);
    return signal == null
        ? new ExitException(name, status, describe(status))
        : ExitException.bySignal(
            name, status, signal.substring("SIG".length()), false, describe(status));
  }

  /** A signal n is reported as the status 128 + n, as shells do. */
  static String describe(int status) {
    String signal = SIGNALS.get(status - 128);
    return signal == null
        ? "exited with status " + status
        : "was ended by signal " + (status - 128) + " (" + signal + ")";
  }

  @Override
  public SourceDriver source() {
    return source;
  }

  @Override
  public SinkDriver sink() {
    return sink;
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.HALF_CLOSE, Capability.ABORT, Capability.VERDICT);
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    if (type == TerminalFacet.class && terminal != null) {
      return Optional.of(type.cast(terminal));
    }
    if (type == HangUp.class && terminal != null) {
      return Optional.of(type.cast(terminal.watch()));
    }
    if (type == BufferFacet.class && buffers != null) {
      return Optional.of(type.cast(buffers));
    }
    if (type == ProgramFacet.class || type == ProcessFacet.class) {
      return Optional.of(type.cast(program));
    }
    return Optional.empty();
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }

  @Override
  public void closing() {
    program.closing();
  }

  @Override
  public void close() throws IOException {
    // Before its streams, whose close may fail or take a while.
    if (process.isAlive()) {
      long half = nanos() / 2;
      reapLater(half, nanos() - half);
    }
    release();
  }

  // ---- the memory of what was read ahead

  private List<Counted> counted() {
    List<Counted> all = new ArrayList<>(2);
    if (source instanceof Counted first) {
      all.add(first);
    }
    if (errors instanceof Counted second) {
      all.add(second);
    }
    return all;
  }

  @Override
  public long progress() {
    return counted().stream().mapToLong(Counted::progress).sum();
  }

  @Override
  public void trim() {
    counted().forEach(Counted::trim);
  }

  @Override
  public void countTo(Account account) {
    counted().forEach(each -> each.countTo(account));
  }

  // ---- the end

  @Override
  public void abort(Throwable cause) {
    closing();
    // Before all else, so that the end of its input finds the child told that it is none.
    process.terminate();
    if (process.isAlive()) {
      reapLater(0, nanos());
    }
    // It closes a terminal as a whole; the source would close one number of it, which calls use.
    sink.abort(cause);
    source.abort(cause);
    if (errors != null) {
      errors.abort(cause);
    }
  }

  private void reapLater(long politely, long rest) {
    try {
      Daemons.start("penstock-reaper-" + process.pid(), () -> reap(politely, rest));
    } catch (RuntimeException | Error e) {
      // Nobody can wait for it, and a channel that is closed must not keep it.
      LOG.log(Level.WARNING, "{0}: the child is killed at once, for want of threads", name, e);
      process.kill();
    }
  }

  private void release() throws IOException {
    released = true;
    try {
      sink.close();
    } finally {
      if (terminal != null) {
        terminal.close();
        cut();
      } else if (process.isAlive()) {
        // It may have something to say before it ends; a broken pipe would end it before that.
        source.close();
        if (errors != null) {
          errors.close();
        }
      } else {
        cut();
      }
    }
  }

  private void cut() {
    source.cut();
    if (errors != null) {
      errors.cut();
    }
  }

  private long nanos() {
    try {
      return closeLimit.toNanos();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  /** Waits for the child, asks it to end, waits again, kills it. */
  private void reap(long patience, long morePatience) {
    try {
      if (endsWithin(patience)) {
        return;
      }
      process.terminate();
      if (endsWithin(morePatience)) {
        return;
      }
      LOG.log(Level.WARNING, "{0}: the child does not end when asked to, killing it", name);
    } catch (InterruptedException e) {
      LOG.log(Level.DEBUG, "{0}: no time left for the child", name);
      Thread.currentThread().interrupt();
    }
    process.kill();
  }

  private boolean endsWithin(long nanos) throws InterruptedException {
    try {
      int unused = exit.get(nanos, TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      LOG.log(Level.DEBUG, "{0}: the child has ended, its exit status was lost", name, e);
      return true;
    }
  }
}
