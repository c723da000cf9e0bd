// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.ProgramFacet;
import io.penstock.channel.TerminalSize;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.Messages;
import io.penstock.ssh.Pty;
import io.penstock.ssh.SshClientFacet;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;

/** A session's program in the words that all kinds share. */
final class RemoteProgram implements ProgramFacet {
  private static final Logger LOG = Messages.log("ssh.client");

  /** What can be asked of the program while it runs. */
  @FunctionalInterface
  private interface Telling {
    void tell() throws IOException;
  }

  private final SshClientFacet session;
  private volatile boolean terminal;

  RemoteProgram(SshClientFacet session) {
    this.session = session;
  }

  /** The server has granted a terminal. */
  void onTerminal() {
    terminal = true;
  }

  @Override
  public Optional<ByteSource> errorSource() {
    return session.errorSource();
  }

  @Override
  public boolean hasTerminal() {
    return terminal;
  }

  @Override
  public void resize(TerminalSize size) throws IOException {
    if (terminal) {
      tell(
          () ->
              session.resize(
                  Pty.defaults()
                      .withSize(size.columns(), size.rows())
                      .withPixels(size.widthPixels(), size.heightPixels())));
    }
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
