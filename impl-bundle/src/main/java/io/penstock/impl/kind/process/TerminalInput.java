// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.kind.support.selectable.Bounded;
import io.penstock.impl.kind.support.selectable.SelectedSink;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What is typed at a child's terminal. Its end is typed, too: the terminal's end-of-file character,
 * {@code Ctrl-D} as a rule, which a program that reads lines takes for the end; closing our side
 * would take the child's output with it.
 */
final class TerminalInput extends SelectedSink {
  private static final Logger LOG = Messages.log("process");

  private final ProviderContext context;
  private final ChildTerminal terminal;
  private final ReentrantLock typing = new ReentrantLock();

  /** Whether a line was begun: the end has to be typed twice then. */
  private boolean inLine;

  /** What of the end has not been typed. */
  private volatile ByteBuffer end = ByteBuffer.allocate(0);

  TerminalInput(ProviderContext context, ChildTerminal terminal) {
    super(context, terminal.input(), "the child has no terminal any more");
    this.context = context;
    this.terminal = terminal;
  }

  @Override
  protected int move(ByteBuffer src) throws IOException {
    int from = src.position();
    int n = Bounded.write(terminal.input(), src);
    if (n > 0) {
      byte last = src.get(from + n - 1);
      inLine = last != '\n' && last != '\r';
    }
    return n;
  }

  @Override
  protected void emptied() {
    typeEnd();
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
    try {
      if (typeSome()) {
        watch();
      }
    } catch (IOException e) {
      // No program reads it any more.
      breaks(e);
      LOG.log(Level.DEBUG, "{0}: the end of its input was not typed", context.name(), e);
    }
  }

  /** Returns whether more of the end is left. */
  private boolean typeSome() throws IOException {
    typing.lock();
    try {
      ByteBuffer rest = end;
      if (!rest.hasRemaining() || isBroken()) {
        return false;
      }
      int unused = Bounded.write(terminal.input(), rest);
      return rest.hasRemaining();
    } finally {
      typing.unlock();
    }
  }

  @Override
  public long unsent() {
    return isBroken() ? 0 : end.remaining();
  }

  @Override
  public void close() {
    // The terminal goes with the channel.
  }

  @Override
  protected void letGo() throws IOException {
    terminal.close();
  }
}
