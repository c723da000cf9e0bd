// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.Messages;
import io.penstock.ssh.Pty;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A session's program in the words that all kinds share. */
final class RemoteProgram implements ProgramFacet {
  private static final Logger LOG = Messages.log("ssh.client");

  /** What can be asked of the program while it runs. */
  @FunctionalInterface
  private interface Telling {
    void tell() throws IOException;
  }

  private final SessionDriver session;
  private volatile @Nullable TerminalFacet terminal;

  RemoteProgram(SessionDriver session) {
    this.session = session;
  }

  /** The server has granted a terminal. */
  void onTerminal() {
    terminal = new RemoteTerminal();
  }

  @Override
  public Optional<ByteSource> errorSource() {
    return session.errorSource();
  }

  @Override
  public Optional<TerminalFacet> terminal() {
    return Optional.ofNullable(terminal);
  }

  @Override
  public void signal(String name) throws IOException {
    tell(() -> session.signal(name));
  }

  private static void tell(Telling telling) throws IOException {
    try {
      telling.tell();
    } catch (RequestRejectedException e) {
      // It has not begun yet, or it is over.
      LOG.log(Level.DEBUG, "nobody is there to be told", e);
    }
  }

  /** The terminal that the server has granted. */
  private final class RemoteTerminal implements TerminalFacet {
    @Override
    public TerminalSize size() throws IOException {
      session.checkOpen();
      Pty pty = session.toProgram().size();
      return new TerminalSize(pty.columns(), pty.rows(), pty.widthPixels(), pty.heightPixels());
    }

    @Override
    public void resize(TerminalSize wanted) throws IOException {
      session.checkOpen();
      tell(() -> session.resize(present -> change(present, wanted)));
    }

    private static Pty change(Pty present, TerminalSize wanted) {
      return present
          .withSize(
              measure(wanted.columns(), present.columns()), measure(wanted.rows(), present.rows()))
          .withPixels(
              wanted.widthPixels() == 0 ? present.widthPixels() : wanted.widthPixels(),
              wanted.heightPixels() == 0 ? present.heightPixels() : wanted.heightPixels());
    }

    private static int measure(int wanted, int present) {
      return wanted == 0 ? present : Math.min(wanted, TerminalSize.MAX);
    }
  }
}
