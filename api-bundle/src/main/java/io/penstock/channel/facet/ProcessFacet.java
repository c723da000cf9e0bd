// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What a channel to a child process offers in addition to its input and output, and to what every
 * program offers. Safe for use by any thread.
 */
@ProviderType
public interface ProcessFacet extends ProgramFacet {
  /**
   * The process's number.
   *
   * @return as the operating system counts
   */
  long pid();

  /**
   * Waits for the exit status, with a separate limit. A close of the channel ends the wait; a
   * status that has come is told also afterwards. Parity CH-11, CH-15, CH-28.
   *
   * @param wait this call's limit
   * @return the status, 128 + n for a child ended by signal n; empty when told not to wait and it
   *     still runs
   * @throws io.penstock.error.StreamTimeoutException if the limit passes first
   * @throws io.penstock.error.StreamClosedWhileWaitingException if the channel is closed here
   *     meanwhile
   * @throws io.penstock.error.StreamClosedException if it was closed before and the child still
   *     runs, unless the call is told not to wait
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException if the child was lost
   */
  OptionalInt exitStatus(Wait wait) throws IOException;

  /** Asks the child to end (the termination signal). Does nothing when it has ended. */
  void terminate();
}
