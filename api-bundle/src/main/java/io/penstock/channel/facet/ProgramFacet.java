// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.Channel;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Offered by a channel whose peer is a program, whether a child process or a program at the other
 * end of an SSH session. {@link Channel#gone()} tells how the program ended, with an {@link
 * io.penstock.error.ExitException} unless it succeeded. Its counterpart is {@link CallerFacet}; a
 * relay between the two passes everything through. A kind that runs programs implements it. {@link
 * ProcessFacet} adds what only a child process of this machine has.
 *
 * <p>Safe for use by any thread.
 */
@ConsumerType
public interface ProgramFacet {
  /**
   * The program's standard error, where it is a separate source. A child process has one when the
   * option {@code stderr=pipe} asked for it; otherwise the child writes to our standard error.
   * While a caller waits for one output, the other is read ahead into memory, up to the option
   * {@code readAhead} (16 MiB), so that neither stalls the other. Beyond that the child waits.
   *
   * @return a second source, closed with the channel; empty otherwise
   */
  Optional<ByteSource> errorSource();

  /**
   * The program's terminal.
   *
   * @return empty if its input and output are streams only
   */
  Optional<TerminalFacet> terminal();

  /**
   * Sends the program a signal. Does nothing when it has ended.
   *
   * @param name without {@code SIG}: {@code ABRT}, {@code ALRM}, {@code FPE}, {@code HUP}, {@code
   *     ILL}, {@code INT}, {@code KILL}, {@code PIPE}, {@code QUIT}, {@code SEGV}, {@code TERM},
   *     {@code USR1} or {@code USR2}
   * @throws io.penstock.error.NotSupportedException if this kind, or this system, cannot send it
   * @throws IOException if the system, or the connection, refuses
   */
  void signal(String name) throws IOException;
}
