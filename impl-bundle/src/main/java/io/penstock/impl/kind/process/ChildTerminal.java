// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.HangUp;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.PathName;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.ProviderContext;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A terminal for a child, seen from the side of the screen. Its close is what a terminal's user
 * does by hanging up: the programs in the foreground get {@code SIGHUP}.
 */
final class ChildTerminal implements TerminalFacet, Closeable {
  private static final long UNLOCK = 0x40045431L;
  private static final long NUMBER = 0x80045430L;
  private static final long GET_SIZE = 0x5413;
  private static final long SET_SIZE = 0x5414;
  private static final long GET_MODES = 0x5401;

  /** Where {@code struct termios} has what we ask for, on the machines of {@link Linux#isHere}. */
  private static final int LOCAL_MODES = 12;

  private static final int END_OF_FILE = 17 + 4;
  private static final int CANONICAL = 2;
  private static final int MODES_BYTES = 64;

  /** Rows, columns, and two numbers that nobody uses, of 16 bits each. */
  private static final int SIZE_BYTES = 8;

  private final ProviderContext context;
  private final Adopted screen;
  private final Path path;

  private ChildTerminal(ProviderContext context, Adopted screen, Path path) {
    this.context = context;
    this.screen = screen;
    this.path = path;
  }

  /** Makes a terminal of that size. */
  static ChildTerminal open(ProviderContext context, Posix calls, int columns, int rows)
      throws IOException {
    Carrier carrier = Carrier.open(calls);
    int fd =
        PathName.open(
            calls, Path.of("/dev/ptmx"), Linux.O_RDWR | Linux.O_NONBLOCK | Linux.O_NOCTTY);
    if (fd < 0) {
      carrier.close();
      throw Linux.failure("open /dev/ptmx", fd);
    }
    Adopted screen = carrier.adopt(fd);
    try {
      ByteBuffer number = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
      ask(screen, UNLOCK, number);
      ask(screen, NUMBER, number);
      ChildTerminal terminal =
          new ChildTerminal(context, screen, Path.of("/dev/pts/" + number.getInt(0)));
      terminal.resize(TerminalSize.of(columns, rows));
      return terminal;
    } catch (IOException | RuntimeException | Error e) {
      screen.close();
      throw e;
    }
  }

  private static void ask(Adopted screen, long request, ByteBuffer memory) throws IOException {
    Posix calls = screen.calls();
    Linux.check("ioctl", calls.with(memory, at -> screen.call(fd -> calls.ioctl(fd, request, at))));
  }

  /** Watches for peers that have gone, to hang up then. */
  HangUp watch() {
    return new PeerWatch(screen.calls(), context);
  }

  /** What the child opens. */
  Path path() {
    return path;
  }

  /** What the child shows. */
  Pipe.SourceChannel output() {
    return Objects.requireNonNull(screen.input());
  }

  /** What is typed. */
  Pipe.SinkChannel input() {
    return Objects.requireNonNull(screen.output());
  }

  /**
   * What to type so that a program that reads lines finds the end.
   *
   * @return 0 where the program has its terminal in another mode, which knows no end
   */
  byte endOfFile() throws IOException {
    ByteBuffer modes = ByteBuffer.allocateDirect(MODES_BYTES).order(ByteOrder.nativeOrder());
    ask(screen, GET_MODES, modes);
    return (modes.getInt(LOCAL_MODES) & CANONICAL) == 0 ? 0 : modes.get(END_OF_FILE);
  }

  @Override
  public TerminalSize size() throws IOException {
    ByteBuffer size = memory();
    askOpen(GET_SIZE, size);
    return TerminalSize.of(
        Short.toUnsignedInt(size.getShort(2)), Short.toUnsignedInt(size.getShort(0)));
  }

  @Override
  public void resize(TerminalSize wanted) throws IOException {
    TerminalSize present = wanted.columns() == 0 || wanted.rows() == 0 ? size() : wanted;
    ByteBuffer size = memory();
    size.putShort(measure(wanted.rows(), present.rows()));
    size.putShort(measure(wanted.columns(), present.columns()));
    askOpen(SET_SIZE, size);
  }

  private static short measure(int wanted, int present) {
    return (short) (wanted == 0 ? present : Math.min(wanted, TerminalSize.MAX));
  }

  private static ByteBuffer memory() {
    return ByteBuffer.allocateDirect(SIZE_BYTES).order(ByteOrder.nativeOrder());
  }

  private void askOpen(long request, ByteBuffer memory) throws IOException {
    try {
      ask(screen, request, memory);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(context.name());
    }
  }

  @Override
  public void close() throws IOException {
    screen.close();
  }
}
