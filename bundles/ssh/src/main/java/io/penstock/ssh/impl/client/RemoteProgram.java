// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.Messages;
import io.penstock.ssh.Pty;
import io.penstock.ssh.SshClientFacet;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A session's program in the words that all kinds share. */
final class RemoteProgram implements ProgramFacet, TerminalFacet {
  private static final Logger LOG = Messages.log("ssh.client");

  /** What can be asked of the program while it runs. */
  @FunctionalInterface
  private interface Telling {
    void tell() throws IOException;
  }

  private final SshClientFacet session;
  private volatile @Nullable TerminalSize size;

  RemoteProgram(SshClientFacet session) {
    this.session = session;
  }

  /** The server has granted a terminal. */
  void onTerminal(Pty pty) {
    size = new TerminalSize(pty.columns(), pty.rows(), pty.widthPixels(), pty.heightPixels());
  }

  @Override
  public Optional<ByteSource> errorSource() {
    return session.errorSource();
  }

  @Override
  public Optional<TerminalFacet> terminal() {
    return size == null ? Optional.empty() : Optional.of(this);
  }

  @Override
  public TerminalSize size() {
    return Objects.requireNonNull(size, "given when there is a terminal");
  }

  @Override
  public void resize(TerminalSize wanted) throws IOException {
    tell(
        () -> {
          TerminalSize present = size();
          Pty pty =
              Pty.defaults()
                  .withSize(
                      wanted.columns() == 0 ? present.columns() : wanted.columns(),
                      wanted.rows() == 0 ? present.rows() : wanted.rows())
                  .withPixels(wanted.widthPixels(), wanted.heightPixels());
          session.resize(pty);
          onTerminal(pty);
        });
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
}
