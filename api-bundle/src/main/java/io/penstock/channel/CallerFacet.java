// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.error.ExitException;
import io.penstock.stream.ByteSink;
import java.io.IOException;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a channel offers whose peer has asked for a program, as the client of an SSH server does:
 * the side that a relay carries standard error and the exit status to, and sizes of terminals and
 * signals from. Its counterpart is {@link ProgramFacet}. A kind that has such peers implements it.
 *
 * <p>Safe for use by any thread; no method waits. {@link Channel#gone()} of such a channel
 * completes when the peer waits for the program no more. A channel that is closed without {@link
 * #exited} says success, and one that is aborted says nothing.
 */
@ConsumerType
public interface CallerFacet {
  /**
   * What the peer has asked for. A relay opens its other side with it, by {@link
   * ChannelOptions#withProgram}.
   *
   * @return the request as it is now; chosen by the peer
   */
  ProgramRequest request();

  /**
   * Where to write what the peer shall see as standard error; made when it is first asked for, and
   * then to be ended, too.
   *
   * @return always the same, closed with the channel
   */
  ByteSink errorSink();

  /**
   * Tells the peer that the program has ended, and not with success. The channel is closed after
   * it.
   *
   * @param how {@linkplain ExitException#status() a status} or {@linkplain ExitException#signal() a
   *     signal}
   * @throws IOException if the peer cannot be told any more
   */
  void exited(ExitException how) throws IOException;

  /**
   * Names who is told when the peer's terminal changes its size.
   *
   * @param observer replaces the one before; run one at a time, on a thread of the product's
   */
  void onResize(Consumer<TerminalSize> observer);

  /**
   * Names who is told when the peer sends the program a signal.
   *
   * @param observer replaces the one before; given the name without {@code SIG}, which the peer has
   *     chosen; run one at a time, on a thread of the product's
   */
  void onSignal(Consumer<String> observer);
}
