// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.Channel;
import io.penstock.channel.TerminalSize;
import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The terminal of a program, such as a child process that was opened with the option {@code
 * pty=true}. A kind whose programs have terminals implements it, and gives it by {@link
 * ProgramFacet#terminal()} and by {@link Channel#facet}. Safe for use by any thread.
 */
@ConsumerType
public interface TerminalFacet {
  /**
   * The size of the terminal.
   *
   * @return as the system tells it, or as it was set last where the system is another machine's; 80
   *     columns and 24 rows unless an option or the caller says otherwise
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system does not tell
   */
  TerminalSize size() throws IOException;

  /**
   * Changes the size of the terminal. If the size differs, the programs in the foreground get the
   * signal {@code SIGWINCH}. The call does not wait.
   *
   * @param size a zero leaves that measure unchanged, where the kind can; more than {@link
   *     TerminalSize#MAX} counts as that
   * @throws io.penstock.error.StreamClosedException after the close
   * @throws IOException if the system, or the connection, refuses
   */
  void resize(TerminalSize size) throws IOException;
}
