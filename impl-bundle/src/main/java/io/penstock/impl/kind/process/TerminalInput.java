// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.socket.Bounded;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What is typed at a child's terminal. Its end is typed, too: the terminal's end-of-file character,
 * {@code Ctrl-D} as a rule, which a program that reads lines takes for the end; closing our side
 * would take the child's output with it.
 */
final class TerminalInput implements SinkDriver {
  private static final Logger LOG = System.getLogger("io.penstock");

  private final ProviderContext context;
  private final Terminal terminal;
  private final AtomicBoolean watched = new AtomicBoolean();
  private final ReentrantLock typing = new ReentrantLock();
  private volatile Runnable ready = () -> {};
  private volatile boolean full;
  private volatile @Nullable String why;

  /** Whether a line was begun: the end has to be typed twice then. */
  private boolean inLine;

  /** What of the end has not been typed. */
  private volatile ByteBuffer end = ByteBuffer.allocate(0);

  TerminalInput(ProviderContext context, Terminal terminal) {
    this.context = context;
    this.terminal = terminal;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    String reason = why;
    if (reason != null) {
      throw broken(reason);
    }
    int from = src.position();
    int want = Math.min(src.remaining(), Bounded.PIECE);
    int n;
    try {
      n = Bounded.write(terminal.input(), src);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(context.name());
    } catch (IOException e) {
      why = Failures.reason(e);
      throw broken(Failures.reason(e));
    }
    if (n > 0) {
      byte last = src.get(from + n - 1);
      inLine = last != '\n' && last != '\r';
    }
    if (n < want) {
      watch();
    }
    return n;
  }

  private void watch() {
    full = true;
    if (watched.compareAndSet(false, true)) {
      context.select(terminal.input(), SelectionKey.OP_WRITE, this::emptied);
    }
  }

  private void emptied() {
    watched.set(false);
    full = false;
    typeEnd();
    ready.run();
  }

  private BrokenPipeException broken(String reason) {
    return new BrokenPipeException(
        context.name(), "the child has no terminal any more: " + reason, 0);
  }

  @Override
  public void end() throws IOException {
    try {
      byte character = terminal.endOfFile();
      if (character != 0) {
        end = ByteBuffer.wrap(new byte[] {character, character}, 0, inLine ? 2 : 1);
      }
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(context.name());
    }
    typeEnd();
  }

  private void typeEnd() {
    boolean more;
    typing.lock();
    try {
      ByteBuffer rest = end;
      if (!rest.hasRemaining() || why != null) {
        return;
      }
      terminal.input().write(rest);
      more = rest.hasRemaining();
    } catch (IOException e) {
      // Nobody is there who would care.
      why = Failures.reason(e);
      LOG.log(Level.DEBUG, context.name() + ": the end of its input was not typed", e);
      return;
    } finally {
      typing.unlock();
    }
    if (more) {
      watch();
    }
  }

  @Override
  public long unsent() {
    return why == null ? end.remaining() : 0;
  }

  @Override
  public boolean ready() {
    return why != null || !full;
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public void close() {
    // The terminal goes with the channel.
  }

  void abort(Throwable cause) {
    why = String.valueOf(cause.getMessage());
    try {
      terminal.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, context.name() + ": the terminal could not be closed", e);
    }
    ready.run();
  }
}
