// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.error.ExitException;
import io.penstock.ssh.Pty;
import io.penstock.ssh.SshRequest;
import io.penstock.ssh.SshServerFacet;
import io.penstock.stream.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/** A client's session in the words that all kinds share. */
final class Calling implements CallerFacet {
  private final SshServerFacet session;

  Calling(SshServerFacet session) {
    this.session = session;
  }

  @Override
  public ProgramRequest request() {
    SshRequest asked = session.request();
    ByteBuffer bytes = asked.bytes();
    byte[] text = new byte[bytes.remaining()];
    bytes.get(text);
    ProgramRequest.Kind kind =
        switch (asked.kind()) {
          case EXEC -> ProgramRequest.Kind.COMMAND;
          case SHELL -> ProgramRequest.Kind.SHELL;
          case SUBSYSTEM -> ProgramRequest.Kind.SUBSYSTEM;
        };
    ProgramRequest request = ProgramRequest.of(kind, text).withEnvironment(session.environment());
    Optional<Pty> pty = session.pty();
    return pty.isEmpty() ? request : request.withTerminal(pty.get().term(), size(pty.get()));
  }

  private static TerminalSize size(Pty pty) {
    return new TerminalSize(pty.columns(), pty.rows(), pty.widthPixels(), pty.heightPixels());
  }

  @Override
  public ByteSink errorSink() {
    return session.errorSink();
  }

  @Override
  public void exited(ExitException how) throws IOException {
    Optional<String> signal = how.signal();
    if (!how.stated()) {
      // A close without a status says just that.
      return;
    }
    if (signal.isPresent()) {
      session.sendExitSignal(signal.get(), how.coreDumped(), "");
    } else {
      session.sendExitStatus(how.status());
    }
  }

  @Override
  public void onResize(Consumer<TerminalSize> observer) {
    session.onResize(pty -> observer.accept(size(pty)));
  }

  @Override
  public void onSignal(Consumer<String> observer) {
    session.onSignal(observer);
  }
}
